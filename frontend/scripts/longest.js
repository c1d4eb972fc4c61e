/* The tasks that have been running longest. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;
  const { visible } = utm.format;
  const MOST = 10;

  /** Makes the table from the list of tasks; its times tick. */
  utm.createLongest = function (tasks) {
    const body = el('tbody');
    const none = el('p', { class: 'block__none' }, 'Nothing runs.');
    const table = el('table', { class: 'figures__table longest' }, el('thead', {}, createHead()), body);
    const title = el('h3', { class: 'tile__title' }, 'Running longest');
    const root = el('section', { class: 'tile tile--list', 'aria-label': 'Running longest' }, title, table, none);
    const end = tasks.onChange(({ tasks: all }) => show(all));
    const clock = setInterval(tick, 1000);
    let rows = [];
    tasks.refresh();
    show(new Map());

    function show(all) {
      const running = [...all.values()].filter((task) => task.status === 'running' && task.started);
      const next = running.sort((one, other) => one.started - other.started).slice(0, MOST);
      if (next.map(({ id }) => id).join() !== rows.map(({ task }) => task.id).join()) place(next);
      table.hidden = rows.length === 0;
      none.hidden = rows.length > 0;
    }

    function place(next) {
      rows = next.map(createRow);
      body.replaceChildren(...rows.map((row) => row.el));
      tick();
    }

    function tick() {
      rows.forEach((row) => row.tick());
    }

    function unmount() {
      end();
      clearInterval(clock);
    }

    return { el: root, unmount };
  };

  function createHead() {
    const titles = [['ID'], ['Name'], ['Program'], ['Running for', 'longest__time']];
    return el('tr', {}, ...titles.map(([title, className = null]) => el('th', { scope: 'col', class: className }, title)));
  }

  function createRow(task) {
    const time = el('td', { class: 'longest__time tabular' });
    const link = el('a', { href: `#/tasks/${task.id}` }, visible(task.name) || '(no name)');
    const run = el('span', { class: 'mono' }, visible(`${task.program} ${task.args ?? ''}`));
    const root = el('tr', {}, el('td', { class: 'mono' }, String(task.id)), el('th', { scope: 'row' }, link), el('td', { class: 'longest__run' }, run), time);
    return { el: root, task, tick: () => text(time, utm.format.clock(utm.api.now() - task.started)) };
  }
})(window.utm = window.utm || {});
