/* The table of tasks: rows keyed by id, moved and changed in place, walked with the arrow keys. */
(function (utm) {
  'use strict';

  const { el, emit } = utm.dom;

  /** Mounts the table. `update(tasks)`, `setFilter(test)` (answers how many rows it shows), `setOpen(id)`. */
  utm.mountTaskTable = function (parent) {
    const rows = new Map();
    const body = el('tbody', { role: 'rowgroup', onclick, onkeydown, onfocusin });
    let test = () => true;
    let open = null;
    let current = null;
    parent.append(el('table', { class: 'table', role: 'table', 'aria-label': 'Tasks' }, head(), body));

    function update(tasks) {
      rows.forEach((row, id) => { if (!tasks.has(id)) remove(id, row); });
      let place = body.firstChild;
      tasks.forEach((task, id) => {
        const row = rows.get(id) ?? add(task);
        row.set(task);
        row.el.hidden = !test(task);
        // A row that is where it belongs is not touched: moving it would cost it the focus.
        if (row.el === place) place = place.nextSibling;
        else body.insertBefore(row.el, place);
      });
      keepCurrent();
    }

    function add(task) {
      const row = utm.createTaskRow(task);
      row.setOpen(task.id === open);
      rows.set(task.id, row);
      return row;
    }

    function remove(id, row) {
      if (row.el.contains(document.activeElement)) step(row.el, 'nextElementSibling') || step(row.el, 'previousElementSibling');
      row.el.remove();
      rows.delete(id);
    }

    function setFilter(next) {
      test = next;
      rows.forEach((row) => { row.el.hidden = !test(row.task()); });
      keepCurrent();
      return [...rows.values()].filter((row) => !row.el.hidden).length;
    }

    function setOpen(id) {
      rows.get(open)?.setOpen(false);
      open = id;
      rows.get(open)?.setOpen(true);
      if (rows.has(open)) setCurrent(open);
    }

    function setCurrent(id) {
      rows.get(current)?.setTabbable(false);
      current = id;
      rows.get(current)?.setTabbable(true);
    }

    function keepCurrent() {
      const row = rows.get(current);
      if (row && !row.el.hidden) return;
      const first = [...body.children].find((child) => !child.hidden);
      setCurrent(first ? idOf(first) : null);
    }

    function onfocusin(event) {
      setCurrent(idOf(event.target.closest('tr')));
    }

    // The whole row opens the task, but neither its button nor the end of a text selection.
    function onclick(event) {
      const row = event.target.closest('tr');
      if (!row || event.target.closest('a, button') || String(getSelection())) return;
      location.hash = `#/tasks/${row.dataset.taskId}`;
    }

    function onkeydown(event) {
      const row = event.target.closest('tr');
      const walks = {
        ArrowDown: () => step(row, 'nextElementSibling'),
        ArrowUp: () => step(row, 'previousElementSibling'),
        Home: () => jump(body.firstElementChild, 'nextElementSibling'),
        End: () => jump(body.lastElementChild, 'previousElementSibling'),
        Delete: () => killOf(row),
      };
      if (!row || !(event.key in walks) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      walks[event.key]();
    }

    function killOf(row) {
      const id = idOf(row);
      if (utm.status.isActive(rows.get(id).task())) emit(body, 'task:kill', id);
    }

    function step(row, direction) {
      return jump(row[direction], direction);
    }

    function jump(from, direction) {
      let row = from;
      while (row && row.hidden) row = row[direction];
      if (row) rows.get(idOf(row)).focus();
      return Boolean(row);
    }

    return { update, setFilter, setOpen, focusRow: (id) => rows.get(id)?.focus() };
  };

  const idOf = (row) => Number(row.dataset.taskId);

  function head() {
    const titles = [['ID', 'row__id'], ['Status', 'row__status'], ['Name', 'row__name']];
    const cells = titles.map(([title, place]) => el('th', { role: 'columnheader', scope: 'col', class: place }, title));
    const last = el('th', { role: 'columnheader', scope: 'col', class: 'row__kill' }, el('span', { class: 'visually-hidden' }, 'Actions'));
    return el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...cells, last));
  }
})(window.utm = window.utm || {});
