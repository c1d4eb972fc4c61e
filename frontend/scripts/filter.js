/* Which tasks the list shows, in which order: the filter of the address, applied to what the page knows. */
(function (utm) {
  'use strict';

  const NEWEST = '-id';
  const ORDER = ['running', 'pending', 'failed', 'killed', 'completed'];
  const KEYS = {
    id: (task) => task.id,
    name: (task) => task.name,
    program: (task) => `${task.program} ${task.args ?? ''}`,
    status: (task) => ORDER.indexOf(task.status) + (task.reason ? 0.5 : 0),
    nice: (task) => task.nice,
    progress: (task) => task.progress,
    age: (task, now) => now - task.created,
    elapsed: (task, now) => elapsedOf(task, now),
    exit: (task) => task.exit_code,
  };

  /** Reads the filter out of an address; what is not known there is left out. */
  function read(params) {
    const status = params.get('status');
    const sort = params.get('sort') ?? NEWEST;
    return {
      status: ORDER.includes(status) ? status : '',
      program: params.get('program') ?? '',
      q: params.get('q') ?? '',
      sort: Object.hasOwn(KEYS, sort.replace(/^-/, '')) ? sort : NEWEST,
    };
  }

  /** The filter as an address has it; what is as always is left out. */
  function write({ status, program, q, sort }) {
    const given = { status, program, q, sort: sort === NEWEST ? '' : sort };
    return new URLSearchParams(Object.entries(given).filter(([, value]) => value));
  }

  /** The filter as the server takes it, to choose the same tasks; the last two are the bounds of what is shown. */
  function query({ status, program, q }, { from = null, until = null } = {}) {
    const given = { status, program, q, created_after: from, created_before: until };
    return new URLSearchParams(Object.entries(given).filter(([, value]) => value));
  }

  const words = (filter) => filter.q.trim().toLowerCase();
  const chooses = (task, filter) => (!filter.status || task.status === filter.status) && (!filter.program || task.program === filter.program);

  /** Whether the list shows a task: the words may be in its name, description, program or arguments, or be its number. */
  function matches(task, filter) {
    if (!chooses(task, filter)) return false;
    const wanted = words(filter);
    return !wanted || task.text.includes(wanted) || String(task.id) === wanted.replace(/^#/, '');
  }

  /** Whether the server, given the same filter, would choose this task. It looks at name and description only. */
  function matchesThere(task, filter) {
    const wanted = words(filter);
    const inside = (value) => (value ?? '').toLowerCase().includes(wanted);
    return chooses(task, filter) && (!wanted || inside(task.name) || inside(task.description));
  }

  // Of a task that is known from the stream only, the description is not.
  const mayMatchThere = (task, filter) => matchesThere(task, task.description === undefined ? { ...filter, q: '' } : filter);

  /**
   * How to kill these tasks, which are all that match and are active: {query, ids}, where the ids are those that the
   * query does not choose. It reaches from the horizon, down to which the list has been read, to the newest of them.
   * It is null where it could choose a task that is not among them: one of those `known` that may move into the filter.
   */
  function killing(tasks, { filter, horizon, known }) {
    const near = tasks.filter((task) => task.created > (horizon ?? 0) && matchesThere(task, filter));
    const newest = near.reduce((moment, { created }) => Math.max(moment, created), 0);
    const wanted = new Set(tasks.map(({ id }) => id));
    const others = known.some((task) => !wanted.has(task.id) && utm.status.isActive(task)
      && task.created > (horizon ?? 0) && task.created <= newest && mayMatchThere(task, { ...filter, status: '' }));
    if (!near.length || others) return { query: null, ids: [...wanted] };
    near.forEach(({ id }) => wanted.delete(id));
    const bound = (moment) => new Date(moment + 1).toISOString();
    return { query: query(filter, { from: horizon === null ? null : bound(horizon), until: bound(newest) }), ids: [...wanted] };
  }

  /** How long a task has been running, or has run, in ms; null when it never did. */
  function elapsedOf({ started, ended }, now) {
    return started === null ? null : Math.max(0, (ended ?? now) - started);
  }

  /** The tasks that match, in order. What has no value comes last, either way; equals are newest first. */
  function apply(tasks, filter, now = Date.now()) {
    const key = KEYS[filter.sort.replace(/^-/, '')];
    const way = filter.sort.startsWith('-') ? -1 : 1;
    const keyed = [];
    for (const task of tasks) if (matches(task, filter)) keyed.push([key(task, now) ?? null, task]);
    keyed.sort(([a, one], [b, other]) => compare(a, b, way) || other.id - one.id);
    return keyed.map(([, task]) => task);
  }

  function compare(a, b, way) {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    return way * (typeof a === 'string' ? a.localeCompare(b) : a - b);
  }

  /** The order after a press on the title of a column: numbers begin with the largest. */
  function nextSort(sort, column) {
    const ascending = ['name', 'program', 'status'].includes(column);
    const [first, second] = ascending ? [column, `-${column}`] : [`-${column}`, column];
    return sort === first ? second : first;
  }

  utm.filter = { read, write, query, killing, matches, matchesThere, elapsedOf, apply, nextSort, keys: Object.keys(KEYS), newest: NEWEST };
})(window.utm = window.utm || {});
