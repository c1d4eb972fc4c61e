/* How a task has moved: a bar of the time that it has spent in each state, and its moves with who did them. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  const { duration } = utm.format;

  /** Makes the timeline; `set(moves, task)` shows a history, `tick(task)` lets the last part grow. */
  utm.createTimeline = function () {
    const bar = el('div', { class: 'timeline__bar', 'aria-hidden': 'true' });
    const list = el('ol', { class: 'timeline__moves' });
    const root = el('section', { class: 'block timeline', 'aria-label': 'Timeline' }, el('h3', { class: 'block__title' }, 'Timeline'), bar, list);
    const lines = new Map();
    let moves = [];

    function set(next, task) {
      moves = next;
      moves.forEach((move, index) => placeLine(move, moves[index - 1]));
      tick(task);
    }

    function placeLine(move, before) {
      if (lines.has(move.id)) return;
      const line = createLine(move, before);
      lines.set(move.id, line);
      list.append(line);
    }

    function tick(task) {
      const parts = partsOf(moves, task, utm.api.now());
      const all = parts.reduce((sum, part) => sum + part.took, 0);
      while (bar.childElementCount > parts.length) bar.lastChild.remove();
      parts.forEach((part, index) => showPart(bar.children[index] ?? bar.appendChild(el('span')), part, all));
    }

    return { el: root, set, tick, moves: () => moves };
  };

  // What took no time can still be seen, and what is long leaves room for it.
  function showPart(node, { tone, took, word }, all) {
    attr(node, 'class', `timeline__part timeline__part--${tone} tone-${tone}`);
    attr(node, 'title', `${word} ${duration(took)}`);
    node.style.flexGrow = String(Math.max(took / (all || 1), 0.01));
    text(node, took / (all || 1) > 0.18 ? `${word} ${duration(took)}` : '');
  }

  /** The states that a task has been in, one after the other: [{tone, word, took}]; an end is no state to be in. */
  function partsOf(moves, task, now) {
    const parts = moves.map((move, index) => {
      const until = moves[index + 1]?.at ?? task?.ended_at ?? null;
      const took = Math.max(0, (until ? new Date(until) : now) - new Date(move.at));
      return { took, ...stateOf(move) };
    });
    return parts.filter((part) => part.word);
  }

  function stateOf({ status, reason }) {
    if (status === 'pending') return { tone: 'pending', word: 'waiting' };
    if (status !== 'running') return { tone: status, word: '' };
    return reason === 'stopped' ? { tone: 'stopped', word: 'stopped' } : { tone: 'running', word: 'running' };
  }

  function createLine(move, before) {
    const badge = utm.status.badge(move.status);
    const at = new Date(move.at);
    const after = before ? `+${duration(Math.max(0, at - new Date(before.at)))}` : '';
    return el('li', { class: 'move' },
      badge.el,
      el('span', { class: 'move__why', title: move.request_id ? `Request ${move.request_id}` : null }, [said(move, before), move.by ? `by ${utm.format.visible(move.by)}` : ''].filter(Boolean).join(' ')),
      el('span', { class: 'move__after tabular' }, after),
      el('time', { class: 'move__at tabular', datetime: move.at, title: move.at }, utm.format.time(at)));
  }

  // A move that leaves the status as it is was a signal.
  function said({ status, reason }, before) {
    if (!before) return 'forked';
    if (status === 'running' && before.status === 'running' && !reason) return 'continued';
    if (status === 'killed' && reason === 'terminating') return '';
    return reason;
  }

  utm.timelineParts = partsOf;
})(window.utm = window.utm || {});
