/* One row of the list. It is made once and then changes in place. */
(function (utm) {
  'use strict';

  const { el, attr, text, emit } = utm.dom;

  /** Makes the row of a task. The roles repeat what a table says, for narrow screens lay the row out as a grid. */
  utm.createTaskRow = function (task) {
    const status = utm.status.badge();
    const link = el('a', { class: 'row__link', href: `#/tasks/${task.id}`, tabindex: '-1' });
    const kill = el('button', { type: 'button', class: 'button button--kill', tabindex: '-1', 'aria-label': `Kill task ${task.id}`, onclick: () => emit(kill, 'task:kill', task.id) }, 'Kill');
    const root = el('tr', { class: 'row', role: 'row', dataset: { taskId: task.id } },
      el('td', { role: 'cell', class: 'row__id' }, String(task.id)),
      el('td', { role: 'cell', class: 'row__status' }, status.el),
      el('th', { role: 'rowheader', scope: 'row', class: 'row__name' }, link),
      el('td', { role: 'cell', class: 'row__kill' }, kill));
    let shown = null;

    function set(next) {
      if (shown && shown.status !== next.status) flash();
      shown = next;
      status.set(next.status);
      text(link, next.name || '(no name)');
      attr(link, 'title', next.name);
      setKillable(utm.status.isActive(next));
    }

    // A button that goes away must not take the focus with it.
    function setKillable(is) {
      if (!is && document.activeElement === kill) link.focus({ preventScroll: true });
      kill.hidden = !is;
    }

    function flash() {
      root.classList.remove('row--changed');
      requestAnimationFrame(() => root.classList.add('row--changed'));
    }

    function setOpen(is) {
      attr(link, 'aria-current', is ? 'true' : null);
      root.classList.toggle('row--open', is);
    }

    // Only one row of the list is in the tab order; arrow keys walk through the others.
    function setTabbable(is) {
      attr(link, 'tabindex', is ? null : '-1');
      attr(kill, 'tabindex', is ? null : '-1');
    }

    set(task);
    return { el: root, set, setOpen, setTabbable, focus: () => link.focus(), task: () => shown };
  };
})(window.utm = window.utm || {});
