/* The user's tasks as the page knows them: the list, read once, and then kept fresh by the event stream or by a poll. */
(function (utm) {
  'use strict';

  const PATH = '/taskapi/tasks/';
  // All that a row shows. A result can be large, so it is not among them.
  const FIELDS = [
    'id', 'name', 'description', 'status', 'reason', 'program', 'arguments', 'nice', 'progress', 'progress_text', 'exit_code',
    'run_at', 'created_at', 'updated_at', 'started_at', 'ended_at',
  ];
  const LIST = `${PATH}?fields=${FIELDS}`;
  const STEP = 10; // pages of a thousand
  const TELL = 100;
  const FILL = 300;
  const FEW = 20; // so many are asked for one by one
  const BUSY_PAUSE = 1500;
  const CALM_PAUSE = 4000;

  /**
   * Makes the model of the list. Listeners get {tasks, moves, loaded, horizon}: `moves` are the tasks whose status has
   * changed since the last time, `horizon` is when the last one of the pages was made if there are older ones, or null.
   */
  utm.createTasks = function ({ onError, onSuccess }) {
    const listeners = new Set();
    const bare = new Set(); // known from the stream only, which does not say all
    let tasks = new Map();
    let moves = new Map();
    let pages = STEP;
    let horizon = null;
    let loaded = false;
    const life = new AbortController();
    let filling = null;
    let heard = new Set(); // since the reading of the list began
    const tell = utm.throttle(TELL, () => {
      const moved = [...moves.values()];
      moves = new Map();
      listeners.forEach((listener) => listener({ tasks, moves: moved, loaded, horizon }));
    });
    const poll = utm.createPoll({ read, pause, onError, onSuccess: succeeded });

    async function read(signal) {
      const fresh = new Map();
      let path = LIST;
      let first = false;
      let end = null;
      heard = new Set();
      for (let page = 0; page < pages && path; page += 1) {
        const { data, headers } = await utm.api.get(path, { signal });
        data.forEach((task) => fresh.set(task.id, latest(tasks.get(task.id), task)));
        path = utm.api.nextPath(PATH, headers);
        // The first time, each page is shown as it comes.
        end = path && moment(data.at(-1).created_at);
        if (path && (page === 0 ? !loaded : first)) first = show(fresh, end);
      }
      show(fresh, end);
    }

    // The stream may have told more than the pages, which were read before.
    function show(fresh, end) {
      heard.forEach((id) => fresh.set(id, latest(fresh.get(id), tasks.get(id))));
      if (loaded) fresh.forEach((task, id) => noteMove(tasks.get(id), task));
      tasks = new Map(fresh);
      horizon = end;
      loaded = true;
      tell();
      return true;
    }

    // While the stream is open nothing needs to be asked. Many pages cost as many calls: ask less often.
    function pause() {
      if (utm.live.state() !== 'polling') return null;
      const busy = [...tasks.values()].some(utm.status.isActive);
      return (busy ? BUSY_PAUSE : CALM_PAUSE) * Math.ceil(tasks.size / 1000 || 1);
    }

    /** Takes over what an answer or the stream has said about a task; it may be a part. */
    function put(task) {
      const known = tasks.get(task.id);
      if (!known && !task.status) return;
      const merged = latest(known, task);
      noteMove(known, merged);
      heard.add(task.id);
      tasks.set(task.id, merged);
      if (merged.arguments === undefined) lack(task.id);
      tell();
    }

    function noteMove(before, after) {
      if (before && before.status !== after.status) moves.set(after.id, after);
    }

    function lack(id) {
      bare.add(id);
      filling ??= setTimeout(fill, FILL);
    }

    async function fill() {
      const wanted = new Set(bare);
      bare.clear();
      try {
        if (wanted.size > FEW) await fillByPages(wanted);
        for (const id of [...wanted].slice(0, FEW)) await fillOne(id);
      } catch {
        // The rows stay without their arguments until the list is read again.
      }
      filling = bare.size && !life.signal.aborted ? setTimeout(fill, FILL) : null;
    }

    // Many are mostly the newest. One that is older than the list has been read is not worth the pages between.
    async function fillByPages(wanted) {
      const oldest = Math.max(horizon ?? 0, Math.min(...Array.from(wanted, (id) => tasks.get(id)?.created ?? Infinity)));
      let path = `${LIST}&limit=1000`;
      while (wanted.size && path) {
        const { data, headers } = await utm.api.get(path, { signal: life.signal });
        data.forEach((task) => wanted.delete(task.id) && complete(task));
        tell();
        path = moment(data.at(-1)?.created_at) >= oldest ? utm.api.nextPath(PATH, headers) : null;
      }
    }

    async function fillOne(id) {
      try {
        const { data } = await utm.api.get(`${PATH}${id}/`, { signal: life.signal });
        complete(data);
        tell();
      } catch (error) {
        if (error.status !== 404) throw error;
      }
    }

    function complete(task) {
      tasks.set(task.id, latest(tasks.get(task.id), task));
    }

    function showMore() {
      pages += STEP;
      poll.now();
    }

    // What is wrong may be only the stream: if the list can be read, it is polled.
    function succeeded() {
      onSuccess();
      utm.live.doWithout();
    }

    function follow(state) {
      if (state === 'polling') poll.ask();
      else if (state === 'paused') poll.rest();
    }

    const ends = [
      utm.live.on('ready', poll.now),
      utm.live.on('reset', poll.now),
      utm.live.on('task', put),
      utm.live.on('state', follow),
      utm.live.on('trouble', ({ again }) => again && poll.ask()),
    ];

    function stop() {
      ends.forEach((end) => end());
      clearTimeout(filling);
      life.abort();
      tell.cancel();
      poll.stop();
    }

    return {
      put,
      showMore,
      stop,
      start: poll.start,
      refresh: poll.now,
      get: (id) => tasks.get(id),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  };

  /** What is known of a task after something more has been heard, which may be older than what is known. */
  function latest(known, heard) {
    const older = known?.updated_at && heard.updated_at && heard.updated_at < known.updated_at;
    return rowOf(older ? { ...heard, ...known } : { ...known, ...heard });
  }

  const moment = (iso) => (iso ? Date.parse(iso) : null);

  // Kept beside the fields: what sorting, searching and ticking ask for again and again.
  function rowOf(task) {
    const fields = Object.fromEntries(FIELDS.filter((name) => task[name] !== undefined).map((name) => [name, task[name]]));
    const args = task.arguments === undefined ? '' : utm.format.args(task.arguments);
    return {
      ...fields,
      args,
      text: `${task.name}\n${task.description ?? ''}\n${task.program}\n${args}`.toLowerCase(),
      created: moment(task.created_at),
      started: moment(task.started_at),
      ended: moment(task.ended_at),
    };
  }

  /** Makes a function that calls `action` soon after each call, but no more often than every `ms`. */
  utm.throttle = function (ms, action) {
    let timer = null;
    let last = 0;
    const run = () => {
      timer = null;
      last = Date.now();
      action();
    };
    const throttled = () => { timer ??= setTimeout(run, Math.max(0, last + ms - Date.now())); };
    return Object.assign(throttled, { cancel: () => clearTimeout(timer) });
  };
})(window.utm = window.utm || {});
