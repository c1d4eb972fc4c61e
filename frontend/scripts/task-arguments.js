/* The arguments of a task, a line each; those that say nothing are only named. */
(function (utm) {
  'use strict';

  const { el, text, emit } = utm.dom;
  const { visible } = utm.format;

  /** Makes the block; hidden when the program has no arguments. */
  utm.createArguments = function () {
    const list = el('dl', { class: 'args' });
    const rest = el('p', { class: 'args__rest' });
    const copy = el('button', { type: 'button', class: 'button button--small', 'aria-label': 'Copy: Arguments', onclick: onCopy }, 'Copy');
    const head = el('div', { class: 'block__head' }, el('h3', { class: 'block__title' }, 'Arguments'), copy);
    const root = el('section', { class: 'block', hidden: true }, head, list, rest);
    let shown = '';

    function set({ arguments: args = {} }) {
      const next = JSON.stringify(args, null, 2);
      if (next === shown) return;
      shown = next;
      const pairs = Object.entries(args);
      root.hidden = pairs.length === 0;
      const said = pairs.filter(([, value]) => !saysNothing(value));
      list.replaceChildren(...said.map(line));
      list.hidden = said.length === 0;
      const silent = pairs.filter(([, value]) => saysNothing(value)).map(([name]) => name);
      text(rest, silent.length ? `Not set: ${silent.join(', ')}` : '');
    }

    async function onCopy() {
      const done = await utm.toClipboard(shown);
      emit(root, 'toast', { text: done ? 'Arguments copied' : 'The browser does not let this page copy' });
    }

    return { el: root, set };
  };

  function line([name, value]) {
    return el('div', { class: 'args__line' }, el('dt', { class: 'mono' }, name), el('dd', { class: 'mono' }, words(value)));
  }

  function words(value) {
    if (typeof value === 'string') return visible(value);
    const short = JSON.stringify(value);
    return visible(short.length > 80 ? JSON.stringify(value, null, 2) : short);
  }

  function saysNothing(value) {
    if (value === null || value === '' || value === false) return true;
    return typeof value === 'object' && Object.values(value).every((one) => one === null);
  }
})(window.utm = window.utm || {});
