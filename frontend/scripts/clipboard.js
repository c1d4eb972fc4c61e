/* Ways out of the page: the clipboard, and files. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;

  /** Copies a text; answers whether the browser has let us. */
  utm.toClipboard = async function (value) {
    try {
      await navigator.clipboard.writeText(value);
      return true;
    } catch {
      return oldClipboard(value);
    }
  };

  // Plain http on a name other than localhost has no navigator.clipboard.
  function oldClipboard(value) {
    const focused = document.activeElement;
    const area = el('textarea', { class: 'visually-hidden', readonly: true, 'aria-hidden': 'true' }, value);
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return done;
  }

  /** Saves a blob as a file of this name. */
  utm.download = function (blob, name) {
    const href = URL.createObjectURL(blob);
    el('a', { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  };
})(window.utm = window.utm || {});
