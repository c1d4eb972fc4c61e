/* Asks before something that cannot be taken back. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;

  /** Asks; answers true, the chosen value of `choices`, or false. */
  utm.confirm = function ({ title, text, button, danger = false, choices = null }) {
    const cancel = el('button', { type: 'button', class: 'button', onclick: () => dialog.close('') }, 'Cancel');
    const go = el('button', { type: 'submit', class: `button ${danger ? 'button--solid-danger' : 'button--primary'}` }, button);
    const options = choices && el('fieldset', { class: 'dialog__choices' }, el('legend', { class: 'visually-hidden' }, title), ...choices.map(choice));
    const form = el('form', { method: 'dialog', onsubmit }, el('h2', { id: 'dialog-title' }, title), el('p', { class: 'dialog__text' }, text), options, el('div', { class: 'dialog__foot' }, cancel, go));
    const dialog = el('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title' }, form);
    document.body.append(dialog);
    dialog.showModal();
    (options?.querySelector('input') ?? go).focus();

    function onsubmit() {
      dialog.returnValue = form.elements.choice?.value ?? 'yes';
    }

    return new Promise((resolve) => {
      dialog.addEventListener('close', () => {
        const answer = dialog.returnValue;
        dialog.remove();
        resolve(choices ? answer || false : answer === 'yes');
      });
    });
  };

  function choice([value, word], index) {
    const input = el('input', { type: 'radio', name: 'choice', value, checked: index === 0 });
    return el('label', { class: 'dialog__choice' }, input, el('span', { class: 'mono' }, value), el('span', {}, word));
  }
})(window.utm = window.utm || {});
