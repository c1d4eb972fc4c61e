/* The form that forks a task. */
(function (utm) {
  'use strict';

  const { el, emit } = utm.dom;
  const PROGRAM = 'sleep';

  /** Mounts the form; a forked task is told to the ancestors as "task:forked". */
  utm.mountForkForm = function (parent) {
    const done = el('p', { class: 'fork__done', role: 'status' });
    const form = utm.createForm({
      fields: [...taskFields(), ...argumentFields()],
      button: 'Fork',
      className: 'form--fork',
      send,
      extra: done,
    });
    parent.append(el('section', { class: 'fork', 'aria-labelledby': 'fork-title' },
      el('h2', { id: 'fork-title', class: 'pane__title' }, 'Fork a task'), form.el));

    async function send(values) {
      done.replaceChildren();
      const { data } = await utm.api.post('/taskapi/tasks/', bodyOf(values));
      form.fields.slice(0, 2).forEach((field) => field.reset());
      form.focus();
      done.replaceChildren('Forked ', el('a', { href: `#/tasks/${data.id}` }, `task ${data.id}`));
      emit(parent, 'task:forked', data);
    }

    return { focus: form.focus };
  };

  function taskFields() {
    return [
      utm.createField({ path: 'name', label: 'Name', hint: 'Shown in the list', autocomplete: 'off', required: true, maxlength: 255 }),
      utm.createField({ path: 'description', label: 'Description', hint: 'Optional', autocomplete: 'off', multiline: true, rows: 2, maxlength: 10000 }),
    ];
  }

  function argumentFields() {
    return [
      utm.createField({ path: 'arguments.seconds', label: 'Seconds', hint: 'How long it sleeps', value: '10', inputmode: 'decimal', autocomplete: 'off' }),
    ];
  }

  /** The body of the POST: an argument left empty is left out, so that the program's own default holds. */
  function bodyOf({ name, description, ...rest }) {
    const filled = Object.entries(rest).filter(([, value]) => value.trim() !== '');
    const args = Object.fromEntries(filled.map(([path, value]) => [path.replace('arguments.', ''), numberOrText(value)]));
    return { name, description, program: PROGRAM, arguments: args };
  }

  // What is no number goes to the server as it is: it knows best what to say about it.
  function numberOrText(value) {
    const number = Number(value.trim().replace(',', '.'));
    return Number.isFinite(number) ? number : value;
  }
})(window.utm = window.utm || {});
