/* One task in full: its status, time and progress at the top, then how it ended, what it runs, and when it moved. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon, emit } = utm.dom;
  const { createFacts, wordFact, momentFact, taskFact, block } = utm.facts;
  const BUSY_PAUSE = 1000;
  const CALM_PAUSE = 15000;

  /** Mounts the detail of a task; `known` is what the list says about it until the server has answered. */
  utm.mountTaskDetail = function (parent, id, known, { onTask, onError }) {
    const head = createHead(id);
    const body = createBody();
    const missing = el('p', { class: 'detail__missing', role: 'status', hidden: true });
    const root = el('section', { class: 'detail', 'aria-labelledby': 'detail-title', 'aria-busy': 'true' }, head.el, missing, body.el);
    let task = known ?? null;
    parent.replaceChildren(root);

    const poll = utm.createPoll({ read, pause: () => (task && utm.status.isActive(task) ? BUSY_PAUSE : CALM_PAUSE), onError: failed });
    const clock = setInterval(() => task && head.tick(task), 1000);

    async function read(signal) {
      const { data } = await utm.api.get(`/taskapi/tasks/${id}/`, { signal });
      if (!signal.aborted) set(data);
    }

    function set(next) {
      task = next;
      attr(root, 'aria-busy', null);
      missing.hidden = true;
      body.el.hidden = false;
      head.set(task);
      body.set(task);
      onTask(task);
    }

    function failed(error) {
      if (error.passing) return onError(error);
      poll.stop();
      text(missing, error.status === 404 ? `There is no task ${id}, or it is not yours.` : error.message);
      missing.hidden = false;
      body.el.hidden = true;
      return head.clear();
    }

    /** Takes over what the list has just learnt, and reads the rest. */
    function note(moved) {
      if (!task || task.status === moved.status) return;
      task = { ...task, ...moved };
      head.set(task);
      poll.now();
    }

    if (known) head.set(known);
    poll.start();
    return {
      note,
      focus: head.focus,
      unmount() {
        clearInterval(clock);
        poll.stop();
        root.remove();
      },
    };
  };

  function createHead(id) {
    const title = el('h2', { id: 'detail-title', class: 'detail__title', tabindex: '-1' });
    const status = utm.status.badge();
    const reason = el('span', { class: 'detail__reason' });
    const elapsed = el('span', { class: 'detail__elapsed tabular' });
    const kill = el('button', { type: 'button', class: 'button button--danger', hidden: true, onclick: () => emit(kill, 'task:kill', id) }, 'Kill');
    const progress = createProgress();
    const back = el('a', { class: 'button button--icon detail__back', href: '#/tasks', 'aria-label': 'Back to the list' }, icon('back'));
    const close = el('a', { class: 'button button--icon detail__close', href: '#/tasks', 'aria-label': 'Close' }, icon('close'));
    const root = el('header', { class: 'detail__head' },
      el('div', { class: 'detail__bar' }, back, el('span', { class: 'detail__id mono' }, `#${id}`), el('span', { class: 'detail__space' }), kill, close),
      title,
      el('div', { class: 'detail__now' }, status.el, reason, elapsed),
      progress.el);

    function set(task) {
      text(title, task.name || '(no name)');
      status.set(task.status);
      text(reason, task.reason);
      setKillable(utm.status.isActive(task));
      progress.set(task);
      tick(task);
    }

    function setKillable(is) {
      if (!is && document.activeElement === kill) title.focus({ preventScroll: true });
      kill.hidden = !is;
    }

    function clear() {
      text(title, `Task ${id}`);
      [status.el, reason, elapsed, progress.el, kill].forEach((node) => { node.hidden = true; });
    }

    const tick = (task) => text(elapsed, elapsedOf(task));
    return { el: root, set, tick, clear, focus: () => title.focus({ preventScroll: true }) };
  }

  /** How long the task has been running or has run, or has been waiting; empty until the server has told its times. */
  function elapsedOf({ status, created_at: created, started_at: started, ended_at: ended, run_at: due }) {
    if (!created) return '';
    const now = utm.api.now();
    const from = new Date(started ?? created);
    if (ended) return utm.format.duration(Math.max(0, new Date(ended) - from));
    if (status === 'pending' && due && new Date(due) > now) return `starts in ${utm.format.duration(new Date(due) - now, true)}`;
    return utm.format.duration(Math.max(0, now - from), true);
  }

  function createProgress() {
    const fill = el('span', { class: 'progress__fill' });
    const bar = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
    const words = el('span', { class: 'progress__words tabular' });

    function set({ status, progress = null, progress_text: said }) {
      const percent = progress === null ? null : Math.round(progress * 100);
      attr(bar, 'aria-valuenow', percent);
      attr(bar, 'class', `progress tone-${status}${status === 'running' && percent === null ? ' progress--unknown' : ''}`);
      fill.style.width = `${percent ?? (status === 'completed' ? 100 : 0)}%`;
      text(words, [percent === null ? '' : `${percent} %`, said].filter(Boolean).join(' · '));
    }

    return { el: el('div', { class: 'detail__progress' }, bar, words), set };
  }

  function createBody() {
    const outcome = block('Result', (task) => (task.error ? null : task.result), (task) => (utm.status.isActive(task) ? 'Not yet.' : 'None.'));
    const error = block('Error', (task) => task.error, () => '');
    const described = block('Description', (task) => task.description, () => 'None.');
    const args = block('Arguments', (task) => task.arguments, () => 'None.');
    const parts = [error, outcome, args, described, whenFacts(), howFacts()];
    error.el.classList.add('block--error');
    described.el.classList.add('block--prose');

    function set(task) {
      error.el.hidden = !task.error;
      outcome.el.hidden = Boolean(task.error);
      parts.forEach((part) => part.set(task));
    }

    return { el: el('div', { class: 'detail__body', hidden: true }, ...parts.map((part) => part.el)), set };
  }

  function whenFacts() {
    return createFacts([
      ['Created', momentFact('created_at')],
      ['Run at', momentFact('run_at')],
      ['Started', momentFact('started_at', 'created_at')],
      ['Ended', momentFact('ended_at', 'started_at')],
      ['Completed', momentFact('completed_at', 'started_at')],
      ['Updated', momentFact('updated_at')],
    ]);
  }

  function howFacts() {
    return createFacts([
      ['Program', wordFact((task) => task.program)],
      ['Attempt', wordFact((task) => `${task.attempt ?? 0} of ${task.max_attempts ?? 1}`)],
      ['Nice', wordFact((task) => task.nice)],
      ['Timeout', wordFact((task) => task.timeout)],
      ['Exit code', wordFact((task) => task.exit_code)],
      ['Worker', wordFact((task) => task.worker)],
      ['Restarted from', taskFact('restarted_from')],
    ]);
  }
})(window.utm = window.utm || {});
