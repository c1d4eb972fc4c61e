/* How the user's tasks are doing as a whole, as top(1) shows it. */
(function (utm) {
  'use strict';

  const { el, text, attr } = utm.dom;
  const { number, duration, count } = utm.format;
  const PAUSE = 2000;
  const SAMPLES = 150; // five minutes
  const ENDS = ['completed', 'failed', 'killed'];

  /** Mounts the figures, which are read every two seconds; `tasks` is the list, for those that run. */
  utm.mountTop = function (parent, { tasks }) {
    const tiles = [statusTile(), runningTile(), loadTile(), waitingTile(), endedTile()];
    const figures = el('div', { class: 'figures__tiles', hidden: true }, ...tiles.map((tile) => tile.el));
    const longest = utm.createLongest(tasks);
    const workers = utm.workers.create();
    const state = el('p', { class: 'figures__state', role: 'status' }, 'Reading…');
    const root = el('section', { class: 'figures', 'aria-labelledby': 'top-title' },
      el('h2', { id: 'top-title', class: 'visually-hidden' }, 'Top'), state, figures, longest.el, workers.el);
    const poll = utm.createPoll({ read, pause: () => (utm.live.isPaused() ? null : PAUSE), onError: failed });
    const deafen = utm.live.on('state', (state) => state !== 'paused' && poll.now());
    parent.replaceChildren(root);

    async function read(signal) {
      const { data } = await utm.api.get('/taskapi/stats/', { signal });
      if (signal.aborted) return;
      state.hidden = true;
      figures.hidden = false;
      attr(root, 'data-old', null);
      [...tiles, workers].forEach((part) => part.set(data));
    }

    // What was read last stays, and says that it is old.
    function failed(error) {
      const none = error.status === 404;
      if (none) poll.stop();
      attr(root, 'data-old', true);
      text(state, none ? 'This server has no figures; those of the list are in its tabs.' : `${error.message}.`);
      state.hidden = false;
    }

    poll.start();
    return {
      unmount() {
        deafen();
        poll.stop();
        longest.unmount();
        workers.unmount();
        root.remove();
      },
    };
  };

  /** A tile: a title, a large figure, words beside it, and what is below. */
  function tile(title, className, ...below) {
    const figure = el('span', { class: 'tile__figure tabular' });
    const beside = el('span', { class: 'tile__beside tabular' });
    const now = el('p', { class: 'tile__now' }, figure, beside);
    const root = el('section', { class: `tile ${className}`, 'aria-label': title }, el('h3', { class: 'tile__title' }, title), now, ...below);
    const say = (large, small) => {
      text(figure, large);
      text(beside, small);
    };
    return { el: root, say };
  }

  function statusTile() {
    const bar = utm.chart.createParts({ label: 'Tasks by status' });
    const legend = utm.status.all.map((status) => {
      const value = el('span', { class: 'legend__value tabular' });
      const link = el('a', { class: 'legend__item', href: `#/tasks?status=${status}` }, utm.status.badge(status).el, value);
      return { el: el('li', {}, link), status, set: (figure) => text(value, number(figure)) };
    });
    const { el: root, say } = tile('All tasks', 'tile--wide', bar.el, el('ul', { class: 'legend' }, ...legend.map((item) => item.el)));

    function set({ status: counts = {} }) {
      const figures = utm.status.all.map((status) => ({ tone: status, label: utm.status.label(status).toLowerCase(), value: counts[status] ?? 0 }));
      say(number(figures.reduce((sum, { value }) => sum + value, 0)), '');
      bar.set(figures);
      legend.forEach((item, index) => item.set(figures[index].value));
    }

    return { el: root, set };
  }

  function runningTile() {
    const bar = utm.chart.createParts({ label: 'Running' });
    const { el: root, say } = tile('Running', '', bar.el);

    function set({ status = {}, slots }) {
      const running = status.running ?? 0;
      say(number(running), slots ? `of ${number(slots)} slots` : '');
      bar.set([{ tone: 'running', label: 'running', value: Math.min(running, slots ?? running) }], slots ?? Math.max(running, 1));
    }

    return { el: root, set };
  }

  function loadTile() {
    const line = utm.chart.createLine({ label: 'Load since this page was opened', tone: 'running' });
    const { el: root, say } = tile('Load', '', line.el);
    const sample = createSamples();

    function set({ load }) {
      root.hidden = !load;
      if (!load) return;
      const means = ['1', '5', '15'].map((minutes) => one(load[minutes]));
      say(one(load.now), `${means.join('  ')}  in 1, 5, 15 min`);
      line.set(sample(load.now ?? 0), 1, `now ${one(load.now)}, ${means[0]} in one minute, ${means[1]} in five, ${means[2]} in fifteen`);
    }

    return { el: root, set };
  }

  /** A function that remembers what it is given, and answers the last of it: two at least, for a line. */
  function createSamples() {
    const samples = [];
    return (value) => {
      samples.push(value, ...(samples.length ? [] : [value]));
      if (samples.length > SAMPLES) samples.shift();
      return samples;
    };
  }

  const one = (value) => (value === null || value === undefined ? '—' : Number.isInteger(value) ? number(value) : value.toFixed(value < 10 ? 2 : 1));

  function waitingTile() {
    const line = utm.chart.createLine({ label: 'Waiting since this page was opened', tone: 'pending' });
    const { el: root, say } = tile('Waiting', '', line.el);
    const sample = createSamples();

    function set({ waiting }) {
      root.hidden = !waiting;
      if (!waiting) return;
      const oldest = waiting.oldest === null ? 'none waits' : `the longest for ${duration(waiting.oldest * 1000, true)}`;
      say(number(waiting.tasks), oldest);
      line.set(sample(waiting.tasks), 1, `${count(waiting.tasks, 'task')}, ${oldest}`);
    }

    return { el: root, set };
  }

  function endedTile() {
    const series = ENDS.map((key) => ({ key, tone: key, label: utm.status.label(key) }));
    const bars = utm.chart.createBars({ label: 'Ended in each minute of the last hour', head: 'Minute', series });
    const { el: root, say } = tile('Ended in the last hour', 'tile--wide', bars.el);

    function set({ ended }) {
      root.hidden = !ended?.length;
      if (!ended?.length) return;
      const sums = ENDS.map((key) => ended.reduce((sum, minute) => sum + (minute[key] ?? 0), 0));
      say(number(sums.reduce((all, sum) => all + sum, 0)), ENDS.map((key, index) => `${number(sums[index])} ${key}`).join(', '));
      bars.set(ended.map(rowOf));
    }

    return { el: root, set };
  }

  const shortTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

  function rowOf(minute) {
    const counts = Object.fromEntries(ENDS.map((key) => [key, minute[key] ?? 0]));
    return { label: shortTime.format(new Date(minute.minute)), ...counts };
  }
})(window.utm = window.utm || {});
