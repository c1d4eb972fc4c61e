/* The banner that says that the server cannot be reached, since when, and when it is tried again. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;

  /** Mounts the banner, hidden. `show(error, ms until the next try, when the server was last heard)`, `hide()`; "Retry now" calls `retry`. */
  utm.mountBanner = function (parent, { retry }) {
    const what = el('strong');
    const kept = el('span', { class: 'banner__kept' });
    const countdown = el('span', { class: 'banner__countdown tabular', 'aria-hidden': 'true' });
    const button = el('button', { type: 'button', class: 'button', onclick: retry }, 'Retry now');
    const words = el('div', { class: 'banner__words' }, el('p', { role: 'status' }, what, ' ', kept), countdown);
    const server = utm.createServerForm();
    const root = el('section', { class: 'banner', 'aria-label': 'Connection', hidden: true }, words, button, server?.el);
    let lastRead = 0;
    let nextTry = 0;
    let timer = null;
    parent.prepend(root);

    function show(error, wait, heard = 0) {
      lastRead = Math.max(lastRead, heard);
      text(what, `${error.message.replace(/\.$/, '')}.`);
      text(kept, lastRead ? `What you see is from ${utm.format.time(new Date(lastRead))}.` : '');
      nextTry = Date.now() + wait;
      root.hidden = false;
      timer ??= setInterval(tick, 500);
      tick();
    }

    function tick() {
      const left = Math.ceil((nextTry - Date.now()) / 1000);
      text(countdown, left > 0 ? `Next try in ${utm.format.duration(left * 1000, true)}.` : 'Trying…');
    }

    function hide() {
      clearInterval(timer);
      timer = null;
      root.hidden = true;
    }

    function read() {
      lastRead = Date.now();
      hide();
    }

    return { show, hide, read, remove: () => { hide(); root.remove(); } };
  };
})(window.utm = window.utm || {});
