/* A part of a line of output as elements: its styles, and what was found in it. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const FLAGS = ['bold', 'dim', 'italic', 'underline', 'strike', 'hidden'];

  /** The nodes for a line from one character to another, with the hits of a search marked. */
  utm.outputParts = function (line, from, to, hits) {
    let at = from;
    return utm.ansi.spans(line, from, to).flatMap(({ text, style }) => {
      const start = at;
      at += text.length;
      return pieces(start, at, hits).map(({ begin, end, hit }) => part(line.text.slice(begin, end), style, hit));
    });
  };

  /** Cuts a span where hits begin and end. */
  function pieces(start, end, hits) {
    const found = [];
    let at = start;
    for (const hit of hits) {
      if (hit.to <= at || hit.from >= end) continue;
      if (hit.from > at) found.push({ begin: at, end: hit.from });
      at = Math.min(end, hit.to);
      found.push({ begin: Math.max(start, hit.from), end: at, hit });
    }
    if (at < end) found.push({ begin: at, end });
    return found;
  }

  function part(text, style, hit) {
    const styled = style === utm.ansi.PLAIN ? text : styledSpan(text, style);
    return hit ? el('mark', { class: `output__hit${hit.current ? ' output__hit--current' : ''}` }, styled) : styled;
  }

  function styledSpan(text, style) {
    const { fg, bg, inverse } = style;
    const span = el('span', { class: FLAGS.filter((flag) => style[flag]).map((flag) => `ansi--${flag}`).join(' ') }, text);
    colour(span, 'fg', inverse ? bg ?? (fg === undefined ? 'ground' : 'ink') : fg);
    colour(span, 'bg', inverse ? fg ?? 'ink' : bg);
    return span;
  }

  // The sixteen colours that have names follow the theme; of the others only the tone is taken, so that they can be read.
  function colour(span, place, value) {
    if (value === undefined || value === null) return;
    const any = typeof value === 'string' && value.startsWith('rgb');
    if (any) span.style.setProperty(`--${place}`, value);
    span.classList.add(`ansi-${place}-${any ? 'any' : value}`);
  }
})(window.utm = window.utm || {});
