/* A shell line with a button that copies it. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;
  const COPY = 'Copy with my token';

  /** Makes the block. `title` names it (set as code if it is a `verb`), `shown` is displayed, `copied()` goes to the clipboard (it may hold the token). */
  utm.createCopyBlock = function ({ title, verb = false, shown, copied }) {
    const code = el('code', {}, shown);
    const copy = el('button', { type: 'button', class: 'button button--small', onclick }, COPY);
    const head = el('div', { class: 'shell__head' }, el('h3', { class: `shell__title${verb ? ' mono' : ''}` }, title), copy);

    async function onclick() {
      text(copy, (await toClipboard(copied())) ? 'Copied' : 'Select and copy it');
      setTimeout(() => text(copy, COPY), 2000);
    }

    return el('div', { class: 'shell' }, head, el('pre', { class: 'shell__code', tabindex: '0' }, code));
  };

  async function toClipboard(value) {
    try {
      await navigator.clipboard.writeText(value);
      return true;
    } catch {
      return oldClipboard(value);
    }
  }

  // Plain http on a name other than localhost has no navigator.clipboard.
  function oldClipboard(value) {
    const focused = document.activeElement;
    const area = el('textarea', { class: 'visually-hidden', readonly: true }, value);
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return done;
  }

  /** The curl line for a call, with $TOKEN in place of the token or the token itself. */
  utm.curl = function (method, path, { body = null, token = '$TOKEN' } = {}) {
    const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}${utm.session.server()}${path}`, `-H "Authorization: Token ${token}"`];
    if (body) lines.push('-H "Content-Type: application/json"', `-d '${body}'`);
    return lines.join(' \\\n  ');
  };
})(window.utm = window.utm || {});
