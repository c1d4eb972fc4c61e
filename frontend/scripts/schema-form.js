/* The part of a form that takes the arguments of a program: fields made from its JSON Schema, or plain JSON. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;

  /**
   * Makes the part. `get()` is the arguments (it throws an ApiError for JSON that is none), `set(args)` fills it in, and
   * `setErrors(errors by path)` shows those that it can and answers the others.
   */
  utm.createSchemaForm = function (schema) {
    const fields = utm.schema.fieldsOf(schema);
    const parts = [];
    const form = el('div', { class: 'arguments__fields' }, ...fields.map((field) => part(field, parts)));
    const code = utm.createSchemaField({ kind: 'json', path: '', title: 'Arguments', hint: 'As the API takes them.', required: false });
    const toggle = el('button', { type: 'button', class: 'button button--small', onclick: () => (asJson() ? toFields() : toJson()) });
    const title = el('legend', { class: 'arguments__title' }, 'Arguments');
    const root = el('fieldset', { class: 'arguments' }, title, el('div', { class: 'arguments__mode' }, toggle), form, code.el);
    const asJson = () => !code.el.hidden;

    function show(json) {
      code.el.hidden = !json;
      form.hidden = json;
      text(toggle, json ? 'As fields' : 'As JSON');
      toggle.hidden = fields.length === 0;
      attr(root, 'data-empty', fields.length === 0);
    }

    const valuesNow = () => Object.fromEntries(parts.map((one) => [one.path, one.get()]));

    function get() {
      return asJson() ? parsed(code) : argumentsNow();
    }

    function argumentsNow() {
      for (const one of parts.filter(({ kind }) => kind === 'json')) if (one.get().trim()) parsed(one);
      return utm.schema.argumentsOf(fields, valuesNow());
    }

    function set(args = {}) {
      const values = utm.schema.valuesOf(fields, args);
      if (values) fill(values);
      else code.set(JSON.stringify(args, null, 2));
      show(!values);
    }

    function fill(values) {
      parts.forEach((one) => one.set(values[one.path]));
      form.querySelectorAll('details').forEach((fold) => { fold.open = holdsSomething(fold); });
    }

    function holdsSomething(fold) {
      return [...fold.querySelectorAll('input, textarea')].some((input) => input.value);
    }

    function toJson() {
      code.set(JSON.stringify(argumentsNow(), null, 2));
      show(true);
      code.focus();
    }

    // What the fields cannot show stays JSON.
    function toFields() {
      try {
        set(parsed(code));
        if (asJson()) code.setError('The fields cannot show this.');
      } catch (error) {
        code.setError(error.fields?.['arguments'] ?? error.message);
      }
    }

    function setErrors(errors) {
      const shown = asJson() ? [code] : parts;
      shown.forEach((one) => one.setError(''));
      const others = {};
      const wrong = new Map();
      for (const [path, message] of Object.entries(errors)) {
        const one = asJson() ? code : nearest(parts, path);
        if (one) wrong.set(one, [wrong.get(one), placed(one, path, message)].filter(Boolean).join(' '));
        else others[path] = message;
      }
      for (const [one, message] of wrong) showError(one, message);
      return { others, first: shown.find((one) => wrong.has(one)) };
    }

    set();
    return { el: root, get, set, setErrors, focus: () => (asJson() ? code : parts[0])?.focus() };
  };

  function part(field, parts) {
    if (field.kind === 'group') return group(field, parts);
    const made = utm.createSchemaField(field);
    parts.push(made);
    return made.el;
  }

  function group(field, parts) {
    const inner = el('div', { class: 'arguments__fields' }, ...field.fields.map((one) => part(one, parts)));
    if (field.required) return el('fieldset', { class: 'arguments__group' }, el('legend', { class: 'field__label' }, field.title), inner);
    const hint = field.hint ? el('p', { class: 'field__note' }, field.hint) : null;
    return el('details', { class: 'fold arguments__group' }, el('summary', {}, field.title), hint, inner);
  }

  // An error may be deep in a value ("argv.0"): the field that holds it is the one with the longest path before it.
  function nearest(parts, path) {
    const holds = parts.filter((one) => path === one.path || path.startsWith(`${one.path}.`));
    return holds.sort((one, other) => other.path.length - one.path.length)[0];
  }

  // What is wrong is said with where in the value it is.
  function placed({ path }, whole, message) {
    const inner = path ? whole.slice(path.length + 1) : whole;
    if (!inner) return message;
    return `${/^\d+$/.test(inner) ? `Line ${Number(inner) + 1}` : inner}: ${message}`;
  }

  function showError(one, message) {
    const fold = one.el.closest('details');
    if (fold) fold.open = true;
    one.setError(message);
  }

  function parsed(one) {
    try {
      return JSON.parse(one.get() || '{}');
    } catch (error) {
      throw new utm.ApiError(400, '', { fields: { [['arguments', one.path].filter(Boolean).join('.')]: `This is no JSON: ${error.message}` } });
    }
  }
})(window.utm = window.utm || {});
