/* A button that opens a menu (the menu button pattern of WAI-ARIA). */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;

  /**
   * Makes the button and its menu. Each item is {label, hint, danger, apart, run, can}: `can(task)` says whether it is there.
   * `set(task)` chooses the items.
   */
  utm.createMenu = function ({ label, content, className = '', items }) {
    const entries = items.map(createEntry);
    const list = el('div', { class: 'menu__list', role: 'menu', 'aria-label': label, hidden: true, onkeydown: walk },
      ...entries.map((entry) => entry.el));
    const button = el('button', {
      type: 'button', class: `button ${className}`, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': label,
      title: label, onclick: toggle, onkeydown: openByKey,
    }, ...content);
    const root = el('div', { class: 'menu', onfocusout: leave }, button, list);

    function createEntry({ label: words, hint = '', danger = false, apart = false, run, can = () => true }) {
      const looks = ['menu__item', danger && 'menu__item--danger', apart && 'menu__item--apart'].filter(Boolean).join(' ');
      const node = el('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: looks, onclick: () => choose(run) },
        el('span', { class: 'menu__label' }, words), el('span', { class: 'menu__hint' }, hint));
      return { el: node, can };
    }

    const here = () => entries.map((entry) => entry.el).filter((node) => !node.hidden);

    function open(at = 0) {
      list.hidden = false;
      attr(button, 'aria-expanded', 'true');
      here().at(at)?.focus();
    }

    function close(refocus = true) {
      if (list.hidden) return;
      list.hidden = true;
      attr(button, 'aria-expanded', 'false');
      if (refocus) button.focus();
    }

    function toggle() {
      if (list.hidden) open();
      else close();
    }

    function choose(run) {
      close();
      run();
    }

    function openByKey(event) {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      event.preventDefault();
      open(event.key === 'ArrowDown' ? 0 : -1);
    }

    function walk(event) {
      const all = here();
      const at = all.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (event.key === 'Escape') close();
      else if (to === undefined) return typeAhead(event, all);
      else all.at(to % all.length).focus();
      event.preventDefault();
      event.stopPropagation();
      return undefined;
    }

    function typeAhead(event, all) {
      if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.key === ' ') return;
      all.find((node) => node.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
      event.stopPropagation();
    }

    function leave(event) {
      if (!root.contains(event.relatedTarget)) close(false);
    }

    function set(task) {
      entries.forEach((entry) => { entry.el.hidden = !entry.can(task); });
      root.hidden = here().length === 0;
    }

    return { el: root, set, close, text: (words) => text(button, words) };
  };
})(window.utm = window.utm || {});
