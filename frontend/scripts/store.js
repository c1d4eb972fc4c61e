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

  /** Forgets all whose keys begin so. */
  function forget(beginning) {
    const kept = attempt(() => Object.keys(localStorage), []);
    const keys = [...kept, ...memory.keys()].filter((key) => key.startsWith(beginning));
    keys.forEach((key) => write(key, null));
  }

  utm.store = { read, write, forget };
})(window.utm = window.utm || {});
