/* The titles of the columns, which sort, and the box that selects all. */
(function (utm) {
  'use strict';

  const { el, attr } = utm.dom;

  /** Makes the head. `onSort(column)`, `onAll(is)`; `set({sort, selected, all})` takes what has changed. */
  utm.createTableHead = function ({ onSort, onAll }) {
    const box = el('input', { type: 'checkbox', class: 'row__box', 'aria-label': 'Select all that match', title: 'Select all that match', onchange: () => onAll(box.checked) });
    const titles = utm.columns.map(({ key, title }) => {
      const button = el('button', { type: 'button', class: 'table__sort', onclick: () => onSort(key) }, title);
      return [key, el('span', { role: 'columnheader', class: `row__cell row__${key}` }, button)];
    });
    const root = el('div', { class: 'table__head', role: 'rowgroup' }, el('div', { role: 'row', class: 'table__titles', 'aria-rowindex': 1 },
      el('span', { role: 'columnheader', class: 'row__cell row__check' }, box),
      ...titles.map(([, cell]) => cell),
      el('span', { role: 'columnheader', class: 'row__cell row__kill' }, el('span', { class: 'visually-hidden' }, 'Actions'))));

    function set({ sort, selected, all }) {
      box.checked = all > 0 && selected >= all;
      box.indeterminate = selected > 0 && selected < all;
      box.disabled = all === 0;
      if (sort !== undefined) titles.forEach(([key, cell]) => attr(cell, 'aria-sort', wayOf(sort, key)));
    }

    return { el: root, set };
  };

  function wayOf(sort, key) {
    if (sort === key) return 'ascending';
    return sort === `-${key}` ? 'descending' : null;
  }
})(window.utm = window.utm || {});
