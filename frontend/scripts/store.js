/* What the browser remembers. Storage may be forbidden (some browsers, file://): then it lasts as long as the page. */
(function (utm) {
  'use strict';

  const memory = new Map();

  function attempt(action, otherwise) {
    try {
      return action();
    } catch {
      return otherwise;
    }
  }

  /** Reads a remembered value, or null. */
  function read(key) {
    if (memory.has(key)) return memory.get(key);
    return attempt(() => JSON.parse(localStorage.getItem(key)), null);
  }

  /** Remembers a value; null forgets it. */
  function write(key, value) {
    const kept = attempt(() => {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
      return true;
    }, false);
    if (kept) memory.delete(key);
    else memory.set(key, value);
  }

  utm.store = { read, write };
})(window.utm = window.utm || {});
