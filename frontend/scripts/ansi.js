/* What a terminal makes of output: lines of plain text and the style of their parts (ECMA-48, xterm). Pure. */
(function (utm) {
  'use strict';

  const TAB = 8;
  // How far to the right a control sequence may send the cursor, and how long an unfinished one may be.
  const WIDEST = 1000;
  const UNFINISHED = 4096;
  const PLAIN = Object.freeze({});

  /* eslint-disable no-control-regex -- control characters are what this is about */
  const SPECIAL = /[\x00-\x1f\x7f-\x9f]/;
  const TEXT = /[^\x00-\x1f\x7f-\x9f]+/y;
  const CSI = /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])/y;
  const STRING = /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)/y;
  const OTHER = /\x1b[ -/]*[0-~]/y;
  const BEGUN = /(?:\x1b[\]PX^_](?:(?!\x1b\\)[^\x07\x9c\n])*|(?:\x1b\[|\x9b)[0-?]*[ -/]*|\x1b[ -/]*)$/;
  /* eslint-enable no-control-regex */

  const FLAGS = {
    1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 8: { hidden: true }, 9: { strike: true },
    22: { bold: false, dim: false }, 23: { italic: false }, 24: { underline: false }, 27: { inverse: false }, 28: { hidden: false }, 29: { strike: false },
    39: { fg: null }, 49: { bg: null },
  };

  /**
   * Makes a terminal. `write(text)` takes the next piece of output, wherever it was cut; `lines` has what is there so
   * far, each {text, styles}: `styles` has a style for each character, or is null when all of it is plain. The last
   * line is the one that is being written.
   */
  function createTerminal() {
    const lines = [emptyLine()];
    let style = PLAIN;
    let cursor = 0;
    let rest = '';

    function write(chunk) {
      const given = rest + chunk;
      rest = unfinished(given);
      const ready = rest ? given.slice(0, -rest.length) : given;
      const parts = ready.split('\n');
      parts.forEach((part, index) => {
        if (index) newLine();
        if (part) writePart(part);
      });
    }

    function newLine() {
      lines.push(emptyLine());
      cursor = 0;
    }

    function writePart(part) {
      if (!SPECIAL.test(part)) return put(part);
      let at = 0;
      while (at < part.length) at = step(part, at);
      return undefined;
    }

    /** Takes the text, sequence or control character at this place; returns the place after it. */
    function step(part, at) {
      const text = match(TEXT, part, at);
      const control = text ?? match(CSI, part, at);
      const found = control ?? match(STRING, part, at) ?? match(OTHER, part, at) ?? [part[at]];
      if (text) put(text[0]);
      else if (control) obey(control[2], control[1]);
      else if (found.index === undefined) character(part[at]);
      return at + found[0].length;
    }

    function character(char) {
      if (char === '\r') cursor = 0;
      else if (char === '\b') cursor = Math.max(0, cursor - 1);
      else if (char === '\t') put(' '.repeat(TAB - (cursor % TAB)));
      else if (char === '\f' || char === '\v') newLine();
      else if (char < ' ' && char !== '\x07' && char !== '\0') put(String.fromCharCode(0x2400 + char.charCodeAt(0)));
    }

    function obey(final, given) {
      const number = Math.min(WIDEST, Number.parseInt(given, 10) || 1);
      if (final === 'm') style = restyled(style, given);
      else if (final === 'K') erase(Number.parseInt(given, 10) || 0);
      else if (final === 'G') cursor = number - 1;
      else if (final === 'C') cursor = Math.min(Math.max(cursor, WIDEST), cursor + number);
      else if (final === 'D') cursor = Math.max(0, cursor - number);
    }

    function erase(how) {
      const line = lines.at(-1);
      if (how === 0) cut(line, cursor);
      else if (how === 2) cut(line, 0);
      else if (how === 1) overwrite(line, 0, ' '.repeat(Math.min(cursor, line.text.length)), PLAIN);
    }

    function put(text) {
      const line = lines.at(-1);
      if (cursor > line.text.length) overwrite(line, line.text.length, ' '.repeat(cursor - line.text.length), PLAIN);
      overwrite(line, cursor, text, style);
      cursor += text.length;
    }

    return { write, lines };
  }

  const emptyLine = () => ({ text: '', styles: null });

  function match(pattern, text, at) {
    pattern.lastIndex = at;
    return pattern.exec(text);
  }

  function cut(line, length) {
    line.text = line.text.slice(0, length);
    line.styles?.splice(length);
  }

  function overwrite(line, at, text, style) {
    const before = line.text.length;
    line.text = at === before ? line.text + text : line.text.slice(0, at) + text + line.text.slice(at + text.length);
    if (!line.styles && style === PLAIN) return;
    line.styles ??= new Array(before).fill(PLAIN);
    for (let index = at; index < at + text.length; index += 1) line.styles[index] = style;
  }

  /** What of the end of a text is the beginning of a control sequence, and so has to wait for more. */
  function unfinished(text) {
    return BEGUN.exec(text.slice(-UNFINISHED))?.[0] ?? '';
  }

  /** The style after a "select graphic rendition" with these parameters. */
  function restyled(style, given) {
    const codes = given.split(/[;:]/).map((code) => Number.parseInt(code, 10) || 0);
    let next = style;
    for (let index = 0; index < codes.length; index += 1) {
      const code = codes[index];
      if (code === 38 || code === 48) index = extended(codes, index, (color) => { next = { ...next, [code === 38 ? 'fg' : 'bg']: color }; });
      else next = simple(next, code);
    }
    return tidy(next);
  }

  function simple(style, code) {
    if (code === 0) return PLAIN;
    if (code in FLAGS) return { ...style, ...FLAGS[code] };
    const base = { 3: ['fg', 0], 4: ['bg', 0], 9: ['fg', 8], 10: ['bg', 8] }[Math.floor(code / 10)];
    return base && code % 10 < 8 ? { ...style, [base[0]]: (code % 10) + base[1] } : style;
  }

  /** Reads "38;5;n" and "38;2;r;g;b" (48 for the ground); returns the index of the last code that belongs to it. */
  function extended(codes, index, set) {
    if (codes[index + 1] === 5) {
      set(indexed(codes[index + 2] ?? 0));
      return index + 2;
    }
    if (codes[index + 1] !== 2) return index + 1;
    set(rgb(codes.slice(index + 2, index + 5)));
    return index + 4;
  }

  /** A colour of the palette of 256: the first 16 by number, for they follow the theme, the others as CSS. */
  function indexed(number) {
    if (number < 16) return Math.max(0, number);
    if (number >= 232) return rgb(new Array(3).fill(8 + 10 * (number - 232)));
    const cube = number - 16;
    return rgb([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => (level ? 55 + 40 * level : 0)));
  }

  function rgb(parts) {
    const [red = 0, green = 0, blue = 0] = parts.map((part) => Math.min(255, part));
    return `rgb(${red}, ${green}, ${blue})`;
  }

  // Plain is one object, so that plain text can be told by identity.
  function tidy(style) {
    const set = Object.entries(style).filter(([, value]) => value !== null && value !== false);
    return set.length ? Object.freeze(Object.fromEntries(set)) : PLAIN;
  }

  /** The parts of a line from one character to another that have one style each: [{text, style}]. */
  function spans({ text, styles }, from = 0, to = text.length) {
    if (!styles) return [{ text: text.slice(from, to), style: PLAIN }];
    const found = [];
    let start = from;
    for (let index = from + 1; index <= to; index += 1) {
      if (index < to && styles[index] === styles[start]) continue;
      found.push({ text: text.slice(start, index), style: styles[start] ?? PLAIN });
      start = index;
    }
    return found;
  }

  utm.ansi = { createTerminal, spans, PLAIN };
})(window.utm = window.utm || {});
