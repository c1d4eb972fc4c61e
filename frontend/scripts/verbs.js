/* What is done to tasks, one or many: kill, restart, signal. Each says in a toast what happened. */
(function (utm) {
  'use strict';

  // A browser has six connections to a server, and streams take some.
  const AT_ONCE = 4;
  const KILL = { doing: 'Killing', done: 'killed' };

  /** Makes the verbs; each takes ids, and `killAll` a query besides. After `stop` nothing more is done to any task. */
  utm.createVerbs = function ({ tasks, toasts }) {
    const busy = new Set();
    const life = new AbortController();
    const { signal } = life;

    async function one(id, call, after = () => null) {
      if (busy.has(id)) return;
      busy.add(id);
      try {
        toasts.toast({ text: await call(id), action: after(id) });
      } catch (error) {
        if (!signal.aborted) toasts.toast({ text: error.message, tone: 'danger' });
      } finally {
        busy.delete(id);
      }
    }

    /** Calls for each id, a few at a time; the toast counts along and in the end says what happened. */
    async function many(ids, { doing, done, call, before = 0 }) {
      const run = { goesOn: true, good: before, failures: [] };
      const all = utm.format.count(before + ids.length, 'task');
      const stop = { label: 'Stop', run: () => { run.goesOn = false; } };
      const toast = toasts.toast({ text: `${doing} ${all}…`, action: stop, lasting: true });
      const left = await pool(ids, () => run.goesOn && !signal.aborted, async (id) => {
        await attempt(run, () => call(id));
        toast.say(`${doing} ${utm.format.number(run.good + run.failures.length)} of ${all}…`);
      });
      if (!signal.aborted) toast.done({ text: sentence(run, done, left), tone: run.good ? 'info' : 'danger' });
    }

    // A token that is no longer good is no better for the next one.
    async function attempt(run, action) {
      try {
        await action();
        run.good += 1;
      } catch (error) {
        run.failures.push(error);
        if (error.status === 401) run.goesOn = false;
      }
    }

    async function killCall(id) {
      const { data } = await utm.api.kill(id, { signal });
      tasks.put({ id, status: 'killed' });
      return data.detail;
    }

    async function restartCall(id) {
      const { data } = await utm.api.post(`/taskapi/tasks/${id}/restart/`, undefined, { signal });
      tasks.put(data);
      return `Task ${id} restarted as task ${data.id}`;
    }

    const signalCall = (name) => async (id) => {
      const { data } = await utm.api.post(`/taskapi/tasks/${id}/signal/`, { signal: name }, { signal });
      tasks.put(data);
      return `${name} sent to task ${id}`;
    };

    const verb = (words, call, after) => (ids) => (ids.length === 1 ? one(ids[0], call, after) : many(ids, { ...words, call }));
    const restart = verb({ doing: 'Restarting', done: 'restarted' }, restartCall);
    const again = (id) => ({ label: 'Restart', run: () => restart([id]) });

    /** Kills all that the query chooses, by one call, and then these. */
    async function killAll(query, ids = []) {
      const toast = toasts.toast({ text: 'Killing…', lasting: true });
      try {
        const { data } = await utm.api.killAll(query, { signal });
        if (!ids.length) return toast.done({ text: `${data.detail}.` });
        toast.remove();
        return many(ids, { ...KILL, call: killCall, before: data.killed });
      } catch (error) {
        return signal.aborted ? null : toast.done({ text: error.message, tone: 'danger' });
      }
    }

    return {
      kill: verb(KILL, killCall, again),
      restart,
      signal: (ids, name) => verb({ doing: `Sending ${name} to`, done: `got ${name}` }, signalCall(name))(ids),
      killAll,
      stop: () => life.abort(),
    };
  };

  /** Does it to each item, a few at a time, while it `goesOn`; answers how many are left. */
  async function pool(items, goesOn, action) {
    const left = [...items];
    const hand = async () => {
      while (left.length && goesOn()) await action(left.shift());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
    return left.length;
  }

  function sentence({ good, failures }, done, left) {
    const first = `${utm.format.count(good, 'task')} ${done}`;
    const rest = left ? ` Stopped before the other ${utm.format.number(left)}.` : '';
    if (!failures.length) return `${first}.${rest}`;
    return `${first}, ${utm.format.number(failures.length)} not: ${failures[0].message}${rest}`;
  }
})(window.utm = window.utm || {});
