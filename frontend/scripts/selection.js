/* Which tasks are selected: by their ids, so that it stays whatever the list does. */
(function (utm) {
  'use strict';

  /** Makes a selection. `toggle(id)`; `reach(id, ids)` does the same, from the last one toggled to this one in the order of `ids`. */
  utm.createSelection = function () {
    const ids = new Set();
    const listeners = new Set();
    let anchor = null;
    let anchorIs = true; // it was selected, not let go
    const tell = () => listeners.forEach((listener) => listener());

    function put(id, is) {
      if (is) ids.add(id);
      else ids.delete(id);
    }

    function toggle(id, is = !ids.has(id)) {
      put(id, is);
      anchor = id;
      anchorIs = is;
      tell();
    }

    function reach(id, order) {
      const [from, to] = [order.indexOf(anchor), order.indexOf(id)];
      if (from < 0 || to < 0) return toggle(id, true);
      order.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => put(each, anchorIs));
      return tell();
    }

    function set(wanted) {
      ids.clear();
      wanted.forEach((id) => ids.add(id));
      anchor = null;
      tell();
    }

    /** Forgets those that are no more. */
    function keep(isThere) {
      const before = ids.size;
      ids.forEach((id) => isThere(id) || ids.delete(id));
      if (ids.size !== before) tell();
    }

    return {
      toggle,
      reach,
      set,
      keep,
      clear: () => set([]),
      has: (id) => ids.has(id),
      all: () => [...ids],
      get size() { return ids.size; },
      onChange: (listener) => listeners.add(listener),
    };
  };
})(window.utm = window.utm || {});
