/* One field of a form that is made from a JSON Schema: label, control, and a note with its hint or its error. */
(function (utm) {
  'use strict';

  const { el, attr } = utm.dom;
  let serial = 0;

  /**
   * Makes the field that utm.schema.fieldsOf describes. `get()` and `set(held)` are what its control holds,
   * `setError(message)` shows what is wrong with it.
   */
  utm.createSchemaField = function (field) {
    const id = `argument-${(serial += 1)}`;
    const note = el('p', { id: `${id}-note`, class: 'field__note' });
    const control = (CONTROLS[field.kind] ?? CONTROLS.text)({ ...field, id, described: `${id}-note` });
    const label = el('label', { for: id, class: 'field__label' }, field.title);
    const must = field.required ? el('span', { class: 'field__must', 'aria-hidden': 'true' }, 'required') : null;
    const top = field.kind === 'boolean' ? el('div', { class: 'check' }, control.el, label) : el('div', { class: 'field__top' }, label, must, control.aside ?? null);
    const root = el('div', { class: `field field--${field.kind}` }, top, field.kind === 'boolean' ? null : control.el, note);
    const hint = hintOf(field);

    function setError(message) {
      control.inputs().forEach((input) => attr(input, 'aria-invalid', message ? 'true' : null));
      root.classList.toggle('field--wrong', Boolean(message));
      note.replaceChildren(...(message ? [message] : withCode(hint)));
    }

    root.addEventListener('input', () => setError(''));
    control.set(utm.schema.emptyOf(field));
    setError('');
    return { el: root, path: field.path, kind: field.kind, get: control.get, set: control.set, setError, focus: () => control.inputs()[0].focus() };
  };

  const KIND_HINTS = { list: 'One a line.', pairs: 'One NAME=value a line.', json: 'JSON.' };

  function hintOf(field) {
    return [field.hint, KIND_HINTS[field.kind], boundsOf(field)].filter(Boolean).join(' ');
  }

  // Descriptions name other arguments in `backticks`.
  function withCode(words) {
    return words.split('`').map((part, index) => (index % 2 ? el('code', {}, part) : part)).filter((part) => part !== '');
  }

  // What the description says already is not said twice.
  function boundsOf({ kind, least, most, hint }) {
    if ((kind !== 'number' && kind !== 'integer') || /\d|at most|up to/i.test(hint)) return '';
    const [from, to] = [least, most].map((bound) => (bound === undefined ? '' : utm.format.number(bound)));
    if (from && to) return `${from} to ${to}.`;
    return from ? `At least ${from}.` : to && `At most ${to}.`;
  }

  const placeholderOf = ({ fallback }) => (fallback === undefined || fallback === null || fallback === '' ? null : typeof fallback === 'object' ? null : String(fallback));

  function input(field, attributes) {
    const node = el('input', { id: field.id, class: 'input', 'aria-describedby': field.described, 'aria-required': field.required ? 'true' : null, placeholder: placeholderOf(field), autocomplete: 'off', ...attributes });
    return { el: node, inputs: () => [node], get: () => node.value, set: (held) => { node.value = held; } };
  }

  function box(field, attributes) {
    const node = el('textarea', { id: field.id, class: 'input input--grows', rows: 1, 'aria-describedby': field.described, 'aria-required': field.required ? 'true' : null, placeholder: placeholderOf(field), spellcheck: 'false', ...attributes });
    return { el: node, inputs: () => [node], get: () => node.value, set: (held) => { node.value = held; } };
  }

  const CONTROLS = {
    text: (field) => input(field, { maxlength: field.maxLength }),
    number: (field) => input(field, { inputmode: 'decimal' }),
    integer: (field) => input(field, { inputmode: 'numeric' }),
    date: (field) => input(field, { type: 'date' }),
    moment: (field) => input(field, { type: 'datetime-local', step: 1 }),
    long: (field) => box(field, {}),
    list: (field) => box(field, { class: 'input input--grows mono', rows: 2 }),
    pairs: (field) => box(field, { class: 'input input--grows mono' }),
    json: (field) => box(field, { class: 'input input--grows mono', rows: 2 }),
    choice,
    boolean,
    either,
  };

  function choice(field) {
    const options = field.choices.map((value, index) => el('option', { value: String(index) }, typeof value === 'string' ? value : JSON.stringify(value)));
    const none = field.choices.includes(field.fallback) ? [] : [el('option', { value: '' }, field.required ? 'Choose…' : '—')];
    const node = el('select', { id: field.id, class: 'input', 'aria-describedby': field.described }, ...none, ...options);
    return { el: node, inputs: () => [node], get: () => node.value, set: (held) => { node.value = held; } };
  }

  function boolean(field) {
    const node = el('input', { id: field.id, type: 'checkbox', class: 'check__box', 'aria-describedby': field.described });
    return { el: node, inputs: () => [node], get: () => node.checked, set: (held) => { node.checked = held; } };
  }

  /** Several types: a choice between them, and the control of the one that is chosen. */
  function either(field) {
    const parts = field.variants.map((variant) => CONTROLS[variant.kind]({ ...field, ...variant, id: null }));
    const pick = el('select', { class: 'field__pick', 'aria-label': `${field.title}: as`, onchange: show }, ...field.variants.map(({ title, kind }, index) => el('option', { value: index }, kind === 'list' ? `${title}, one a line` : title)));
    const root = el('div', {}, ...parts.map((part) => part.el));
    const chosen = () => Number(pick.value);

    // The label is that of the one that is seen.
    function show() {
      parts.forEach((part, index) => {
        part.el.hidden = index !== chosen();
        attr(part.el, 'id', part.el.hidden ? null : field.id);
      });
    }

    function set({ variant, value }) {
      pick.value = String(variant);
      parts[variant].set(value);
      show();
    }

    return { el: root, aside: pick, inputs: () => [parts[chosen()].el], get: () => ({ variant: chosen(), value: parts[chosen()].get() }), set };
  }
})(window.utm = window.utm || {});
