/* The search field, the choice of a program, and for narrow screens the choice of the order. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const PAUSE = 120;

  /** Mounts the fields; `onChange(part of a filter)` hears what was typed or chosen. */
  utm.mountSearch = function (parent, { onChange }) {
    const changed = utm.throttle(PAUSE, () => onChange({ q: field.value.trim() }));
    const field = el('input', {
      type: 'search', class: 'input search__field', placeholder: 'Search', 'aria-label': 'Search tasks', title: 'Name, description, program, arguments or number ( / )',
      autocomplete: 'off', spellcheck: 'false', oninput: changed,
    });
    const program = el('select', { class: 'input search__program', 'aria-label': 'Program', onchange: () => onChange({ program: program.value }) });
    const sort = el('select', { class: 'input search__sort', 'aria-label': 'Order', onchange: () => onChange({ sort: sort.value }) },
      ...utm.columns.flatMap(({ key, title }) => [option(`-${key}`, `${title} ↓`), option(key, `${title} ↑`)]));
    parent.append(el('div', { class: 'search', role: 'search' }, el('div', { class: 'search__box' }, field, el('kbd', { class: 'search__key', 'aria-hidden': 'true' }, '/')), program, sort));

    function set(filter) {
      if (document.activeElement !== field && field.value !== filter.q) field.value = filter.q;
      if (program.value !== filter.program) setPrograms([...known, filter.program], filter.program);
      sort.value = filter.sort;
    }

    let known = [];
    function setPrograms(names, chosen = program.value) {
      const next = [...new Set(names)].filter(Boolean).sort();
      if (next.join() === known.join() && program.value === chosen && program.options.length) return;
      known = next;
      program.replaceChildren(option('', 'All programs'), ...known.map((name) => option(name, name)));
      program.value = chosen;
    }

    setPrograms([]);
    return {
      set,
      setPrograms: (names) => setPrograms([...names, program.value]),
      focus() {
        field.focus();
        field.select();
      },
    };
  };

  const option = (value, word) => el('option', { value }, word);
})(window.utm = window.utm || {});
