/* The facts about a task, each a line that is made once and then changes in place. */
(function (utm) {
  'use strict';

  const { el, attr, text, emit } = utm.dom;
  const NOTHING = '—';
  // Of a result of a mebibyte, so much is shown; the rest can be downloaded.
  const MOST_SHOWN = 20000;

  /** Makes a list of facts, of which each is [label, fact]; a fact has `el` and `set(task)`, which may answer false to hide it. */
  function createFacts(facts) {
    const lines = facts.map(([label, fact]) => el('div', { class: 'fact' }, el('dt', {}, label), el('dd', {}, fact.el)));
    const set = (task) => facts.forEach(([, fact], index) => { lines[index].hidden = fact.set(task) === false; });
    return { el: el('dl', { class: 'facts' }, ...lines), set };
  }

  /** A fact that is a word or a number; without one its line is hidden, unless it is to be `kept`. */
  function wordFact(read, kept = false) {
    const node = el('span', { class: 'mono' });
    const set = (task) => {
      const value = read(task) ?? null;
      text(node, utm.format.visible(value ?? NOTHING));
      return value !== null || kept;
    };
    return { el: node, set };
  }

  /** A moment in local time, its exact UTC in the title, and how long after an earlier moment it came. */
  function momentFact(field, { since = null, kept = true } = {}) {
    const time = el('time', { class: 'tabular' });
    const after = el('span', { class: 'fact__after tabular' });
    const set = (task) => {
      const iso = task[field];
      attr(time, 'datetime', iso);
      attr(time, 'title', iso);
      text(time, iso ? moment(new Date(iso)) : NOTHING);
      text(after, iso && task[since] ? `+${utm.format.duration(Math.max(0, new Date(iso) - new Date(task[since])))}` : '');
      return Boolean(iso) || kept;
    };
    return { el: el('span', { class: 'fact__moment' }, time, after), set };
  }

  // Of today, the time says it all.
  function moment(date) {
    return date.toDateString() === new Date().toDateString() ? utm.format.time(date) : utm.format.dateTime(date);
  }

  /** A link to another task. */
  function taskFact(field) {
    const node = el('a', { class: 'mono' });
    const set = (task) => {
      attr(node, 'href', task[field] ? utm.route.to('tasks', task[field]) : null);
      text(node, task[field] ? `#${task[field]}` : NOTHING);
      return Boolean(task[field]);
    };
    return { el: node, set };
  }

  /** A titled block of text or JSON, which can be copied unless it is `prose`; hidden when there is none. */
  function block(title, read, { prose = false } = {}) {
    const content = el('pre', { class: 'block__content', tabindex: '0', role: 'region', 'aria-label': title });
    const copy = el('button', { type: 'button', class: 'button button--small', 'aria-label': `Copy: ${title}`, hidden: prose, onclick: onCopy }, 'Copy');
    const save = el('button', { type: 'button', class: 'button button--small', hidden: true, onclick: onSave });
    const head = el('div', { class: 'block__head' }, el('h3', { class: 'block__title' }, title), save, copy);
    const root = el('section', { class: `block${prose ? ' block--prose' : ''}`, hidden: true }, head, content);
    let whole = '';

    function set(task) {
      const value = read(task);
      root.hidden = value === null || value === undefined || value === '';
      whole = root.hidden ? '' : utm.format.json(value);
      save.hidden = whole.length <= MOST_SHOWN;
      text(save, `Download all ${utm.format.number(whole.length)} characters`);
      text(content, utm.format.visible(save.hidden ? whole : `${whole.slice(0, MOST_SHOWN)}…`));
    }

    async function onCopy() {
      const done = await utm.toClipboard(whole);
      emit(root, 'toast', { text: done ? `${title} copied` : 'Select and copy it' });
    }

    function onSave() {
      utm.download(new Blob([whole], { type: 'text/plain;charset=utf-8' }), `${title.toLowerCase()}.txt`);
    }

    return { el: root, set };
  }

  utm.facts = { createFacts, wordFact, momentFact, taskFact, block };
})(window.utm = window.utm || {});
