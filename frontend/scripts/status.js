/* The five statuses: their labels, and the badge that shows one in colour, shape and word. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon, setIcon } = utm.dom;
  const LABELS = { pending: 'Pending', running: 'Running', completed: 'Completed', failed: 'Failed', killed: 'Killed' };

  /** The label of a status; one that the page does not know is shown as it came. */
  function label(status) {
    return LABELS[status] ?? status;
  }

  /** The task may still change by itself, and can be killed. */
  function isActive({ status }) {
    return status === 'pending' || status === 'running';
  }

  /** Makes a badge; `set(status)` changes it in place. */
  function badge(status) {
    const shape = icon('pending');
    const word = el('span');
    const root = el('span', { class: 'status' }, shape, word);
    const set = (next) => {
      if (root.dataset.status === next) return;
      attr(root, 'data-status', next);
      attr(root, 'class', `status tone-${next}`);
      setIcon(shape, next in LABELS ? next : 'pending');
      text(word, label(next));
    };
    if (status) set(status);
    return { el: root, set };
  }

  utm.status = { all: Object.keys(LABELS), label, isActive, badge };
})(window.utm = window.utm || {});
