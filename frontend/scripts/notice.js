/* Short notices at the foot of the page, and words for screen readers only. */
(function (utm) {
  'use strict';

  const { el, icon } = utm.dom;
  const GATHER = 1000;

  /** Mounts notices into an element. `say` shows one, `warn` one that stays longer, `announce` is heard only. */
  utm.mountNotice = function (parent) {
    const shown = el('div', { class: 'notices', role: 'status' });
    const heard = el('div', { class: 'visually-hidden', role: 'log', 'aria-live': 'polite' });
    parent.append(shown, heard);

    function show(message, kind, lasts) {
      const close = el('button', { type: 'button', class: 'button button--icon', 'aria-label': 'Dismiss', onclick: remove }, icon('close'));
      const notice = el('div', { class: `notice notice--${kind}` }, el('span', {}, message), close);
      const timer = setTimeout(remove, lasts);
      function remove() {
        clearTimeout(timer);
        notice.remove();
      }
      while (shown.childElementCount > 2) shown.firstChild.remove();
      shown.append(notice);
    }

    function announce(message) {
      heard.append(el('p', {}, message));
      while (heard.childElementCount > 5) heard.firstChild.remove();
    }

    return {
      say: (message) => show(message, 'info', 4000),
      warn: (message) => show(message, 'warning', 10000),
      clear: () => shown.replaceChildren(),
      announce,
      announceMoves: gather(announce),
    };
  };

  // A burst of moves is told in one sentence.
  function gather(announce) {
    const moved = new Map();
    let timer = null;
    const flush = () => {
      announce(sentence([...moved.values()]));
      moved.clear();
      timer = null;
    };
    return (moves) => {
      moves.forEach((task) => moved.set(task.id, task));
      if (moves.length) timer ??= setTimeout(flush, GATHER);
    };
  }

  function sentence(tasks) {
    if (tasks.length <= 3) return tasks.map((task) => `Task ${task.id} ${task.name}: ${utm.status.label(task.status)}.`).join(' ');
    const parts = utm.status.all
      .map((status) => [tasks.filter((task) => task.status === status).length, utm.status.label(status)])
      .filter(([number]) => number);
    return `${utm.format.count(tasks.length, 'task')} changed: ${parts.map((part) => part.join(' ')).join(', ')}.`;
  }
})(window.utm = window.utm || {});
