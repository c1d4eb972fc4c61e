/* Which row of the output viewer shows which part of which line. Pure: columns instead of pixels. */
(function (utm) {
  'use strict';

  // Without wrapping, too, a line is cut somewhere: a browser takes long for a line of a mebibyte.
  const LONGEST = 2000;
  const ASCII = /^[ -~]*$/;
  const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
  const NO_WIDTH = /[\p{Mn}\p{Me}\u200b-\u200f\u2060\ufe0f]/u;

  /**
   * Makes the rows of an array of lines, which may grow, and of which the last may change. Call `sync()` after it did.
   * `at(row)` is {line, from, to} or undefined; `rowOf(line, character)` the way back.
   */
  function createRows(lines) {
    // starts[n] is the first row of line n; starts[lines.length] is the number of rows.
    let starts = [0];
    let columns = LONGEST;
    const cuts = remembered(cutsOf);

    function sync() {
      // The line that was the last may have grown.
      starts.length = Math.max(1, starts.length - 1);
      for (let line = starts.length - 1; line < lines.length; line += 1) {
        starts.push(starts[line] + cuts(lines[line].text, columns).length);
      }
    }

    /** How many columns a row has; null does not wrap. */
    function setColumns(wanted) {
      const next = wanted === null ? LONGEST : Math.max(10, Math.min(LONGEST, wanted));
      if (next === columns) return;
      columns = next;
      starts = [0];
      sync();
    }

    function at(row) {
      const line = lineOf(row);
      if (line >= lines.length) return undefined;
      const { text } = lines[line];
      const begins = cuts(text, columns);
      const part = row - starts[line];
      return { line, from: begins[part], to: begins[part + 1] ?? text.length };
    }

    function lineOf(row) {
      let low = 0;
      let high = lines.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle + 1] > row) high = middle;
        else low = middle + 1;
      }
      return low;
    }

    function rowOf(line, character) {
      const begins = cuts(lines[line].text, columns);
      return starts[line] + begins.findLastIndex((begin) => begin <= character);
    }

    return { sync, setColumns, at, rowOf, count: () => starts.at(-1) };
  }

  // The rows of one long line are asked for one after the other.
  function remembered(read) {
    let last = [];
    return (text, columns) => {
      if (last[0] !== text || last[1] !== columns) last = [text, columns, read(text, columns)];
      return last[2];
    };
  }

  /** Where the rows of a text begin, in characters, when each has so many columns. */
  function cutsOf(text, columns) {
    if (text.length * 2 <= columns) return [0];
    if (ASCII.test(text)) return Array.from({ length: Math.max(1, Math.ceil(text.length / columns)) }, (_, row) => row * columns);
    return unevenCuts(text, columns);
  }

  function unevenCuts(text, columns) {
    const begins = [0];
    let used = 0;
    let at = 0;
    for (const char of text) {
      const width = widthOf(char);
      if (used + width > columns) {
        begins.push(at);
        used = 0;
      }
      used += width;
      at += char.length;
    }
    return begins;
  }

  function widthOf(char) {
    if (char < '\u0300') return 1;
    if (NO_WIDTH.test(char)) return 0;
    return WIDE.test(char) ? 2 : 1;
  }

  utm.createRows = createRows;
})(window.utm = window.utm || {});
