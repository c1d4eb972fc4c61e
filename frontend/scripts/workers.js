/* Who runs the tasks of all users: how busy each worker is, and whether its heart beats. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon, setIcon } = utm.dom;
  const { number, age, visible } = utm.format;
  const STATES = {
    alive: { label: 'Alive', tone: 'completed' },
    silent: { label: 'Silent', tone: 'pending' },
    lost: { label: 'Lost', tone: 'failed' },
  };
  const TITLES = [['Worker'], ['Engine', 'workers__more'], ['Version', 'workers__more'], ['Busy'], ['Heartbeat'], ['State']];

  /** "2 alive, 1 lost": how many are in each state; of a single one that is alive there is nothing to say. */
  function summary(workers) {
    if (workers.length < 2 && workers.every(isAlive)) return '';
    const states = [...new Set([...Object.keys(STATES), ...workers.map(({ state }) => state)])];
    const counts = states.map((state) => [workers.filter((worker) => worker.state === state).length, state]);
    return counts.filter(([count]) => count).map(([count, state]) => `${number(count)} ${visible(state)}`).join(', ');
  }

  /** When its heart has beaten last, so many ms after the server was asked: "now", "12 s ago". */
  function heartbeat(worker, later) {
    const ago = age(worker.heartbeat_age * 1000 + Math.max(0, later));
    return ago === 'now' ? ago : `${ago} ago`;
  }

  const isAlive = ({ state }) => state === 'alive';

  /** Makes the table; `set(figures)` takes the answer of stats/, between two of which the heartbeats tick. */
  function create() {
    const head = el('tr', {}, ...TITLES.map(([title, className = null]) => el('th', { scope: 'col', class: className }, title)));
    const body = el('tbody');
    const table = el('table', { class: 'figures__table workers' }, el('thead', {}, head), body);
    const beside = el('span', { class: 'tile__beside tabular' });
    const none = el('p', { class: 'block__none' }, 'No worker is alive; tasks wait for one.');
    const title = el('div', { class: 'workers__title' }, el('h3', { class: 'tile__title' }, 'Workers'), beside);
    const root = el('section', { class: 'tile tile--list', 'aria-label': 'Workers', hidden: true }, title, table, none);
    const clock = setInterval(() => utm.live.isPaused() || tick(), 1000);
    const rows = new Map();
    let read = 0;

    function set({ workers }) {
      root.hidden = !workers;
      if (!workers) return;
      read = utm.api.now();
      place(workers);
      tick();
      text(beside, summary(workers));
      table.hidden = workers.length === 0;
      none.hidden = workers.some(isAlive);
      table.classList.toggle('workers--one', workers.length === 1 && workers.every(isAlive));
    }

    function place(workers) {
      const ids = new Set(workers.map(({ id }) => id));
      [...rows.keys()].filter((id) => !ids.has(id)).forEach(remove);
      workers.forEach((worker, index) => {
        if (!rows.has(worker.id)) rows.set(worker.id, createRow());
        const row = rows.get(worker.id);
        if (body.children[index] !== row.el) body.insertBefore(row.el, body.children[index] ?? null);
        row.set(worker);
      });
    }

    function remove(id) {
      rows.get(id).el.remove();
      rows.delete(id);
    }

    function tick() {
      rows.forEach((row) => row.tick(utm.api.now() - read));
    }

    return { el: root, set, unmount: () => clearInterval(clock) };
  }

  function createRow() {
    const name = el('th', { scope: 'row' });
    const engine = el('td', { class: 'workers__more' });
    const version = el('td', { class: 'workers__more tabular' });
    const bar = utm.chart.createParts({ label: 'Busy' });
    const taken = el('span', { class: 'workers__taken tabular' });
    const beat = el('td', { class: 'workers__beat tabular' });
    const state = createState();
    const busy = el('td', {}, el('span', { class: 'workers__busy' }, bar.el, taken));
    const root = el('tr', {}, name, engine, version, busy, beat, el('td', {}, state.el));
    let worker = null;
    attr(bar.el, 'aria-hidden', 'true'); // the figures beside it are said

    function set(next) {
      worker = next;
      attr(root, 'data-state', worker.state);
      text(name, visible(worker.name));
      attr(name, 'title', `Started ${utm.format.dateTime(new Date(worker.started_at))}`);
      text(engine, visible(worker.engine));
      text(version, visible(worker.version));
      bar.set([{ tone: 'running', label: 'running', value: Math.min(worker.busy, worker.slots) }], Math.max(1, worker.slots));
      text(taken, `${number(worker.busy)} of ${number(worker.slots)}`);
      state.set(worker.state);
    }

    return { el: root, set, tick: (later) => text(beat, heartbeat(worker, later)) };
  }

  /** A state in colour, shape and word; one that the page does not know is shown as it came. */
  function createState() {
    const shape = icon('silent');
    const word = el('span');
    const root = el('span', {}, shape, word);

    function set(state) {
      const { label, tone } = STATES[state] ?? { label: visible(state), tone: 'pending' };
      attr(root, 'class', `status tone-${tone}`);
      setIcon(shape, state in STATES ? state : 'silent');
      text(word, label);
    }

    return { el: root, set };
  }

  utm.workers = { create, summary, heartbeat };
})(window.utm = window.utm || {});
