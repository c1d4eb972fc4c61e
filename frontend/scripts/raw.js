/* The parts of a detail that are for scripts: the task as JSON, and what to type in a shell. Made when they are opened. */
(function (utm) {
  'use strict';

  const { el, text, emit } = utm.dom;

  /** Makes the part "JSON"; `set(task)` while it is open shows the task as the server tells it. */
  utm.createRaw = function () {
    const code = el('code');
    const copy = el('button', { type: 'button', class: 'button button--small', onclick: onCopy }, 'Copy');
    const pre = el('pre', { class: 'block__content', tabindex: '0', role: 'region', 'aria-label': 'The task as JSON' }, code);
    const root = el('details', { class: 'fold', ontoggle: show }, el('summary', {}, 'JSON'), el('div', { class: 'fold__body' }, pre, copy));
    let task = null;

    function set(next) {
      task = next;
      show();
    }

    function show() {
      if (root.open && task) text(code, utm.format.visible(JSON.stringify(task, null, 2)));
    }

    async function onCopy() {
      const done = await utm.toClipboard(JSON.stringify(task, null, 2));
      emit(root, 'toast', { text: done ? 'JSON copied' : 'Select and copy it' });
    }

    return { el: root, set };
  };

  /** Makes the part "Shell": curl lines for this task. */
  utm.createShell = function (id) {
    const body = el('div', { class: 'fold__body' });
    const root = el('details', { class: 'fold', ontoggle: show }, el('summary', {}, 'Shell'), body);
    let task = null;

    function show() {
      if (root.open && task && !body.childElementCount) body.append(...linesFor(id, task).map(block));
    }

    return { el: root, set: (next) => { task = next; show(); } };
  };

  function linesFor(id, task) {
    const path = `/taskapi/tasks/${id}/`;
    return [
      ['ps', 'GET', path],
      ['wait', 'GET', `${path}?wait=30`],
      ['tail -f', 'GET', `${path}output/?follow=1`, { flags: 'N' }],
      ['kill', 'DELETE', path],
      ['fork', 'POST', '/taskapi/tasks/', { body: utm.forkBody(task) }],
    ];
  }

  function block([title, method, path, options = {}]) {
    const shown = utm.curl(method, path, options);
    return utm.createCopyBlock({ title, verb: true, shown, copied: () => utm.curl(method, path, { ...options, token: utm.session.token() }) });
  }

  /** What to POST for a task like this one. */
  utm.forkBody = function ({ name, description, program, arguments: args, nice, timeout, max_attempts: attempts, notify_url: notify }) {
    const body = { name, description, program, arguments: args, nice, timeout, max_attempts: attempts, notify_url: notify };
    const usual = { description: '', nice: 0, timeout: null, max_attempts: 1, notify_url: '' };
    return Object.fromEntries(Object.entries(body).filter(([key, value]) => value !== undefined && !(key in usual && usual[key] === value)));
  };
})(window.utm = window.utm || {});
