/* A form: labelled fields, each with its hint or error below it, an error line of its own, and one button. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  let serial = 0;

  /**
   * Makes a field. `path` is where the API puts its errors ("arguments.seconds"), the rest goes to the input.
   */
  utm.createField = function ({ path, label, hint = '', value = '', multiline = false, ...attributes }) {
    const id = `field-${(serial += 1)}`;
    const input = el(multiline ? 'textarea' : 'input', { id, class: 'input', 'aria-describedby': `${id}-note`, ...attributes });
    const note = el('p', { id: `${id}-note`, class: 'field__note' }, hint);
    input.value = value;
    const root = el('div', { class: 'field' }, el('label', { for: id, class: 'field__label' }, label), input, note);

    function setError(message) {
      attr(input, 'aria-invalid', message ? 'true' : null);
      root.classList.toggle('field--wrong', Boolean(message));
      text(note, message || hint);
    }

    input.addEventListener('input', () => setError(''));
    return { el: root, path, input, setError, value: () => input.value, reset: () => { input.value = value; } };
  };

  /**
   * Makes a form. `send(values by path)` does the call; what it throws is shown beside the fields it belongs to, the
   * rest in the form's own line. After a 429 the line counts down and the button waits.
   */
  utm.createForm = function ({ fields, button, className, send, extra = null }) {
    const line = createErrorLine();
    const submit = el('button', { type: 'submit', class: 'button button--primary' }, button);
    const foot = el('div', { class: 'form__foot' }, submit, extra);
    const root = el('form', { class: `form ${className}`, novalidate: true, onsubmit }, ...fields.map((field) => field.el), line.el, foot);
    let busy = false;
    // Another user name or password may do: what was said about the last ones no longer holds.
    root.addEventListener('input', line.clear);

    async function onsubmit(event) {
      event.preventDefault();
      if (busy || line.waiting()) return;
      setBusy(true);
      clearErrors();
      try {
        await send(Object.fromEntries(fields.map((field) => [field.path, field.value()])));
      } catch (error) {
        showError(error);
      } finally {
        setBusy(false);
      }
    }

    // Not `disabled`: that would throw the focus away.
    function setBusy(value) {
      busy = value;
      attr(submit, 'aria-disabled', value ? 'true' : null);
      attr(root, 'aria-busy', value ? 'true' : null);
    }

    function clearErrors() {
      line.clear();
      fields.forEach((field) => field.setError(''));
    }

    function showError(error) {
      const rest = { ...error.fields };
      const wrong = fields.filter((field) => field.path in rest);
      wrong.forEach((field) => {
        field.setError(rest[field.path]);
        delete rest[field.path];
      });
      const others = Object.entries(rest).map(([path, message]) => `${path}: ${message}`);
      line.show([error.message, ...others].filter(Boolean).join(' '), error.retryAfter);
      wrong[0]?.input.focus();
    }

    return { el: root, fields, clearErrors, focus: () => fields[0].input.focus() };
  };

  /**
   * Makes the error line of a form: `show(message, seconds)`, `waiting()`, `clear()`. The countdown is seen, not heard: a
   * live region that changes every second would never be quiet.
   */
  function createErrorLine() {
    const message = el('span', { role: 'alert' });
    const countdown = el('span', { 'aria-hidden': 'true', class: 'tabular' });
    const root = el('p', { class: 'form__error' }, message, countdown);
    let timer = null;
    let left = 0;

    function tick() {
      left -= 1;
      if (left <= 0) return clear();
      return text(countdown, ` Try again in ${utm.format.duration(left * 1000, true)}.`);
    }

    function clear() {
      clearInterval(timer);
      left = 0;
      text(message, '');
      text(countdown, '');
    }

    function show(error, retryAfter) {
      clear();
      text(message, error);
      if (!retryAfter) return;
      left = retryAfter + 1;
      tick();
      timer = setInterval(tick, 1000);
    }

    return { el: root, show, clear, waiting: () => left > 0 };
  }

  utm.createErrorLine = createErrorLine;
})(window.utm = window.utm || {});
