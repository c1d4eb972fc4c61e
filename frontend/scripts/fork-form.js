/* The form that forks a task: the programs that the user may run, each with the arguments that its schema asks for. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon, emit } = utm.dom;
  const PROGRAMS = '/taskapi/programs/';

  /**
   * Mounts the form. `preset` is a body as the API takes it, to be filled in; without one it shows what was last in it.
   * `onForked(task)` gets the new task, `onClose()` is called when the user wants none. Without `onClose` it has no close button.
   */
  utm.mountFork = function (parent, { preset = null, onForked, onClose = null }) {
    const memory = utm.createForkMemory();
    const root = el('section', { class: 'fork', 'aria-labelledby': 'fork-title', 'aria-busy': 'true' });
    const title = el('h2', { id: 'fork-title', class: 'fork__title', tabindex: '-1' }, 'Fork a task');
    const close = onClose && el('button', { type: 'button', class: 'button button--icon', 'aria-label': 'Close', onclick: onClose }, icon('close'));
    const state = el('p', { class: 'fork__state', role: 'status' }, 'Reading the programs…');
    const poll = utm.createPoll({ read, pause: () => null, onError: (error) => text(state, `${error.message}.`) });
    let fields = null;
    let focused = false;
    root.append(el('header', { class: 'fork__head' }, title, close), state);
    parent.replaceChildren(root);

    async function read(signal) {
      const { data } = await utm.api.get(PROGRAMS, { signal });
      if (!signal.aborted && !fields) show(data);
    }

    function show(programs) {
      if (!programs.length) return showNone();
      state.remove();
      attr(root, 'aria-busy', null);
      fields = utm.createForkFields(programs, { memory, preset });
      root.append(createForm(fields, { onForked: forked }));
      if (focused) fields.focus();
      return undefined;
    }

    function showNone() {
      attr(root, 'aria-busy', null);
      text(state, 'There is no program that you may run. Who runs this server can let you.');
    }

    function forked(task) {
      memory.keep(fields.body());
      emit(root, 'task:forked', task);
      onForked?.(task);
    }

    function focus() {
      focused = true;
      if (fields) fields.focus();
      else title.focus({ preventScroll: true });
    }

    function unmount() {
      poll.stop();
      if (fields && !preset) memory.keep(fields.draft());
      root.remove();
    }

    poll.start();
    return { focus, unmount };
  };

  function createForm(fields, { onForked }) {
    const line = utm.createErrorLine();
    const submit = el('button', { type: 'submit', class: 'button button--primary' }, 'Fork');
    const clear = el('button', { type: 'button', class: 'button button--small', onclick: fields.reset }, 'Reset');
    const curl = el('button', { type: 'button', class: 'button button--small', onclick: copy }, 'Copy as curl');
    const keys = el('span', { class: 'fork__keys', 'aria-hidden': 'true' }, el('kbd', {}, 'Ctrl'), el('kbd', {}, 'Enter'));
    const foot = el('div', { class: 'fork__foot' }, submit, keys, el('span', { class: 'fork__room' }), curl, clear);
    const form = el('form', { class: 'fork__form', novalidate: true, onsubmit, onkeydown }, fields.el, line.el, foot);
    const key = createKey();
    let busy = false;
    form.addEventListener('input', line.clear);

    async function onsubmit(event) {
      event.preventDefault();
      if (busy || line.waiting()) return;
      setBusy(true);
      line.clear();
      try {
        onForked(await send());
      } catch (error) {
        showError(error);
      } finally {
        setBusy(false);
      }
    }

    // With the key, a fork whose answer got lost is not forked twice.
    async function send() {
      const body = fields.body();
      const { data } = await utm.api.post('/taskapi/tasks/', body, { headers: { 'Idempotency-Key': key(body) } });
      return data;
    }

    function showError(error) {
      if (!(error instanceof utm.ApiError)) throw error;
      const others = Object.entries(fields.setErrors(error.fields)).map(([path, message]) => `${path}: ${message}`);
      line.show([error.message, ...others].filter(Boolean).join(' '), error.retryAfter);
    }

    // Not `disabled`: that would throw the focus away.
    function setBusy(is) {
      busy = is;
      attr(submit, 'aria-disabled', is ? 'true' : null);
      attr(form, 'aria-busy', is ? 'true' : null);
    }

    function onkeydown(event) {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    }

    async function copy() {
      try {
        const line = utm.curl('POST', '/taskapi/tasks/', { body: fields.body(), token: utm.session.token() });
        emit(form, 'toast', { text: (await utm.toClipboard(line)) ? 'Copied as curl, with your token' : 'The browser does not let this page copy' });
      } catch (error) {
        showError(error);
      }
    }

    return form;
  }

  /** A function that gives the same key for the same body, and another one for another. */
  function createKey() {
    let last = '';
    let value = '';
    return (body) => {
      const text = JSON.stringify(body);
      if (text !== last) value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      last = text;
      return value;
    };
  }
})(window.utm = window.utm || {});
