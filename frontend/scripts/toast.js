/* Short notices at the foot of the page, and words for screen readers only. */
(function (utm) {
  'use strict';

  const { el, text, attr, icon } = utm.dom;
  const GATHER = 1000;
  const LASTS = { info: 5000, danger: 12000 };
  const MOST = 3;

  /** Mounts the toasts into an element. `toast({text, tone, action})` shows one, `announce(words)` is heard only. */
  utm.mountToasts = function (parent) {
    const shown = el('div', { class: 'toasts', role: 'status' });
    const heard = el('div', { class: 'visually-hidden', role: 'log', 'aria-live': 'polite' });
    parent.append(shown, heard);

    /** Shows a toast. With `lasting` it stays until `done` is called on what this answers, whatever else is shown. */
    function toast({ text: words, tone = 'info', action = null, lasting = false }) {
      const line = el('span', { class: 'toast__words' }, words);
      const close = el('button', { type: 'button', class: 'button button--icon', 'aria-label': 'Dismiss', onclick: remove }, icon('close'));
      const button = action && actionButton(action, () => (lasting ? button.remove() : remove()));
      const root = el('div', { class: `toast toast--${tone}`, dataset: { lasting: String(lasting) } }, line, button, close);
      let timer = lasting ? null : setTimeout(remove, LASTS[tone]);
      close.hidden = lasting;
      makeRoom();
      shown.append(root);

      function remove() {
        clearTimeout(timer);
        root.remove();
      }

      function done({ text: last, tone: how = 'info' }) {
        text(line, last);
        button?.remove();
        close.hidden = false;
        root.dataset.lasting = 'false';
        attr(root, 'class', `toast toast--${how}`);
        timer = setTimeout(remove, LASTS[how]);
      }

      return { say: (next) => text(line, next), done, remove };
    }

    function makeRoom() {
      const passing = [...shown.children].filter((toast) => toast.dataset.lasting === 'false');
      passing.slice(0, Math.max(0, shown.childElementCount - MOST + 1)).forEach((toast) => toast.remove());
    }

    function announce(message) {
      heard.append(el('p', {}, message));
      while (heard.childElementCount > 5) heard.firstChild.remove();
    }

    return { toast, announce, announceMoves: gather(announce), clear: () => shown.replaceChildren() };
  };

  function actionButton({ label, run }, pressed) {
    const onclick = () => {
      pressed();
      run();
    };
    return el('button', { type: 'button', class: 'button button--small', onclick }, label);
  }

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
