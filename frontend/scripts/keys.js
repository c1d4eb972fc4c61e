/* The keys of the page. Inside a field or a dialog they are the field's own. */
(function (utm) {
  'use strict';

  utm.keys = [
    ['/', 'Search'],
    ['j', 'Next task'],
    ['k', 'Previous task'],
    ['Enter', 'Open the task'],
    ['x', 'Select the task'],
    ['Shift ↓', 'Select the next one, too'],
    ['n', 'Fork a task'],
    ['K', 'Kill the task, or what is selected'],
    ['?', 'This help'],
    ['Esc', 'Close, or clear the selection'],
  ];

  // These do nothing where the list is not shown.
  const OF_LIST = ['/', 'j', 'k', 'ArrowDown', 'ArrowUp', 'Enter', 'x'];
  const isField = (node) => node.closest?.('input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable]');

  /** Listens for them; `target()` is the task that is looked at. Answers a function that ends that. */
  utm.listenForKeys = function ({ view, verbs, target, close }) {
    const actions = {
      '/': view.focusSearch,
      j: () => view.step(1),
      k: () => view.step(-1),
      ArrowDown: () => view.step(1),
      ArrowUp: () => view.step(-1),
      Enter: openCurrent,
      x: () => view.current() && view.toggle(view.current().id),
      n: () => utm.route.go('fork'),
      K: kill,
      '?': () => utm.route.go('help'),
      Escape: () => (view.isShown() && view.clear()) || close(),
    };

    function openCurrent() {
      if (view.current()) utm.route.go('tasks', view.current().id);
    }

    function kill() {
      const task = target();
      if (view.isShown() && view.selected().length) view.killSelected();
      else if (task && utm.status.isActive(task)) verbs.kill([task.id]);
    }

    function onkeydown(event) {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
      if (isField(event.target)) return leaveField(event);
      if (!Object.hasOwn(actions, event.key) || isOwn(event) || (OF_LIST.includes(event.key) && !view.isShown())) return;
      event.preventDefault();
      actions[event.key]();
    }

    function leaveField({ key, target }) {
      if (key === 'Escape' && target.matches('.search__field')) target.blur();
    }

    // A button or a link does on Enter what it always does, and arrows scroll what scrolls.
    function isOwn({ key, target }) {
      if (key === 'Enter') return target.closest('a, button, summary');
      return key.startsWith('Arrow') && target !== document.body;
    }

    document.addEventListener('keydown', onkeydown);
    return () => document.removeEventListener('keydown', onkeydown);
  };
})(window.utm = window.utm || {});
