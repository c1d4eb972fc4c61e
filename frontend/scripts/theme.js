/* Dark or light: by the system, or as the switch says. Runs first, so that nothing is painted in the wrong colours. */
(function (utm) {
  'use strict';

  const KEY = 'utm.theme';
  const CHOICES = ['system', 'light', 'dark'];

  function apply(theme) {
    if (theme === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme);
  }

  /** The choice that holds: "system", "light" or "dark". */
  function get() {
    const kept = utm.store.read(KEY);
    return CHOICES.includes(kept) ? kept : 'system';
  }

  function set(theme) {
    utm.store.write(KEY, theme === 'system' ? null : theme);
    apply(theme);
  }

  window.addEventListener('storage', (event) => event.key === KEY && apply(get()));
  apply(get());
  utm.theme = { all: CHOICES, get, set };
})(window.utm = window.utm || {});
