/* The head of a detail, which stays in sight: name, outcome, progress, and what can be done. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon } = utm.dom;
  const { visible } = utm.format;

  /** Makes the head of task `id`; `set(task, moves)`, `tick()` each second, `clear()` when there is no such task. */
  utm.createDetailHead = function (id, { actions }) {
    const title = el('h2', { id: 'detail-title', class: 'detail__title', tabindex: '-1' });
    const program = el('span', { class: 'detail__program mono' });
    const outcome = createOutcome();
    const progress = createProgress();
    const number = el('span', { class: 'detail__id mono' }, `#${id}`);
    const space = el('span', { class: 'detail__space' });
    const bar = el('div', { class: 'detail__bar' }, leave('back', 'Back to the list'), number, program, space, actions.el, leave('close', 'Close'));
    const root = el('header', { class: 'detail__head' }, bar, title, outcome.el, progress.el);
    let task = null;
    let moves = [];

    function set(next, known = moves) {
      task = next;
      moves = known;
      text(title, visible(task.name) || '(no name)');
      text(program, visible(task.program));
      actions.el.hidden = false;
      progress.set(task);
      actions.set(task);
      tick();
    }

    function tick() {
      if (task) outcome.set(task, utm.outcome(task, utm.api.now(), moves));
    }

    function clear() {
      task = null;
      text(title, `Task ${id}`);
      [outcome.el, progress.el, actions.el].forEach((node) => { node.hidden = true; });
    }

    return { el: root, set, tick, clear, focus: () => title.focus({ preventScroll: true }) };
  };

  function leave(shape, label) {
    const onclick = (event) => {
      event.preventDefault();
      utm.route.go('tasks');
    };
    return el('a', { class: `button button--icon detail__${shape}`, href: '#/tasks', 'aria-label': label, title: label, onclick }, icon(shape));
  }

  // The status itself is told by the page's live region; the sentence, which ticks, would never be quiet.
  function createOutcome() {
    const status = utm.status.badge();
    const sentence = el('span', { class: 'outcome__text tabular' });
    const detail = el('span', { class: 'outcome__detail' });
    const root = el('p', { class: 'outcome' }, status.el, sentence, detail);

    function set(task, { text: said, detail: more }) {
      root.hidden = false;
      status.set(task.status);
      attr(root, 'data-reason', task.reason);
      text(sentence, said);
      text(detail, visible(more));
    }

    return { el: root, set };
  }

  function createProgress() {
    const fill = el('span', { class: 'progress__fill' });
    const bar = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
    const words = el('span', { class: 'progress__words tabular' });
    const root = el('div', { class: 'detail__progress' }, bar, words);

    function set({ status, reason, progress = null, progress_text: said }) {
      const percent = progress === null ? null : Math.round(progress * 100);
      const waits = status === 'running' && percent === null && reason !== 'stopped';
      root.hidden = percent === null && !said && status !== 'running';
      attr(bar, 'aria-valuenow', percent);
      attr(bar, 'class', `progress tone-${status}${waits ? ' progress--unknown' : ''}`);
      fill.style.width = `${percent ?? (status === 'completed' ? 100 : 0)}%`;
      text(words, [percent === null ? '' : `${percent} %`, visible(said)].filter(Boolean).join(' · '));
    }

    return { el: root, set };
  }
})(window.utm = window.utm || {});
