/* The list with everything around it: tabs, search, table, what stands in its place, and what is selected. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;

  /** Mounts the list of the given tasks. */
  utm.mountTaskList = function (parent, { tasks: model, verbs, announce }) {
    const selection = utm.createSelection();
    const arrivals = utm.createArrivals({ isBusy: () => selection.size > 0 || !table.isAtTop(), onRelease: release, announce });
    const head = el('div', { class: 'list__head' });
    const wait = el('p', { class: 'list__wait' }, 'Reading the list…');
    const none = el('p', { class: 'list__none', hidden: true });
    const empty = el('div', { class: 'list__empty', hidden: true });
    const full = el('div', { class: 'list__full', hidden: true });
    const more = el('button', { type: 'button', class: 'button list__more', hidden: true, onclick: showMore }, 'Load older tasks');
    const tabs = utm.mountTabs(head);
    const search = utm.mountSearch(head, { onChange: changeFilter });
    full.append(head, tabs.meter, arrivals.el);
    parent.append(el('section', { class: 'list', 'aria-label': 'List' }, wait, empty, full));

    const table = utm.mountTaskTable(full, { selection, onSort, onTop: () => selection.size || arrivals.release() });
    full.append(none, more);
    const bulk = utm.mountBulk(full, { selection, verbs, scope });
    const first = utm.mountTaskEmpty(empty);
    let filter = utm.filter.read(new URLSearchParams());
    let all = new Map();
    let horizon = null;
    let shown = [];
    let nextIsAnother = true;

    function changeFilter(change) {
      utm.route.filter(utm.filter.write({ ...filter, ...change }));
    }

    function onSort(column) {
      changeFilter({ sort: utm.filter.nextSort(filter.sort, column) });
    }

    function setFilter(params) {
      const next = utm.filter.read(params);
      if (JSON.stringify(next) === JSON.stringify(filter)) return;
      filter = next;
      nextIsAnother = true;
      selection.clear();
      arrivals.release();
      update();
    }

    function update() {
      search.set(filter);
      tabs.set({ counts: utm.countByStatus(all), more: horizon !== null, filter });
      shown = utm.filter.apply(arrivals.without(all), filter, utm.api.now());
      table.show(shown, { sort: filter.sort, again: nextIsAnother });
      arrivals.say(filter);
      nextIsAnother = false;
      keepSelection();
      none.hidden = shown.length > 0;
      text(none, filter.q || filter.program || filter.status ? 'No task matches.' : '');
    }

    // What the list no longer shows is not selected either: nothing is done to a task that is not seen.
    function keepSelection() {
      if (!selection.size) return;
      const ids = new Set(shown.map((task) => task.id));
      selection.keep((id) => ids.has(id));
    }

    function release() {
      nextIsAnother = true;
      update();
    }

    function showMore() {
      text(more, 'Loading…');
      attr(more, 'aria-busy', 'true');
      model.showMore();
    }

    function showing(loaded, size) {
      wait.hidden = loaded;
      empty.hidden = !loaded || size > 0;
      full.hidden = !loaded || size === 0;
    }

    /** What is selected, and whether that is all that the list shows. */
    function scope() {
      const chosen = shown.filter((task) => selection.has(task.id));
      return { tasks: chosen, all: chosen.length === shown.length, filter, horizon, known: [...all.values()] };
    }

    const end = model.onChange(({ tasks, loaded, horizon: readTo }) => {
      arrivals.take(tasks);
      all = tasks;
      horizon = readTo;
      const atFirst = empty.contains(document.activeElement);
      showing(loaded, tasks.size);
      search.setPrograms(new Set([...tasks.values()].map((task) => task.program)));
      more.hidden = horizon === null;
      text(more, 'Load older tasks');
      attr(more, 'aria-busy', null);
      update();
      // The form of the first fork goes away, and would take the focus with it.
      if (atFirst && empty.hidden) table.step(0);
    });
    selection.onChange(() => {
      bulk.update();
      if (!selection.size && table.isAtTop()) arrivals.release();
    });

    return {
      setFilter,
      setOpen: table.setOpen,
      focusRow: table.focusRow,
      step: table.step,
      focusSearch: search.focus,
      release: arrivals.release,
      isShown: table.isShown,
      current: () => (table.isShown() ? all.get(table.current()) : undefined),
      focused: () => all.get(table.focused()),
      selected: () => shown.filter((task) => selection.has(task.id)),
      killSelected: bulk.kill,
      toggle: (id) => selection.toggle(id),
      clear() {
        const had = selection.size > 0;
        selection.clear();
        return had;
      },
      focusFirst: () => (empty.hidden ? table.step(0) : first.focus()),
      unmount() {
        end();
        table.unmount();
      },
    };
  };
})(window.utm = window.utm || {});
