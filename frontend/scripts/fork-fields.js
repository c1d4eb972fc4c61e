/* The fields of the fork form: program, name, its arguments, and the advanced ones. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;
  const OWN = /^arguments(\.|$)/;
  const ADVANCED = [
    { name: 'description', kind: 'long', title: 'Description', hint: '', fallback: '' },
    { name: 'nice', kind: 'integer', title: 'Nice', hint: '-20 to 19: the lower, the sooner it gets a slot.', fallback: 0 },
    { name: 'run_at', kind: 'moment', title: 'Run at', hint: 'Not before this time, yours.', fallback: null },
    { name: 'timeout', kind: 'number', title: 'Timeout', hint: 'Seconds for one attempt.', fallback: null },
    { name: 'max_attempts', kind: 'integer', title: 'Attempts', hint: 'How often it is started at most.', fallback: 1 },
    { name: 'notify_url', kind: 'text', title: 'Notify URL', hint: 'Gets a signed POST when the task has ended.', fallback: '', maxLength: 2000 },
  ].map((field) => ({ ...field, path: field.name }));

  /**
   * Makes the fields for these programs. `body()` is what to POST, `draft()` the same or null when it cannot be told,
   * `setErrors(errors by path)` shows those that it can and answers the others.
   */
  utm.createForkFields = function (programs, { memory, preset }) {
    const onchange = () => choose(select.value, memory.of(select.value));
    const select = el('select', { id: 'fork-program', class: 'input', 'aria-describedby': 'fork-summary', onchange },
      ...programs.map(({ name }) => el('option', { value: name }, name)));
    const summary = el('p', { class: 'field__note', id: 'fork-summary' });
    const program = el('div', { class: 'field' }, el('label', { for: select.id, class: 'field__label' }, 'Program'), select, summary);
    const name = utm.createSchemaField({ path: 'name', kind: 'text', title: 'Name', hint: '', maxLength: 255 });
    const place = el('div', { class: 'fork__arguments' });
    const advanced = ADVANCED.map(utm.createSchemaField);
    const more = el('div', { class: 'arguments__fields' }, ...advanced.map((one) => one.el));
    const fold = el('details', { class: 'fold fork__advanced' }, el('summary', {}, 'Advanced'), more);
    const root = el('div', { class: 'fork__fields' }, program, name.el, place, fold);
    let args = null;

    function choose(wanted, body) {
      const found = programs.find((one) => one.name === wanted) ?? programs.find((one) => one.name === 'sleep') ?? programs[0];
      select.value = found.name;
      text(summary, found.summary);
      name.el.querySelector('input').placeholder = found.name;
      args = utm.createSchemaForm(found.arguments);
      place.replaceChildren(args.el);
      fill(body ?? {});
    }

    function fill(body) {
      name.set(body.name && body.name !== select.value ? body.name : '');
      args.set(body.arguments);
      const values = utm.schema.valuesOf(ADVANCED, Object.fromEntries(ADVANCED.map(({ path }) => [path, body[path]])));
      advanced.forEach((one) => one.set(values?.[one.path] ?? ''));
      fold.open = advanced.some(({ get }) => get() !== '');
    }

    /** What to POST; a name that is left empty is that of the program. Throws an ApiError for JSON that is none. */
    function body() {
      const others = utm.schema.argumentsOf(ADVANCED, Object.fromEntries(advanced.map((one) => [one.path, one.get()])));
      return { name: name.get().trim() || select.value, program: select.value, arguments: args.get(), ...others };
    }

    function draft() {
      try {
        return body();
      } catch {
        return null;
      }
    }

    function setErrors(errors) {
      const entries = Object.entries(errors);
      const own = entries.filter(([path]) => OWN.test(path)).map(([path, message]) => [path.replace(OWN, ''), message]);
      const { others, first } = args.setErrors(Object.fromEntries(own));
      const rest = Object.fromEntries(entries.filter(([path]) => !OWN.test(path)));
      const wrong = [name, ...advanced].filter((one) => take(one, rest));
      if (wrong.some((one) => one !== name)) fold.open = true;
      (wrong.includes(name) ? name : first ?? wrong[0])?.focus();
      return { ...rest, ...others };
    }

    function take(one, errors) {
      const message = errors[one.path] ?? '';
      one.setError(message);
      delete errors[one.path];
      return Boolean(message);
    }

    function reset() {
      memory.forget(select.value);
      choose(select.value, {});
      select.focus();
    }

    const start = preset ?? memory.last();
    choose(start?.program, start);
    return { el: root, body, draft, setErrors, reset, focus: () => select.focus() };
  };
})(window.utm = window.utm || {});
