/* The window onto a long list: only the rows that are seen are in the document, each keyed by its task. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const AROUND = 8; // rows above and below what is seen

  /**
   * Makes the window. `scroller` is what scrolls, `top()` how much of it is covered at the top; `stateOf(task)` is how
   * its row is drawn besides. All rows are equally high, as the styles say.
   */
  utm.createRowWindow = function ({ scroller, top, stateOf }) {
    const rows = new Map();
    const probe = el('div', { class: 'table__probe' });
    const body = el('div', { class: 'table__body', role: 'rowgroup' });
    let tasks = [];
    let places = new Map();
    let height = 34;
    scroller.append(probe);

    /** Takes the tasks in their order. What is at the top of what is seen stays there, if that is wanted. */
    function show(next, { anchored }) {
      const anchor = anchored ? anchorOf() : null;
      tasks = next;
      places = new Map(tasks.map((task, index) => [task.id, index]));
      measure();
      if (anchor && places.has(anchor.id)) scroller.scrollTop = places.get(anchor.id) * height + anchor.rest;
      render();
    }

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
      if (focused < from) wanted.unshift(focused);
      if (focused >= to) wanted.push(focused);
      return wanted;
    }

    function rowOf(task) {
      const known = rows.get(task.id);
      const row = known ?? utm.createTaskRow(task);
      if (!known) rows.set(task.id, row);
      row.set(task);
      row.setState(stateOf(task));
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

    /** The id of the task whose row has the focus, or null. */
    function focusedId() {
      return body.contains(document.activeElement) ? idOf(document.activeElement) : null;
    }

    /** Goes to a row, wherever it is. */
    function focus(id) {
      reveal(places.get(id) * height);
      render();
      rows.get(id)?.focus();
    }

    function reveal(place) {
      const room = scroller.clientHeight - top();
      if (place < scroller.scrollTop) scroller.scrollTop = place;
      else if (place + height > scroller.scrollTop + room) scroller.scrollTop = place + height - room;
    }

    const sized = new ResizeObserver(() => {
      measure();
      render();
    });
    scroller.addEventListener('scroll', render, { passive: true });
    sized.observe(scroller);
    const clock = setInterval(() => rows.forEach((row) => row.tick()), 1000);

    return {
      el: body,
      show,
      render,
      focus,
      focusedId,
      placeOf: (id) => places.get(id),
      rowsThatFit: () => Math.max(1, Math.floor(scroller.clientHeight / height) - 2),
      unmount() {
        clearInterval(clock);
        sized.disconnect();
      },
    };
  };

  /** The id of the task whose row this is in, or null. */
  function idOf(node) {
    const row = node.closest('[data-task-id]');
    return row ? Number(row.dataset.taskId) : null;
  }

  utm.taskIdOf = idOf;
})(window.utm = window.utm || {});
