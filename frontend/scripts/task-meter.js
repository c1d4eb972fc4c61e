/* How many tasks there are in each status, as a bar and as the choice of what the list shows. */
(function (utm) {
  'use strict';

  const { el, text, icon } = utm.dom;

  /** Mounts the meter; `onFilter(test)` gets a function that says whether a task is to be shown. */
  utm.mountTaskMeter = function (parent, { onFilter }) {
    const choices = ['all', ...utm.status.all].map(createChoice);
    const segments = utm.status.all.map((status) => el('span', { class: `meter__segment tone-${status}` }));
    const words = el('input', { type: 'search', class: 'input input--search', id: 'find', placeholder: 'Find…', autocomplete: 'off', oninput: changed });
    const chosen = el('fieldset', { class: 'choices', onchange: changed }, el('legend', { class: 'visually-hidden' }, 'Show'), ...choices.map((choice) => choice.el));
    parent.append(
      el('div', { class: 'meter__head' }, chosen, el('label', { for: 'find', class: 'visually-hidden' }, 'Find'), words),
      el('div', { class: 'meter', 'aria-hidden': 'true' }, ...segments));

    function changed() {
      const status = chosen.querySelector(':checked').value;
      const wanted = words.value.trim().toLowerCase();
      onFilter((task) => (status === 'all' || task.status === status) && matches(task, wanted));
    }

    function update({ tasks, more }) {
      const counts = countsOf(tasks);
      choices.forEach((choice) => choice.set(counts[choice.status], more));
      utm.status.all.forEach((status, index) => setSegment(segments[index], counts[status]));
    }

    return { update };
  };

  function createChoice(status) {
    const number = el('span', { class: 'choice__count tabular' }, '0');
    const input = el('input', { type: 'radio', name: 'show', value: status, class: 'choice__input', checked: status === 'all' });
    const word = status === 'all' ? 'All' : utm.status.label(status);
    const shape = status === 'all' ? null : icon(status);
    const root = el('label', { class: `choice tone-${status}`, title: word }, input, shape, el('span', { class: 'choice__word' }, word), ' ', number);
    // While there are older pages, the numbers are those of the pages that are here.
    const set = (count, more) => text(number, utm.format.number(count) + (more && status === 'all' ? '+' : ''));
    return { el: root, status, set };
  }

  function setSegment(segment, count) {
    segment.hidden = count === 0;
    segment.style.flexGrow = count;
  }

  function countsOf(tasks) {
    const counts = Object.fromEntries(utm.status.all.map((status) => [status, 0]));
    tasks.forEach(({ status }) => { counts[status] = (counts[status] ?? 0) + 1; });
    return { ...counts, all: tasks.size };
  }

  function matches(task, wanted) {
    return !wanted || String(task.id) === wanted.replace('#', '') || task.name.toLowerCase().includes(wanted);
  }
})(window.utm = window.utm || {});
