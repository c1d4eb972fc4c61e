/* Finds words in lines of output that are still growing. Pure. */
(function (utm) {
  'use strict';

  const MOST = 10000;

  /**
   * Makes a search in an array of lines. `set(words)` begins anew, `sync()` looks at what has come since, `step(1)` or
   * `step(-1)` goes to the next or the last hit, `near(line)` to the first from this line on. Big letters in the words
   * have to be met, small ones not.
   */
  utm.createFind = function (lines) {
    let pattern = null;
    let hits = [];
    let looked = 0;
    let current = -1;

    function set(words) {
      const flags = words === words.toLowerCase() ? 'gi' : 'g';
      pattern = words ? new RegExp(words.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), flags) : null;
      hits = [];
      looked = 0;
      current = -1;
      sync();
    }

    function sync() {
      if (!pattern) return;
      // The last line may have changed since.
      while (hits.at(-1)?.line >= looked) hits.pop();
      for (let line = looked; line < lines.length && hits.length < MOST; line += 1) collect(line);
      looked = Math.max(0, lines.length - 1);
      current = Math.min(current, hits.length - 1);
    }

    function collect(line) {
      for (const found of lines[line].text.matchAll(pattern)) {
        if (hits.length < MOST) hits.push({ line, from: found.index, to: found.index + found[0].length });
      }
    }

    function step(way) {
      if (hits.length) current = (current + way + hits.length) % hits.length;
      return hits[current];
    }

    function near(line) {
      current = hits.findIndex((hit) => hit.line >= line);
      if (current < 0) current = hits.length ? 0 : -1;
      return hits[current];
    }

    /** The hits in a line. */
    function inLine(line) {
      let index = firstOf(line);
      const found = [];
      for (; hits[index]?.line === line; index += 1) found.push({ ...hits[index], current: index === current });
      return found;
    }

    function firstOf(line) {
      let low = 0;
      let high = hits.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (hits[middle].line < line) low = middle + 1;
        else high = middle;
      }
      return low;
    }

    return { set, sync, step, near, inLine, on: () => pattern !== null, count: () => hits.length, current: () => current, most: MOST };
  };
})(window.utm = window.utm || {});
