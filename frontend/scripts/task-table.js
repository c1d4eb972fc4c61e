/* The table of tasks: which row is the current one, the keys that walk from row to row, and what is selected. */
(function (utm) {
  'use strict';

  const { el, attr } = utm.dom;

  /** Mounts the table. `onSort(column)` hears which title was pressed, `onTop()` that the user is back at the top. */
  utm.mountTaskTable = function (parent, { selection, onSort, onTop }) {
    const scroller = el('div', { class: 'table__scroll', tabindex: '-1' });
    const head = utm.createTableHead({ onSort, onAll: (is) => selection.set(is ? ids() : []) });
    const rows = utm.createRowWindow({ scroller, top: () => head.el.offsetHeight, stateOf });
    const table = el('div', { class: 'table', role: 'table', 'aria-label': 'Tasks' }, head.el, rows.el);
    let tasks = [];
    let open = null;
    let current = null;
    scroller.append(table);
    parent.append(scroller);

    const ids = () => tasks.map((task) => task.id);
    const has = (id) => rows.placeOf(id) !== undefined;
    const isShown = () => scroller.offsetParent !== null;

    function stateOf({ id }) {
      return { open: id === open, selected: selection.has(id), current: id === current };
    }

    /** Shows the tasks in their order; `again` says that it is another list, which begins at its top. */
    function show(next, { sort, again }) {
      const here = again ? 0 : rows.placeOf(current) ?? 0;
      const left = !next.some(({ id }) => id === current);
      const focus = left && current !== null && rows.focusedId() === current;
      tasks = next;
      if (again) scroller.scrollTop = 0;
      // The next one takes the place of a row that goes, and its focus.
      if (left) current = tasks[Math.min(here, tasks.length - 1)]?.id ?? null;
      attr(table, 'aria-rowcount', tasks.length + 1);
      head.set({ sort, selected: selection.size, all: tasks.length });
      // In other orders a row may go far away when it changes, and the view must not follow.
      rows.show(tasks, { anchored: !again && sort === utm.filter.newest });
      if (focus) focusRow(current);
    }

    function refresh() {
      head.set({ selected: selection.size, all: tasks.length });
      rows.render();
    }

    function setOpen(id) {
      open = id;
      if (has(id)) current = id;
      refresh();
    }

    /** Goes to a row, wherever it is in the list; false if it is not there, or the list is not. */
    function focusRow(id) {
      if (!has(id) || !isShown()) return false;
      current = id;
      rows.focus(id);
      return true;
    }

    /** Goes so many rows down, or up. With nothing focused yet it begins at the current row. */
    function step(by) {
      const here = rows.placeOf(current) ?? 0;
      const to = rows.focusedId() === null ? here : Math.min(tasks.length - 1, Math.max(0, here + by));
      return tasks.length > 0 && focusRow(tasks[to].id);
    }

    const WALKS = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      PageDown: () => step(rows.rowsThatFit()),
      PageUp: () => step(-rows.rowsThatFit()),
      Home: () => step(-tasks.length),
      End: () => step(tasks.length),
    };

    function onkeydown(event) {
      if (!(event.key in WALKS) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      WALKS[event.key]();
      if (event.shiftKey) selection.reach(current, ids());
    }

    function onfocusin(event) {
      const id = utm.taskIdOf(event.target);
      if (id === current) return;
      current = id;
      refresh();
    }

    // The whole row opens the task, but neither its controls nor the end of a text selection.
    function onclick(event) {
      const id = utm.taskIdOf(event.target);
      if (event.target.matches('.row__box')) select(id, event);
      else if (id !== null && !event.target.closest('a, button') && !String(getSelection())) utm.route.go('tasks', id);
    }

    function select(id, { shiftKey, target }) {
      if (shiftKey) selection.reach(id, ids());
      else selection.toggle(id, target.checked);
    }

    rows.el.addEventListener('keydown', onkeydown);
    rows.el.addEventListener('focusin', onfocusin);
    rows.el.addEventListener('click', onclick);
    scroller.addEventListener('scroll', () => scroller.scrollTop <= 0 && onTop(), { passive: true });
    selection.onChange(refresh);

    return {
      show,
      setOpen,
      focusRow,
      step,
      isShown,
      current: () => current,
      focused: rows.focusedId,
      isAtTop: () => scroller.scrollTop <= 0,
      unmount: rows.unmount,
    };
  };
})(window.utm = window.utm || {});
