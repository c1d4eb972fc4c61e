/* The facts about a task, each a line that is made once and then changes in place. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  const NOTHING = '—';

  /** Makes a list of facts, of which each is [label, fact]; a fact has `el` and `set(task)`. */
  function createFacts(facts) {
    const lines = facts.map(([label, fact]) => el('div', { class: 'fact' }, el('dt', {}, label), el('dd', {}, fact.el)));
    const set = (task) => facts.forEach(([, fact]) => fact.set(task));
    return { el: el('dl', { class: 'facts' }, ...lines), set };
  }

  /** A fact that is a word or a number. */
  function wordFact(read) {
    const node = el('span', { class: 'mono' });
    return { el: node, set: (task) => text(node, read(task) ?? NOTHING) };
  }

  /** A moment in local time, its exact UTC in the title, and how long after an earlier moment it came. */
  function momentFact(field, since = null) {
    const time = el('time', { class: 'tabular' });
    const after = el('span', { class: 'fact__after tabular' });
    const set = (task) => {
      const iso = task[field];
      attr(time, 'datetime', iso);
      attr(time, 'title', iso);
      text(time, iso ? utm.format.dateTime(new Date(iso)) : NOTHING);
      text(after, iso && task[since] ? `+${utm.format.duration(Math.max(0, new Date(iso) - new Date(task[since])))}` : '');
    };
    return { el: el('span', { class: 'fact__moment' }, time, after), set };
  }

  /** A link to another task. */
  function taskFact(field) {
    const node = el('a', { class: 'mono' });
    const set = (task) => {
      attr(node, 'href', task[field] ? `#/tasks/${task[field]}` : null);
      text(node, task[field] ?? NOTHING);
    };
    return { el: node, set };
  }

  /** A titled block of text or JSON; `otherwise` is what it says when there is none. */
  function block(title, read, otherwise) {
    const content = el('pre', { class: 'block__content', tabindex: '0' });
    const none = el('p', { class: 'block__none' });
    const set = (task) => {
      const value = read(task);
      const is = value !== null && value !== undefined && value !== '';
      content.hidden = !is;
      none.hidden = is;
      text(content, is ? utm.format.json(value) : '');
      text(none, is ? '' : otherwise(task));
    };
    return { el: el('section', { class: 'block' }, el('h3', {}, title), content, none), set };
  }

  utm.facts = { createFacts, wordFact, momentFact, taskFact, block };
})(window.utm = window.utm || {});
