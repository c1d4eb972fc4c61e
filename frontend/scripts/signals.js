/* What can be done to a task: buttons for what is wanted most, and a menu of all signals and ways on. */
(function (utm) {
  'use strict';

  const { el, text, icon, emit } = utm.dom;
  const isActive = (task) => utm.status.isActive(task);
  const isStopped = (task) => task.reason === 'stopped';
  const isRunning = (task) => task.status === 'running';

  /**
   * Makes the actions on a task: `set(task)` shows those that it can take. `onTask(task)` gets what the server answers,
   * `onFork(preset)` is asked for the form that forks one like it.
   */
  utm.createActions = function (id, { onTask, onFork }) {
    let task = null;
    let busy = false;
    const kill = button('Kill', 'button--danger', () => emit(root, 'task:kill', id));
    const hold = button('Stop', '', () => signal(isStopped(task) ? 'CONT' : 'STOP'));
    const again = button('Restart', '', restart);
    const choices = items({ signal, edit, restart, forkAgain, copy });
    const menu = utm.createMenu({ label: 'More actions', content: [icon('more')], className: 'button--icon', items: choices });
    const root = el('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' }, hold, kill, again, menu.el);

    function set(next) {
      task = next;
      text(hold, isStopped(task) ? 'Continue' : 'Stop');
      show(hold, isRunning(task));
      show(kill, isActive(task));
      show(again, !isActive(task));
      menu.set(task);
    }

    // A button that goes away leaves the focus to the menu, which stays.
    function show(node, is) {
      if (!is && document.activeElement === node) menu.el.firstChild.focus({ preventScroll: true });
      node.hidden = !is;
    }

    async function attempt(call) {
      if (busy) return;
      busy = true;
      try {
        await call();
      } catch (error) {
        emit(root, 'toast', { text: error.message || Object.values(error.fields ?? {}).join(' '), tone: 'danger' });
      } finally {
        busy = false;
      }
    }

    function signal(name) {
      return attempt(async () => {
        const { data } = await utm.api.post(`/taskapi/tasks/${id}/signal/`, { signal: name });
        onTask(data);
        emit(root, 'task:changed', data);
        emit(root, 'toast', { text: `${name} sent to task ${id}` });
      });
    }

    function restart() {
      return attempt(async () => {
        const { data } = await utm.api.post(`/taskapi/tasks/${id}/restart/`);
        emit(root, 'task:forked', data);
        emit(root, 'toast', { text: `Task ${id} runs again as task ${data.id}` });
        utm.route.go('tasks', data.id);
      });
    }

    function edit(field) {
      const onSaved = (data) => {
        onTask(data);
        emit(root, 'task:changed', data);
      };
      utm.openEdit(root, task, { field, onSaved });
    }

    function forkAgain() {
      onFork(utm.forkBody(task));
    }

    async function copy(value, said) {
      const done = await utm.toClipboard(value(id, task));
      emit(root, 'toast', { text: done ? said : 'The browser does not let this page copy' });
    }

    return { el: root, set };
  };

  function button(label, className, onclick) {
    return el('button', { type: 'button', class: `button button--small ${className}`, hidden: true, onclick }, label);
  }

  function items({ signal, edit, restart, forkAgain, copy }) {
    return [
      { label: 'TERM', hint: 'ask it to end', danger: true, can: isActive, run: () => signal('TERM') },
      { label: 'INT', hint: 'as Ctrl-C does', danger: true, can: isActive, run: () => signal('INT') },
      { label: 'KILL', hint: 'end it at once', danger: true, can: isActive, run: () => signal('KILL') },
      { label: 'STOP', hint: 'hold it', can: (task) => isRunning(task) && !isStopped(task), run: () => signal('STOP') },
      { label: 'CONT', hint: 'let it go on', can: (task) => isRunning(task) && isStopped(task), run: () => signal('CONT') },
      { label: 'Renice…', apart: true, can: isActive, run: () => edit('nice') },
      { label: 'Edit…', hint: 'name, description', run: () => edit('name') },
      { label: 'Restart', hint: 'one like it, now', run: restart },
      { label: 'Fork again…', hint: 'with changes', run: forkAgain },
      { label: 'Copy as curl', apart: true, hint: 'the fork, with my token', run: () => copy(curlOf, 'Copied as curl') },
      { label: 'Copy link', run: () => copy(linkOf, 'Link copied') },
    ];
  }

  function curlOf(id, task) {
    return utm.curl('POST', '/taskapi/tasks/', { body: utm.forkBody(task), token: utm.session.token() });
  }

  // Without the filter of the list, which is the sender's.
  function linkOf(id) {
    return `${location.href.split('#')[0]}#/tasks/${id}`;
  }
})(window.utm = window.utm || {});
