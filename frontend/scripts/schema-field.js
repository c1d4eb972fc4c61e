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
    const above = el('div', { class: 'field__top' }, label, must, control.aside ?? null);
    const parts = field.kind === 'boolean' ? [el('div', { class: 'check' }, control.el, label)] : [above, control.el];
    const root = el('div', { class: `field field--${field.kind}` }, ...parts, note);
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

  /** What every control of a field has; the default is its placeholder. */
  function common({ id, described, required, fallback = null }) {
    const placeholder = fallback === '' || typeof fallback === 'object' ? null : String(fallback);
    return { id, 'aria-describedby': described, 'aria-required': required ? 'true' : null, placeholder };
  }

  function input(field, attributes) {
    return controlOf(el('input', { class: 'input', autocomplete: 'off', ...common(field), ...attributes }));
  }

  function box(field, attributes) {
    return controlOf(el('textarea', { class: 'input input--grows', rows: 1, spellcheck: 'false', ...common(field), ...attributes }));
  }

  function controlOf(node) {
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
    const words = field.choices.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
    const options = words.map((word, index) => el('option', { value: String(index) }, word));
    const none = field.choices.includes(field.fallback) ? [] : [el('option', { value: '' }, field.required ? 'Choose…' : '—')];
    return controlOf(el('select', { id: field.id, class: 'input', 'aria-describedby': field.described }, ...none, ...options));
  }

  function boolean(field) {
    const node = el('input', { id: field.id, type: 'checkbox', class: 'check__box', 'aria-describedby': field.described });
    return { el: node, inputs: () => [node], get: () => node.checked, set: (held) => { node.checked = held; } };
  }

  /** Several types: a choice between them, and the control of the one that is chosen. */
  function either(field) {
    const parts = field.variants.map((variant) => CONTROLS[variant.kind]({ ...field, ...variant, id: null }));
    const titles = field.variants.map(({ title, kind }) => (kind === 'list' ? `${title}, one a line` : title));
    const options = titles.map((title, index) => el('option', { value: index }, title));
    const pick = el('select', { class: 'field__pick', 'aria-label': `${field.title}: as`, onchange: show }, ...options);
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
