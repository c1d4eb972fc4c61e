/* The field that finds words in output: Enter goes on, Shift+Enter back, Escape ends it. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon } = utm.dom;

  /** Makes the field for a search and the view that shows what it finds; `count()` tells the number anew. */
  utm.createOutputSearch = function ({ find, view }) {
    const input = el('input', {
      type: 'search', class: 'input output__find', placeholder: 'Find', 'aria-label': 'Find in the output',
      autocomplete: 'off', spellcheck: 'false', oninput, onkeydown,
    });
    const number = el('span', { class: 'output__hits tabular', role: 'status' });
    const back = step('up', 'Previous', -1);
    const next = step('down', 'Next', 1);
    const root = el('div', { class: 'output__search', role: 'search', 'aria-label': 'Output' }, input, number, back, next);

    function step(shape, label, way) {
      const onclick = () => go(way);
      const button = { type: 'button', class: 'button button--icon output__tool', 'aria-label': `${label} hit`, title: label };
      return el('button', { ...button, hidden: true, onclick }, icon(shape));
    }

    function oninput() {
      const from = view.topLine();
      find.set(input.value);
      view.show(find.on() ? find.near(from) : undefined);
      count();
    }

    function go(way) {
      view.show(find.step(way));
      count();
    }

    function count() {
      const all = find.count();
      [back, next].forEach((button) => { button.hidden = all < 2; });
      attr(root, 'data-hits', find.on() ? all : null);
      text(number, find.on() ? words(all) : '');
    }

    function words(all) {
      if (!all) return 'None';
      return `${utm.format.number(find.current() + 1)}/${utm.format.number(all)}${all === find.most ? '+' : ''}`;
    }

    function onkeydown(event) {
      if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape' && input.value) end();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    function end() {
      input.value = '';
      oninput();
      view.el.focus();
    }

    return { el: root, count, focus: () => input.select() };
  };
})(window.utm = window.utm || {});
