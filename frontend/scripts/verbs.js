/* What is done to tasks, one or many: kill, restart, signal. Each says in a toast what happened. */
(function (utm) {
  'use strict';

  // A browser has six connections to a server, and streams take some.
  const AT_ONCE = 4;

  /** Makes the verbs; each takes ids, and `killAll` the filter of the list as a query. */
  utm.createVerbs = function ({ tasks, toasts }) {
    const busy = new Set();

    async function one(id, call, after = () => null) {
      if (busy.has(id)) return;
      busy.add(id);
      try {
        toasts.toast({ text: await call(id), action: after(id) });
      } catch (error) {
        toasts.toast({ text: error.message, tone: 'danger' });
      } finally {
        busy.delete(id);
      }
    }

    /** Calls for each id, a few at a time; the toast counts along and in the end says what happened. */
    async function many(ids, { doing, done, call }) {
      const toast = toasts.toast({ text: `${doing} ${utm.format.count(ids.length, 'task')}…`, lasting: true });
      const failures = [];
      let good = 0;
      await pool(ids, async (id) => {
        try {
          await call(id);
          good += 1;
        } catch (error) {
          failures.push(error);
        }
        toast.say(`${doing} ${utm.format.number(good + failures.length)} of ${utm.format.count(ids.length, 'task')}…`);
      });
      toast.done({ text: sentence(good, done, failures), tone: good ? 'info' : 'danger' });
    }

    async function killCall(id) {
      const { data } = await utm.api.kill(id);
      tasks.put({ id, status: 'killed' });
      return data.detail;
    }

    async function restartCall(id) {
      const { data } = await utm.api.post(`/taskapi/tasks/${id}/restart/`);
      tasks.put(data);
      return `Task ${id} restarted as task ${data.id}`;
    }

    const signalCall = (signal) => async (id) => {
      const { data } = await utm.api.post(`/taskapi/tasks/${id}/signal/`, { signal });
      tasks.put(data);
      return `${signal} sent to task ${id}`;
    };

    const verb = (doing, done, call, after) => (ids) => (ids.length === 1 ? one(ids[0], call, after) : many(ids, { doing, done, call }));
    const restart = verb('Restarting', 'restarted', restartCall);
    const again = (id) => ({ label: 'Restart', run: () => restart([id]) });

    async function killAll(query) {
      const toast = toasts.toast({ text: 'Killing…', lasting: true });
      try {
        const { data } = await utm.api.killAll(query);
        toast.done({ text: data.detail });
      } catch (error) {
        toast.done({ text: error.message, tone: 'danger' });
      }
    }

    return {
      kill: verb('Killing', 'killed', killCall, again),
      restart,
      signal: (ids, signal) => verb(`Sending ${signal} to`, `got ${signal}`, signalCall(signal))(ids),
      killAll,
    };
  };

  async function pool(items, action) {
    const left = [...items];
    const hand = async () => {
      while (left.length) await action(left.shift());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
  }

  function sentence(good, done, failures) {
    const first = `${utm.format.count(good, 'task')} ${done}`;
    if (!failures.length) return `${first}.`;
    return `${first}, ${utm.format.number(failures.length)} not: ${failures[0].message}`;
  }
})(window.utm = window.utm || {});
