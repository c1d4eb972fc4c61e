/* One row of the list. It is made once and then changes in place. */
(function (utm) {
  'use strict';

  const { el, attr, text, emit } = utm.dom;
  const { visible } = utm.format;

  /** Makes the row of a task. The roles say what a table says: the row is laid out as a grid, at a place of its own. */
  utm.createTaskRow = function (task) {
    const cells = utm.columns.filter((column) => column.create).map((column) => [column.key, column.create()]);
    const link = el('a', { class: 'row__link', tabindex: '-1' });
    const box = el('input', { type: 'checkbox', class: 'row__box', tabindex: '-1' });
    const kill = el('button', { type: 'button', class: 'button button--kill', tabindex: '-1', onclick: () => emit(kill, 'task:kill', shown.id) }, 'Kill');
    const places = Object.fromEntries(cells.map(([key, cell]) => [key, el('span', { role: 'cell', class: `row__cell row__${key}` }, cell.el)]));
    const root = el('div', { class: 'row', role: 'row', dataset: { taskId: task.id } },
      el('span', { role: 'cell', class: 'row__cell row__check' }, box),
      places.id,
      el('span', { role: 'rowheader', class: 'row__cell row__name' }, link),
      ...utm.columns.filter(({ key }) => key !== 'id' && key !== 'name').map(({ key }) => places[key]),
      el('span', { role: 'cell', class: 'row__cell row__kill' }, kill));
    let shown = null;

    function set(next) {
      if (next === shown) return;
      if (shown && shown.status !== next.status) flash();
      if (next.name !== shown?.name) setName(next);
      shown = next;
      cells.forEach(([, cell]) => cell.set(next));
      setKillable(utm.status.isActive(next));
    }

    function setName({ id, name }) {
      text(link, visible(name) || '(no name)');
      attr(link, 'title', visible(name));
      attr(box, 'aria-label', `Select task ${id}`);
      attr(kill, 'aria-label', `Kill task ${id}`);
    }

    // A button that goes away must not take the focus with it.
    function setKillable(is) {
      if (!is && document.activeElement === kill) link.focus({ preventScroll: true });
      kill.hidden = !is;
    }

    function flash() {
      root.classList.remove('row--changed');
      requestAnimationFrame(() => root.classList.add('row--changed'));
    }

    function setPlace(index, height) {
      attr(root, 'aria-rowindex', index + 2);
      const place = `translateY(${index * height}px)`;
      if (root.style.transform !== place) root.style.transform = place;
    }

    function setState({ open, selected, current }) {
      attr(link, 'aria-current', open ? 'true' : null);
      attr(link, 'tabindex', current ? null : '-1');
      attr(box, 'tabindex', current ? null : '-1');
      attr(kill, 'tabindex', current ? null : '-1');
      box.checked = selected;
      root.classList.toggle('row--open', open);
      root.classList.toggle('row--selected', selected);
      root.classList.toggle('row--current', current);
    }

    /** Sets what goes on by itself. */
    function tick() {
      if (shown) cells.forEach(([, cell]) => cell.tick?.(shown));
    }

    // The address of the filter may have changed since the row was made.
    link.addEventListener('pointerdown', setAddress);
    link.addEventListener('focus', setAddress);
    function setAddress() {
      attr(link, 'href', utm.route.to('tasks', task.id));
    }

    setAddress();
    set(task);
    return { el: root, set, setPlace, setState, tick, focus: () => link.focus({ preventScroll: true }) };
  };
})(window.utm = window.utm || {});
