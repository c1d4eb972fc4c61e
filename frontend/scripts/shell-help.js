/* What stands beside the list while no task is open: the same verbs from a shell, and the keys. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const PATH = '/taskapi/tasks/';
  const LINES = [
    ['fork', 'POST', PATH, '{"name": "nap", "arguments": {"seconds": 3}}'],
    ['ls', 'GET', PATH],
    ['ps', 'GET', `${PATH}7/`],
    ['kill', 'DELETE', `${PATH}7/`],
  ];
  const KEYS = [['↑ ↓', 'walk the list'], ['Enter', 'open the task'], ['Delete', 'kill it'], ['Esc', 'close it']];

  /** Mounts the help. */
  utm.mountShellHelp = function (parent) {
    const keys = KEYS.flatMap(([key, does]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, does)]);
    parent.replaceChildren(el('section', { class: 'help', 'aria-labelledby': 'help-title' },
      el('h2', { id: 'help-title', class: 'pane__title' }, 'From a shell'),
      ...LINES.map(line),
      el('h2', { class: 'pane__title' }, 'With the keys'),
      el('dl', { class: 'keys' }, ...keys)));
  };

  function line([verb, method, path, body]) {
    return utm.createCopyBlock({
      title: verb,
      verb: true,
      shown: utm.curl(method, path, { body }),
      copied: () => utm.curl(method, path, { body, token: utm.session.token() }),
    });
  }
})(window.utm = window.utm || {});
