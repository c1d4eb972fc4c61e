/* The help: the keys, and the same verbs from a shell. */
(function (utm) {
  'use strict';

  const { el, icon } = utm.dom;
  const PATH = '/taskapi/tasks/';
  const LINES = [
    ['fork', 'POST', PATH, '{"name": "nap", "arguments": {"seconds": 3}}'],
    ['ls', 'GET', PATH],
    ['ps', 'GET', `${PATH}7/`],
    ['tail -f', 'GET', `${PATH}7/output/?follow=1`],
    ['kill', 'DELETE', `${PATH}7/`],
  ];

  /** Mounts the help. */
  utm.mountHelp = function (parent) {
    const pane = utm.createPane('Help');
    pane.body.append(
      el('h3', { class: 'pane__part' }, 'With the keys'),
      el('dl', { class: 'keys' }, ...utm.keys.flatMap(([key, does]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, does)])),
      el('h3', { class: 'pane__part' }, 'From a shell'),
      ...LINES.map(line));
    parent.replaceChildren(pane.el);
    return { focus: pane.focus, unmount: () => pane.el.remove() };
  };

  /** Makes what stands beside the list: a title, a way to close it, and a body. */
  utm.createPane = function (title) {
    const heading = el('h2', { class: 'pane__title', tabindex: '-1', id: 'pane-title' }, title);
    const close = el('a', { class: 'button button--icon', href: utm.route.to('tasks'), 'aria-label': 'Close', title: 'Close (Esc)' }, icon('close'));
    const body = el('div', { class: 'pane__body' });
    const root = el('section', { class: 'pane', 'aria-labelledby': 'pane-title' }, el('header', { class: 'pane__head' }, heading, close), body);
    return { el: root, body, focus: () => heading.focus({ preventScroll: true }) };
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
