/* The page of a user who is logged in: fork form, list, open task; and what their events lead to. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;

  /** Mounts the workspace. `open(id or null)` shows a task beside the list, or on narrow screens in its place. */
  utm.mountWorkspace = function (parent, notice) {
    const fork = el('div', { class: 'work__fork' });
    const list = el('div', { class: 'work__list' });
    const side = el('div', { class: 'work__side' });
    const root = el('main', { class: 'work' }, el('h1', { class: 'visually-hidden' }, 'Tasks'), fork, list, side);

    const bar = utm.mountTopBar(parent, { onLogout: logOut });
    parent.append(root);
    const banner = utm.mountBanner(document.getElementById('feedback'), { retry: () => tasks.refresh() });
    const tasks = utm.createTasks({ onError, onSuccess });
    utm.mountForkForm(fork);
    const view = utm.mountTaskList(list, tasks);
    const busy = new Set();
    let detail = null;
    let openId = null;
    let scroll = 0;

    tasks.onChange(({ tasks: all, moves }) => {
      notice.announceMoves(moves);
      if (all.has(openId)) detail?.note(all.get(openId));
      setTitle(all);
    });
    root.addEventListener('task:forked', (event) => tasks.put(event.detail));
    root.addEventListener('task:kill', (event) => kill(event.detail));
    document.addEventListener('keydown', onEscape);

    function onError(error, wait) {
      bar.setLive(false);
      banner.show(error, wait);
    }

    function onSuccess() {
      bar.setLive(true);
      banner.read();
    }

    async function kill(id) {
      if (busy.has(id)) return;
      busy.add(id);
      try {
        const { data } = await utm.api.kill(id);
        notice.say(data.detail);
        tasks.put({ id, status: 'killed' });
      } catch (error) {
        notice.warn(error.message);
        tasks.refresh();
      } finally {
        busy.delete(id);
      }
    }

    function open(id) {
      if (id === openId && (id === null) === (detail === null)) return;
      if (openId === null) scroll = window.scrollY;
      detail?.unmount();
      const before = openId;
      openId = id;
      root.classList.toggle('work--open', id !== null);
      view.setOpen(id);
      detail = id === null ? null : openDetail(id);
      if (id === null) closed(before);
      setTitle();
    }

    function openDetail(id) {
      const opened = utm.mountTaskDetail(side, id, tasks.get(id), { onTask: followDetail, onError: () => tasks.refresh() });
      // Where the task takes the place of the list, the focus goes with it.
      if (!list.offsetParent) {
        window.scrollTo(0, 0);
        opened.focus();
      }
      return opened;
    }

    function closed(before) {
      utm.mountShellHelp(side);
      window.scrollTo(0, scroll);
      if (before !== null) view.focusRow(before);
    }

    // The detail may learn of a move before the list does.
    function followDetail({ id, status }) {
      const known = tasks.get(id);
      if (known && known.status !== status) tasks.refresh();
    }

    // In a field, Escape is the field's own.
    function onEscape(event) {
      if (event.key === 'Escape' && openId !== null && !event.target.closest('input, textarea')) location.hash = '#/tasks';
    }

    async function logOut() {
      const ending = utm.api.post('/userapi/logout/').catch(() => {});
      utm.session.end('logout');
      await ending;
    }

    let running = 0;
    function setTitle(all) {
      if (all) running = [...all.values()].filter(utm.status.isActive).length;
      const parts = [openId === null ? null : `Task ${openId}`, running ? `${running} active` : null, 'UNIX Task Manager'];
      document.title = parts.filter(Boolean).join(' · ');
    }

    function unmount() {
      tasks.stop();
      detail?.unmount();
      banner.remove();
      document.removeEventListener('keydown', onEscape);
      document.title = 'UNIX Task Manager';
    }

    utm.mountShellHelp(side);
    tasks.start();
    return { open, unmount };
  };
})(window.utm = window.utm || {});
