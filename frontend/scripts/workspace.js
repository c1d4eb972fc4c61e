/* The page of a user who is logged in: the list, what is open beside it, and what their events lead to. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;

  /** Mounts the workspace. `open(route)` shows what the address names. */
  utm.mountWorkspace = function (parent, toasts) {
    const bar = utm.mountTopBar(parent, { onSkip: () => view.focusFirst() });
    const list = el('div', { class: 'work__list' });
    const side = el('aside', { class: 'work__side', 'aria-label': 'Details', hidden: true });
    const figures = el('div', { class: 'work__top', hidden: true });
    const root = el('main', { class: 'work' }, el('h1', { class: 'visually-hidden' }, 'Tasks'), list, side, figures);
    parent.append(root);

    const banner = utm.mountBanner(document.getElementById('feedback'), { retry });
    const tasks = utm.createTasks({ onError: banner.show, onSuccess: banner.read });
    const verbs = utm.createVerbs({ tasks, toasts });
    const view = utm.mountTaskList(list, { tasks, verbs, announce: toasts.announce });
    const title = utm.createTitle(tasks);
    let shown = '';
    let part = null;
    let openId = null;

    const ends = [
      tasks.onChange(({ moves }) => toasts.announceMoves(moves)),
      utm.live.on('task', (brief) => brief.id === openId && part?.note?.(brief)),
      utm.live.on('trouble', ({ error, wait, heard }) => utm.live.state() !== 'polling' && banner.show(error, wait, heard)),
      utm.live.on('state', (state) => state === 'live' && banner.hide()),
      bar.unmount,
      utm.listenForKeys({ view, verbs, target, close }),
    ];
    root.addEventListener('task:forked', ({ detail }) => tasks.put(detail));
    root.addEventListener('task:changed', ({ detail }) => tasks.put(detail));
    root.addEventListener('task:kill', ({ detail }) => verbs.kill([detail]));
    root.addEventListener('toast', ({ detail }) => toasts.toast(detail));

    function retry() {
      utm.live.now();
      tasks.refresh();
    }

    function open(route) {
      view.setFilter(route.params);
      bar.setPage(route.page);
      const next = `${route.page}/${route.id ?? ''}`;
      if (next === shown) return;
      const before = { id: openId, part };
      shown = next;
      openId = route.page === 'tasks' ? route.id : null;
      show(route.page);
      view.setOpen(openId);
      title.setOpen(openId);
      // What was closed had the focus, most likely: it goes back to the list.
      if (!part && before.part) view.focusRow(before.id) || view.focusFirst();
    }

    function show(page) {
      part?.unmount();
      part = null;
      const inSide = openId !== null || Object.hasOwn(SIDES, page);
      figures.hidden = page !== 'top';
      list.hidden = page === 'top';
      side.hidden = !inSide;
      root.classList.toggle('work--open', inSide);
      root.classList.toggle('work--top', page === 'top');
      if (page === 'top') part = utm.mountTop(figures, { tasks });
      else if (openId !== null) part = openDetail();
      else if (Object.hasOwn(SIDES, page)) part = openSide(page);
    }

    function openSide(page) {
      const opened = SIDES[page](side, { onForked, onClose: close, toasts });
      opened.focus();
      return opened;
    }

    function openDetail() {
      const options = { onTask: tasks.put, onError: (error) => error.status === 0 && tasks.refresh(), onFork };
      const opened = utm.mountTaskDetail(side, openId, tasks.get(openId), options);
      // Where the task takes the place of the list, the focus goes with it.
      if (!list.offsetParent) opened.focus();
      return opened;
    }

    /** The task that is looked at: the open one, or else that of the row with the focus. */
    function target() {
      if (openId !== null) return tasks.get(openId);
      return utm.route.now().page === 'tasks' ? view.focused() : undefined;
    }

    function onFork(preset) {
      forkPreset = preset;
      utm.route.go('fork');
    }

    function onForked(task) {
      tasks.put(task);
      view.release();
      utm.route.go('tasks', task.id);
    }

    /** Closes what is open beside the list; false when there was nothing. */
    function close() {
      if (!part) return false;
      utm.route.go('tasks');
      return true;
    }

    function unmount() {
      verbs.stop();
      utm.live.stop();
      tasks.stop();
      part?.unmount();
      banner.remove();
      ends.forEach((end) => end());
      view.unmount();
      title.unmount();
    }

    tasks.start();
    utm.live.start();
    return { open, unmount };
  };

  // What "Fork again" of a task has filled in.
  let forkPreset = null;

  function mountForkSide(parent, { onForked, onClose }) {
    const preset = forkPreset;
    forkPreset = null;
    return utm.mountFork(parent, { preset, onForked, onClose });
  }

  const SIDES = {
    fork: mountForkSide,
    account: (parent, options) => utm.mountAccount(parent, options),
    help: (parent, options) => utm.mountHelp(parent, options),
  };
})(window.utm = window.utm || {});
