/* The dialog that changes the name, the description and the nice value of a task. */
(function (utm) {
  'use strict';

  const { el, emit } = utm.dom;
  const NICE = '-20 to 19: the lower, the sooner it gets a slot; below 0 needs a permission';

  /** Opens the dialog; `onSaved(task)` gets what the server answers. `field` is where the focus goes. */
  utm.openEdit = function (parent, task, { field = 'name', onSaved }) {
    const fields = [
      utm.createField({ path: 'name', label: 'Name', value: task.name, autocomplete: 'off', maxlength: 255 }),
      utm.createField({ path: 'description', label: 'Description', value: task.description ?? '', multiline: true, rows: 4, maxlength: 10000 }),
      utm.createField({ path: 'nice', label: 'Nice', value: String(task.nice ?? 0), hint: NICE, type: 'number', min: -20, max: 19, step: 1 }),
    ];
    const cancel = el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel');
    const form = utm.createForm({ fields, button: 'Save', className: 'form--edit', send, extra: cancel });
    const onclose = () => dialog.remove();
    const onkeydown = (event) => event.stopPropagation();
    const dialog = el('dialog', { class: 'dialog', 'aria-label': `Edit task ${task.id}`, onclose, onkeydown },
      el('h2', { class: 'dialog__title' }, `Edit task ${task.id}`), form.el);

    async function send(values) {
      const body = changes(task, values);
      if (Object.keys(body).length) {
        const { data } = await utm.api.patch(`/taskapi/tasks/${task.id}/`, body);
        onSaved(data);
        emit(parent, 'toast', { text: `Task ${task.id} changed` });
      }
      dialog.close();
    }

    parent.append(dialog);
    dialog.showModal();
    fields.find((one) => one.path === field).input.select();
  };

  /** What differs from the task; what is no number goes to the server as it is. */
  function changes(task, values) {
    const nice = /^\s*-?\d+\s*$/.test(values.nice) ? Number(values.nice) : values.nice;
    const next = { ...values, nice };
    return Object.fromEntries(Object.entries(next).filter(([name, value]) => value !== task[name]));
  }
})(window.utm = window.utm || {});
