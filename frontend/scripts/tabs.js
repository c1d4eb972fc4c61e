/* The tabs of the list, one for each status with its count, and the same as a bar. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon } = utm.dom;

  /** Mounts the tabs; `set({counts, more, filter})` takes what has changed. */
  utm.mountTabs = function (parent) {
    const tabs = ['', ...utm.status.all].map(createTab);
    const segments = utm.status.all.map((status) => el('span', { class: `meter__segment tone-${status}` }));
    const meter = el('div', { class: 'meter', 'aria-hidden': 'true' }, ...segments);
    parent.append(el('nav', { class: 'tabs', 'aria-label': 'Status' }, ...tabs.map((tab) => tab.el)));

    function set({ counts, more, filter }) {
      tabs.forEach((tab) => tab.set(counts, more, filter));
      utm.status.all.forEach((status, index) => setSegment(segments[index], counts[status]));
    }

    return { meter, set };
  };

  /** How many of these tasks are in each status, and in all (under ""). */
  utm.countByStatus = function (tasks) {
    const counts = Object.fromEntries(utm.status.all.map((status) => [status, 0]));
    tasks.forEach(({ status }) => { counts[status] = (counts[status] ?? 0) + 1; });
    return { ...counts, '': tasks.size };
  };

  function createTab(status) {
    const word = status ? utm.status.label(status) : 'All';
    const number = el('span', { class: 'tab__count' }, '0');
    const root = el('a', { class: `tab tone-${status || 'all'}`, title: word }, status && icon(status), el('span', { class: 'tab__word' }, word), ' ', number);

    // While there are older tasks, the numbers are those of the ones that are here.
    function set(counts, more, filter) {
      text(number, utm.format.number(counts[status]) + (more ? '+' : ''));
      attr(root, 'href', utm.route.to('tasks', null, utm.filter.write({ ...filter, status })));
      attr(root, 'aria-current', filter.status === status ? 'true' : null);
    }

    return { el: root, set };
  }

  function setSegment(segment, count) {
    segment.hidden = count === 0;
    segment.style.flexGrow = count;
  }
})(window.utm = window.utm || {});
