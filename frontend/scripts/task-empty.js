/* What a new user sees in place of the list: how to fork the first task, here or from a shell. */
(function (utm) {
  'use strict';

  const { el, icon } = utm.dom;
  const PATH = '/taskapi/tasks/';
  const BODY = '{"name": "my first task", "description": "from a shell"}';

  /** Mounts the empty state. */
  utm.mountTaskEmpty = function (parent) {
    parent.append(el('div', { class: 'empty' },
      el('div', { class: 'empty__mark' }, icon('fork')),
      el('h2', {}, 'No tasks yet'),
      el('p', {}, 'Give one a name and press ', el('strong', {}, 'Fork'), '. It starts by itself, and this list follows it live.'),
      utm.createCopyBlock({
        title: 'The same from a shell',
        shown: utm.curl('POST', PATH, { body: BODY }),
        copied: () => utm.curl('POST', PATH, { body: BODY, token: utm.session.token() }),
      })));
  };
})(window.utm = window.utm || {});
