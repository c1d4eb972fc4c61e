/* What can be done with the selected tasks, all at once. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;
  const SIGNALS = [['TERM', 'ends it, with time to clean up'], ['INT', 'as Ctrl-C does'], ['KILL', 'ends it at once'], ['STOP', 'holds it'], ['CONT', 'lets it go on']];

  /** Mounts the bar. `scope()` says what is selected: {tasks, all, filter, horizon, known}. */
  utm.mountBulk = function (parent, { selection, verbs, scope }) {
    const count = el('span', { class: 'bulk__count', role: 'status' });
    const root = el('div', { class: 'bulk', role: 'toolbar', 'aria-label': 'Selected tasks', hidden: true }, count,
      action('Restart', restart), action('Signal…', signal), action('Kill', kill, 'button--danger'), action('Clear', selection.clear, 'bulk__clear'));
    parent.append(root);

    function update() {
      root.hidden = selection.size === 0;
      text(count, selection.size ? `${utm.format.number(selection.size)} selected` : '');
    }

    async function kill() {
      const { tasks, ...rest } = scope();
      const active = tasks.filter(utm.status.isActive);
      const question = { title: `Kill ${utm.format.count(active.length, 'task')}?`, text: about(tasks, active), button: 'Kill', danger: true };
      if (!active.length) return utm.confirm({ ...question, title: 'Nothing to kill', button: 'OK', danger: false });
      if (!(await utm.confirm(question))) return undefined;
      const { query, ids } = rest.all ? utm.filter.killing(active, rest) : { query: null, ids: active.map(idOf) };
      selection.clear();
      return query ? verbs.killAll(query, ids) : verbs.kill(ids);
    }

    async function restart() {
      const { tasks } = scope();
      const text = 'Each is forked again, as a new task.';
      if (!(await utm.confirm({ title: `Restart ${utm.format.count(tasks.length, 'task')}?`, text, button: 'Restart' }))) return;
      selection.clear();
      verbs.restart(tasks.map(idOf));
    }

    async function signal() {
      const { tasks } = scope();
      const active = tasks.filter(utm.status.isActive);
      const question = { title: `Send a signal to ${utm.format.count(active.length, 'task')}`, text: about(tasks, active), button: 'Send', choices: SIGNALS };
      if (!active.length) return void utm.confirm({ title: 'Nothing to signal', text: about(tasks, active), button: 'OK' });
      const chosen = await utm.confirm(question);
      if (!chosen) return;
      selection.clear();
      verbs.signal(active.map(idOf), chosen);
    }

    return { update, kill };
  };

  const idOf = (task) => task.id;
  const action = (word, onclick, tone = '') => el('button', { type: 'button', class: `button ${tone}`, onclick }, word);

  function about(tasks, active) {
    const ended = tasks.length - active.length;
    if (!ended) return 'They are pending or running.';
    return `${utm.format.number(ended)} of the ${utm.format.number(tasks.length)} selected ${ended === 1 ? 'has' : 'have'} already ended.`;
  }
})(window.utm = window.utm || {});
