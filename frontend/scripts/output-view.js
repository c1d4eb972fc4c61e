/* The window on the lines of output: only the rows that are seen are in the document. */
(function (utm) {
  'use strict';

  const { el, attr } = utm.dom;
  // Browsers do not scroll further than some ten million pixels: past that, a pixel stands for more.
  const TALLEST = 8e6;
  const SPARE = 10;

  /**
   * Makes the view of lines. `refresh()` is called when lines have come, `setWrap(is)`, `show(hit)` scrolls to what was
   * found, `toEnd()` follows. `onFollow(is)` is told when the user leaves the end or comes back to it.
   */
  utm.createOutputView = function ({ lines, find, label, onFollow }) {
    const block = el('div', { class: 'output__rows' });
    const space = el('div', { class: 'output__space' }, block);
    const root = el('div', { class: 'output__scroll', tabindex: '0', role: 'region', 'aria-label': label, onscroll, oncopy: copySelected }, space);
    const rows = utm.createRows(lines);
    const shown = new Map();
    let wrap = true;
    let following = true;
    let lastTop = 0;
    let size = { row: 18, char: 7.2 };
    let frame = null;
    let painted = 0;

    function refresh() {
      frame ??= requestAnimationFrame(() => {
        frame = null;
        layOut();
      });
    }

    function layOut() {
      rows.sync();
      root.style.setProperty('--digits', String(lines.length).length);
      root.style.setProperty('--count', total());
      rows.setColumns(wrap ? columns() : null);
      space.style.height = `${Math.min(TALLEST, total() * size.row)}px`;
      if (following) root.scrollTop = root.scrollHeight;
      paint();
    }

    // A last line that is empty has not begun yet.
    function total() {
      return rows.count() - (lines.at(-1).text === '' ? 1 : 0);
    }

    function columns() {
      const gutter = (String(lines.length).length + 3) * size.char;
      return Math.floor((root.clientWidth - gutter - 12) / size.char);
    }

    // How many pixels of content a pixel of scrolling stands for.
    function ratio() {
      const height = Math.min(TALLEST, total() * size.row);
      const room = height - root.clientHeight;
      return room > 0 ? (total() * size.row - root.clientHeight) / room : 1;
    }

    function paint() {
      const top = root.scrollTop * ratio();
      const first = Math.max(0, Math.floor(top / size.row) - SPARE);
      const last = Math.min(total(), Math.ceil((top + root.clientHeight) / size.row) + SPARE);
      block.style.transform = `translateY(${first * size.row - top + root.scrollTop}px)`;
      for (const [row, kept] of shown) if (row < first || row >= last) drop(row, kept);
      for (let row = first; row < last; row += 1) place(row, row - first);
    }

    function drop(row, { node }) {
      node.remove();
      shown.delete(row);
    }

    // What has not changed keeps its element, and with it what the user has selected there.
    function place(row, position) {
      const part = rows.at(row);
      const stamp = part.line === lines.length - 1 ? null : `${part.line} ${part.from} ${part.to} ${painted}`;
      const kept = shown.get(row);
      const node = kept?.stamp && kept.stamp === stamp ? kept.node : createRow(part);
      if (kept && kept.node !== node) kept.node.replaceWith(node);
      if (block.children[position] !== node) block.insertBefore(node, block.children[position] ?? null);
      shown.set(row, { node, stamp });
    }

    function createRow({ line, from, to }) {
      const row = el('div', { class: 'output__row', 'data-number': from === 0 ? line + 1 : null });
      row.append(...utm.outputParts(lines[line], from, to, find.inLine(line)));
      return row;
    }

    function onscroll() {
      const end = root.scrollTop + root.clientHeight >= root.scrollHeight - size.row;
      if (end) setFollowing(true);
      else if (root.scrollTop < lastTop) setFollowing(false);
      lastTop = root.scrollTop;
      if (frame === null) paint();
    }

    function setFollowing(is) {
      if (is === following) return;
      following = is;
      onFollow(is);
    }

    function toEnd() {
      setFollowing(true);
      refresh();
    }

    /** Stays where it is, whatever comes. */
    function leave() {
      setFollowing(false);
    }

    function setWrap(is) {
      const top = rows.at(Math.floor(topRow()));
      wrap = is;
      root.classList.toggle('output__scroll--wrap', is);
      layOut();
      if (!following && top) scrollToRow(rows.rowOf(top.line, top.from), 0);
    }

    /** Scrolls so that a hit is seen, and paints the hits anew. */
    function show(hit) {
      painted += 1;
      if (hit) {
        setFollowing(false);
        const row = rows.rowOf(hit.line, hit.from);
        const below = row - topRow();
        if (below < 1 || below > root.clientHeight / size.row - 2) scrollToRow(row, root.clientHeight / 3);
      }
      paint();
      block.querySelector('.output__hit--current')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }

    function scrollToRow(row, above) {
      root.scrollTop = Math.max(0, row * size.row - above) / ratio();
      lastTop = root.scrollTop;
    }

    // The row, as a number with a fraction, that is at the upper edge.
    function topRow() {
      return (root.scrollTop * ratio()) / size.row;
    }

    /** The first line that is seen. */
    function topLine() {
      return rows.at(Math.floor(topRow()))?.line ?? 0;
    }

    function measure() {
      const probe = el('div', { class: 'output__row' }, el('span', {}, '0'.repeat(100)));
      block.append(probe);
      const { height } = probe.getBoundingClientRect();
      const { width } = probe.firstChild.getBoundingClientRect();
      probe.remove();
      if (height && width) size = { row: height, char: width / 100 };
      refresh();
    }

    const resized = new ResizeObserver(measure);
    resized.observe(root);
    return { el: root, refresh, setWrap, show, toEnd, leave, topLine, following: () => following, unmount: () => resized.disconnect() };
  };

  // Where the view has wrapped a line, the clipboard gets no line break.
  function copySelected(event) {
    const selection = getSelection();
    if (selection.rangeCount !== 1 || selection.isCollapsed) return;
    const copied = [...selection.getRangeAt(0).cloneContents().querySelectorAll('.output__row')];
    if (!copied.length) return;
    const text = copied.map((row, index) => (index && row.dataset.number ? '\n' : '') + row.textContent);
    event.clipboardData.setData('text/plain', text.join(''));
    event.preventDefault();
  }
})(window.utm = window.utm || {});
