/* What a new user sees in place of the list: a first task to fork, here or from a shell. */
(function (utm) {
  'use strict';

  const { el, emit, icon } = utm.dom;
  const PATH = '/taskapi/tasks/';
  const BODY = '{"name": "my first task", "arguments": {"seconds": 10}}';

  /** Mounts the empty state. */
  utm.mountTaskEmpty = function (parent) {
    const form = createForm(parent);
    parent.append(el('div', { class: 'empty' },
      el('div', { class: 'empty__mark' }, icon('fork')),
      el('h2', {}, 'Fork your first task'),
      el('p', {}, 'It sleeps for some seconds. It starts by itself, and you can watch it here, live.'),
      form.el,
      utm.createCopyBlock({
        title: 'The same from a shell',
        shown: utm.curl('POST', PATH, { body: BODY }),
        copied: () => utm.curl('POST', PATH, { body: BODY, token: utm.session.token() }),
      }),
      el('p', { class: 'empty__more' }, 'Other programs, and when and how to run them: ', el('a', { href: '#/fork' }, 'the whole form'), '.')));
    return { focus: form.focus };
  };

  function createForm(parent) {
    const name = utm.createField({ path: 'name', label: 'Name', value: 'my first task', autocomplete: 'off', required: true, maxlength: 255 });
    const seconds = utm.createField({ path: 'arguments.seconds', label: 'Seconds', value: '10', inputmode: 'decimal', autocomplete: 'off' });
    return utm.createForm({ fields: [name, seconds], button: 'Fork', className: 'form--first', send });

    async function send(values) {
      const wanted = values['arguments.seconds'].trim();
      const args = wanted === '' ? {} : { seconds: Number.isNaN(Number(wanted)) ? wanted : Number(wanted) };
      const { data } = await utm.api.post(PATH, { name: values.name, arguments: args });
      emit(parent, 'task:forked', data);
      emit(parent, 'toast', { text: `Task ${data.id} forked` });
    }
  }
})(window.utm = window.utm || {});
