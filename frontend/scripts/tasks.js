/* The user's tasks as the page knows them: the newest pages of the list, kept fresh by a poll. */
(function (utm) {
  'use strict';

  const PATH = '/taskapi/tasks/';
  const BUSY_PAUSE = 1000;
  const CALM_PAUSE = 4000;

  /**
   * Makes the list. Listeners get {tasks, moves, loaded, more}: `moves` are the tasks whose status has changed since
   * the last time, as the server tells it; `more` says that there are older pages.
   */
  utm.createTasks = function ({ onError, onSuccess }) {
    const listeners = new Set();
    let tasks = new Map();
    let pages = 1;
    let next = null;
    let loaded = false;

    const poll = utm.createPoll({ read, pause, onError, onSuccess });

    async function read(signal) {
      const fresh = new Map();
      let path = PATH;
      for (let page = 0; page < pages && path; page += 1) {
        const { data, headers } = await utm.api.get(path, { signal });
        data.forEach((task) => fresh.set(task.id, task));
        path = utm.api.nextPath(PATH, headers);
      }
      next = path;
      replace(fresh);
    }

    // Many open pages cost as many calls: ask less often.
    function pause() {
      const busy = [...tasks.values()].some(utm.status.isActive);
      return (busy ? BUSY_PAUSE : CALM_PAUSE) * pages;
    }

    function replace(fresh) {
      const moves = loaded ? movesBetween(tasks, fresh) : [];
      tasks = fresh;
      loaded = true;
      tell(moves);
    }

    function tell(moves = []) {
      listeners.forEach((listener) => listener({ tasks, moves, loaded, more: next !== null }));
    }

    /** Puts what an answer said about one task into the list, and reads the list again. */
    function put({ id, name, status }) {
      const known = tasks.get(id);
      const task = { ...known, id, status, name: name ?? known?.name };
      if (known) tasks.set(id, task);
      else if (name !== undefined) tasks = new Map([[id, task], ...tasks]);
      tell();
      poll.now();
    }

    function showMore() {
      pages += 1;
      poll.now();
    }

    return {
      put,
      showMore,
      start: poll.start,
      stop: poll.stop,
      refresh: poll.now,
      get: (id) => tasks.get(id),
      onChange: (listener) => listeners.add(listener),
    };
  };

  function movesBetween(before, after) {
    return [...after.values()].filter(({ id, status }) => before.has(id) && before.get(id).status !== status);
  }
})(window.utm = window.utm || {});
