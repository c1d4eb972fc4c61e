/* One task in full: how it stands, what it prints, how it ended, what it runs, and how it has moved. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  const { createFacts, wordFact, momentFact, taskFact, block } = utm.facts;
  const BUSY_PAUSE = 1000;
  const LIVE_PAUSE = 10000;
  const CALM_PAUSE = 30000;

  /**
   * Mounts the detail of a task; `known` is what the list says about it until the server has answered. `onTask(task)`
   * gets what has been read, `onError(error)` what may pass by itself, `onFork(preset)` is asked for one like it.
   */
  utm.mountTaskDetail = function (parent, id, known, { onTask, onError, onFork }) {
    const actions = utm.createActions(id, { onTask: set, onFork });
    const head = utm.createDetailHead(id, { actions });
    const timeline = utm.createTimeline();
    const deliveries = utm.createDeliveries(id);
    const body = createBody(id, timeline, deliveries);
    const missing = el('p', { class: 'detail__missing', role: 'status', hidden: true });
    const root = el('section', { class: 'detail', 'aria-labelledby': 'detail-title', 'aria-busy': 'true' }, head.el, missing, body.el);
    let task = known ?? null;
    let output = null;
    let movesOf = '';
    parent.replaceChildren(root);

    const poll = utm.createPoll({ read, pause, onError: failed });
    const clock = setInterval(tick, 1000);
    const deafen = utm.live.on('state', (state) => state !== 'paused' && poll.now());

    // Paused, the page stays as it is.
    function pause() {
      if (utm.live.isPaused()) return null;
      if (!task || !(utm.status.isActive(task) || task.reason === 'terminating')) return CALM_PAUSE;
      return utm.live.state() === 'live' && task.reason !== 'terminating' ? LIVE_PAUSE : BUSY_PAUSE;
    }

    function tick() {
      head.tick();
      if (task && utm.status.isActive(task)) timeline.tick(task);
    }

    async function read(signal) {
      const { data } = await utm.api.get(`/taskapi/tasks/${id}/`, { signal });
      if (signal.aborted) return;
      set(data);
      onTask(data);
      await readMoves(data, signal);
      await deliveries.read(data, signal);
    }

    // They change with the status, the reason and the attempt, and with nothing else.
    async function readMoves({ status, reason, attempt }, signal) {
      const stand = `${status} ${reason} ${attempt}`;
      if (stand === movesOf) return;
      const { data } = await utm.api.get(`/taskapi/tasks/${id}/events/`, { signal });
      if (signal.aborted) return;
      movesOf = stand;
      timeline.set(data, task);
      head.set(task, data);
    }

    function set(next) {
      const moved = !task || task.status !== next.status || task.reason !== next.reason;
      task = { ...task, ...next };
      attr(root, 'aria-busy', null);
      missing.hidden = true;
      body.el.hidden = false;
      head.set(task);
      body.set(task);
      output ??= utm.mountOutput(body.output, id, task);
      output.note(task);
      if (moved && movesOf) poll.now();
    }

    function failed(error) {
      if (error.passing) return onError(error);
      poll.stop();
      text(missing, error.status === 404 ? `There is no task ${id}, or it is not yours.` : error.message);
      missing.hidden = false;
      body.el.hidden = true;
      return head.clear();
    }

    /** Takes over what the live stream or the list has just learnt, and reads the rest. */
    function note({ by, at, ...brief }) {
      if (!task?.created_at) return;
      const moved = ['status', 'reason'].some((name) => name in brief && brief[name] !== task[name]);
      task = { ...task, ...brief };
      head.set(task);
      output?.note(task);
      if (moved || by !== undefined) poll.now();
    }

    if (known) head.set(known);
    poll.start();
    return {
      note,
      focus: head.focus,
      unmount() {
        clearInterval(clock);
        deafen();
        poll.stop();
        output?.unmount();
        root.remove();
      },
    };
  };

  function createBody(id, timeline, deliveries) {
    const output = el('div', { class: 'detail__output' });
    // An error of one line is in the head.
    const error = block('Error', (task) => (task.error?.trim() === utm.outcome(task, 0).detail ? null : task.error));
    const described = block('Description', (task) => task.description, { prose: true });
    const result = block('Result', (task) => task.result);
    const args = utm.createArguments();
    const parts = [error, described, result, args, howFacts(deliveries), whenFacts(), utm.createRaw(), utm.createShell(id)];
    error.el.classList.add('block--error');
    const [how, when, raw, shell] = parts.slice(4);
    const facts = el('section', { class: 'detail__facts', 'aria-label': 'Facts' }, how.el, when.el);
    const folds = el('div', { class: 'folds' }, raw.el, shell.el);
    const root = el('div', { class: 'detail__body', hidden: true },
      described.el, error.el, output, result.el, args.el, timeline.el, facts, folds);
    return { el: root, output, set: (task) => parts.forEach((part) => part.set(task)) };
  }

  function whenFacts() {
    return createFacts([
      ['Created', momentFact('created_at')],
      ['Run at', momentFact('run_at', { kept: false })],
      ['Started', momentFact('started_at', { since: 'created_at' })],
      ['Ended', momentFact('ended_at', { since: 'started_at' })],
      ['Completed', momentFact('completed_at')],
      ['Updated', momentFact('updated_at')],
    ]);
  }

  function howFacts(deliveries) {
    return createFacts([
      ['Program', wordFact((task) => task.program, true)],
      ['Nice', wordFact((task) => task.nice, true)],
      ['Attempt', wordFact((task) => `${task.attempt ?? 0} of ${task.max_attempts ?? 1}`)],
      ['Timeout', wordFact((task) => (task.timeout ? utm.format.duration(task.timeout * 1000) : null))],
      ['Exit code', wordFact((task) => task.exit_code)],
      ['Worker', wordFact((task) => task.worker)],
      ['Restarted from', taskFact('restarted_from')],
      ['Notifies of', taskFact('notifies')],
      ['Notify URL', wordFact((task) => task.notify_url || null)],
      ['Deliveries', deliveries],
    ]);
  }
})(window.utm = window.utm || {});
