/* A shell line with a button that copies it. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;
  const COPY = 'Copy with my token';

  /** Makes the block. `title` names it (set as code if it is a `verb`), `shown` is displayed, `copied()` goes to the clipboard (it may hold the token). */
  utm.createCopyBlock = function ({ title, verb = false, shown, copied }) {
    const code = el('code', {}, shown);
    const copy = el('button', { type: 'button', class: 'button button--small', 'aria-label': `${COPY}: ${title}`, onclick }, COPY);
    const head = el('div', { class: 'shell__head' }, el('h3', { class: `shell__title${verb ? ' mono' : ''}` }, title), copy);

    async function onclick() {
      text(copy, (await utm.toClipboard(copied())) ? 'Copied' : 'Select and copy it');
      setTimeout(() => text(copy, COPY), 2000);
    }

    return el('div', { class: 'shell' }, head, el('pre', { class: 'shell__code', tabindex: '0', role: 'region', 'aria-label': title }, code));
  };
})(window.utm = window.utm || {});
