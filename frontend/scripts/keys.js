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

  const isField = (node) => node.closest?.('input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable]');

  /** Listens for them; answers a function that ends that. */
  utm.listenForKeys = function ({ view, verbs, close }) {
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
      Escape: () => view.clear() || close(),
    };

    function openCurrent() {
      if (view.current()) utm.route.go('tasks', view.current().id);
    }

    function kill() {
      const task = view.current();
      if (view.selected().length) view.killSelected();
      else if (task && utm.status.isActive(task)) verbs.kill([task.id]);
    }

    function onkeydown(event) {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
      if (isField(event.target)) return leaveField(event);
      if (!(event.key in actions) || isOwn(event)) return;
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
