/* The list with everything around it: the meter, the table, what stands in its place, more pages. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;

  /** Mounts the list of the given tasks. `setOpen(id)` marks the open task, `focusRow(id)` goes to its row. */
  utm.mountTaskList = function (parent, tasks) {
    const wait = el('p', { class: 'list__wait' }, 'Reading the list…');
    const empty = el('div', { hidden: true });
    const full = el('div', { class: 'list__full', hidden: true });
    const head = el('div', { class: 'list__head' });
    const none = el('p', { class: 'list__none', hidden: true }, 'No task here matches.');
    const more = el('button', { type: 'button', class: 'button list__more', hidden: true, onclick: showMore }, 'Load more');
    full.append(head);
    parent.append(el('section', { class: 'list', 'aria-label': 'List' }, wait, empty, full));

    const meter = utm.mountTaskMeter(head, { onFilter: filter });
    const table = utm.mountTaskTable(full);
    full.append(none, more);
    utm.mountTaskEmpty(empty);
    let test = () => true;

    function filter(next) {
      test = next;
      none.hidden = table.setFilter(test) > 0;
    }

    function showMore() {
      text(more, 'Loading…');
      attr(more, 'aria-busy', 'true');
      tasks.showMore();
    }

    function showing(loaded, size) {
      wait.hidden = loaded;
      empty.hidden = !loaded || size > 0;
      full.hidden = !loaded || size === 0;
    }

    tasks.onChange(({ tasks: all, loaded, more: hasMore }) => {
      showing(loaded, all.size);
      meter.update({ tasks: all, more: hasMore });
      table.update(all);
      filter(test);
      more.hidden = !hasMore;
      text(more, 'Load more');
      attr(more, 'aria-busy', null);
    });

    return { setOpen: table.setOpen, focusRow: table.focusRow };
  };
})(window.utm = window.utm || {});
