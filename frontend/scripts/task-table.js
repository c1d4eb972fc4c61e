/* The table of tasks. Only the rows that are seen are in the document; each is keyed by its task and changes in place. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const AROUND = 8; // rows above and below what is seen

  /**
   * Mounts the table. `show(tasks, {sort, again})` takes the tasks in order; `again` says that it is another list, which
   * begins at its top. The rest goes to rows by their ids.
   */
  utm.mountTaskTable = function (parent, { selection, onSort, onTop }) {
    const rows = new Map();
    const head = utm.createTableHead({ onSort, onAll: selectAll });
    const body = el('div', { class: 'table__body', role: 'rowgroup' });
    const table = el('div', { class: 'table', role: 'table', 'aria-label': 'Tasks' }, head.el, body);
    const probe = el('div', { class: 'table__probe' });
    const scroller = el('div', { class: 'table__scroll', tabindex: '-1' }, probe, table);
    let tasks = [];
    let places = new Map();
    let open = null;
    let current = null;
    let height = 34;
    parent.append(scroller);

    function show(next, { sort, again }) {
      const anchor = again || sort !== utm.filter.newest ? null : anchorOf();
      tasks = next;
      places = new Map(tasks.map((task, index) => [task.id, index]));
      head.set({ sort, selected: selection.size, all: tasks.length });
      table.setAttribute('aria-rowcount', tasks.length + 1);
      if (!places.has(current)) current = tasks[0]?.id ?? null;
      measure();
      if (again) scroller.scrollTop = 0;
      else if (anchor && places.has(anchor.id)) scroller.scrollTop = places.get(anchor.id) * height + anchor.rest;
      render();
    }

    // What is at the top of what is seen stays there when rows above it come or go.
    function anchorOf() {
      const index = Math.floor(scroller.scrollTop / height);
      return scroller.scrollTop > 0 && tasks[index] ? { id: tasks[index].id, rest: scroller.scrollTop - index * height } : null;
    }

    function measure() {
      height = probe.offsetHeight || height;
      body.style.height = `${tasks.length * height}px`;
    }

    function render() {
      const wanted = wantedIndexes();
      const seen = new Set(wanted.map((index) => tasks[index].id));
      rows.forEach((row, id) => seen.has(id) || remove(id, row));
      let place = body.firstChild;
      wanted.forEach((index) => {
        const row = rowOf(tasks[index]);
        place = put(row.el, place);
        row.setPlace(index, height);
      });
    }

    // The row that has the focus stays, wherever it is: else the focus would be lost.
    function wantedIndexes() {
      const from = Math.max(0, Math.floor(scroller.scrollTop / height) - AROUND);
      const to = Math.min(tasks.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + AROUND);
      const wanted = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset);
      const focused = places.get(focusedId());
      if (focused !== undefined && focused < from) wanted.unshift(focused);
      if (focused !== undefined && focused >= to) wanted.push(focused);
      return wanted;
    }

    function rowOf(task) {
      const known = rows.get(task.id);
      const row = known ?? utm.createTaskRow(task);
      if (!known) rows.set(task.id, row);
      row.set(task);
      row.setState({ open: task.id === open, selected: selection.has(task.id), current: task.id === current });
      return row;
    }

    // A row that is where it belongs is not touched, and one with the focus is not moved: either would cost the focus.
    function put(node, place) {
      if (node === place) return place.nextSibling;
      if (!node.contains(document.activeElement)) {
        body.insertBefore(node, place);
        return place;
      }
      for (let other = place; other !== node; other = place) {
        place = other.nextSibling;
        body.append(other);
      }
      return node.nextSibling;
    }

    function remove(id, row) {
      const focused = row.el.contains(document.activeElement);
      row.el.remove();
      rows.delete(id);
      if (focused) scroller.focus({ preventScroll: true });
    }

    const focusedId = () => Number(document.activeElement?.closest?.('[data-task-id]')?.dataset.taskId);

    function refresh() {
      head.set({ selected: selection.size, all: tasks.length });
      render();
    }

    function setOpen(id) {
      open = id;
      if (places.has(id)) current = id;
      refresh();
    }

    /** Goes to a row, wherever it is in the list. */
    function focusRow(id) {
      if (!places.has(id)) return false;
      current = id;
      reveal(places.get(id));
      render();
      rows.get(id).focus();
      return true;
    }

    function reveal(index) {
      const top = index * height;
      const room = scroller.clientHeight - head.el.offsetHeight;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + height > scroller.scrollTop + room) scroller.scrollTop = top + height - room;
    }

    /** Goes so many rows down, or up. With nothing focused yet it begins at the current row. */
    function step(by) {
      const here = places.get(current) ?? 0;
      const to = Number.isNaN(focusedId()) ? here : Math.min(tasks.length - 1, Math.max(0, here + by));
      return tasks.length > 0 && focusRow(tasks[to].id);
    }

    function selectAll(is) {
      selection.set(is ? tasks.map((task) => task.id) : []);
    }

    const ids = () => tasks.map((task) => task.id);

    body.addEventListener('focusin', (event) => {
      const id = idOf(event.target);
      if (id === current) return;
      current = id;
      refresh();
    });

    // The whole row opens the task, but neither its controls nor the end of a text selection.
    body.addEventListener('click', (event) => {
      const id = idOf(event.target);
      if (event.target.matches('.row__box')) return event.shiftKey ? selection.reach(id, ids()) : selection.toggle(id, event.target.checked);
      if (id === null || event.target.closest('a, button, label') || String(getSelection())) return undefined;
      return utm.route.go('tasks', id);
    });

    const page = () => Math.max(1, Math.floor(scroller.clientHeight / height) - 2);
    const WALKS = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      PageDown: () => step(page()),
      PageUp: () => step(-page()),
      Home: () => step(-tasks.length),
      End: () => step(tasks.length),
    };

    body.addEventListener('keydown', (event) => {
      if (!(event.key in WALKS) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      WALKS[event.key]();
      if (event.shiftKey) selection.reach(current, ids());
    });

    scroller.addEventListener('scroll', () => {
      render();
      if (scroller.scrollTop <= 0) onTop();
    }, { passive: true });
    const sized = new ResizeObserver(() => {
      measure();
      render();
    });
    sized.observe(scroller);
    selection.onChange(refresh);
    const clock = setInterval(() => rows.forEach((row) => row.tick()), 1000);

    return {
      show,
      setOpen,
      focusRow,
      step,
      current: () => current,
      isAtTop: () => scroller.scrollTop <= 0,
      toTop: () => { scroller.scrollTop = 0; },
      unmount() {
        clearInterval(clock);
        sized.disconnect();
      },
    };
  };

  function idOf(node) {
    const row = node.closest('[data-task-id]');
    return row ? Number(row.dataset.taskId) : null;
  }
})(window.utm = window.utm || {});
