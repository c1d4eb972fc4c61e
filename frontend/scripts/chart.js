/* Small charts in SVG. Each has its figures as text, too: in words, and in a table for those who do not see it. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  const SVG = 'http://www.w3.org/2000/svg';

  function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    node.append(...children);
    return node;
  }

  /** The next round number: 1, 2, 5, 10, 20, 50, ... */
  function ceiling(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
  }

  /**
   * Makes a chart of stacked bars. `series` are [{key, label, tone}], from the ground up; `set(rows)` takes rows of
   * {label, [key]: number}, oldest first. The arrow keys go from bar to bar, and so does the pointer.
   */
  function createBars({ label, series, head }) {
    const picture = svg('svg', { class: 'chart__picture', 'aria-hidden': 'true', preserveAspectRatio: 'none' });
    const most = el('span', { class: 'chart__most tabular', 'aria-hidden': 'true' });
    const first = el('span');
    const last = el('span');
    const said = el('p', { class: 'chart__said tabular', 'aria-hidden': 'true' });
    const plot = el('div', {
      class: 'chart__plot', tabindex: '0', role: 'slider', 'aria-label': label, 'aria-valuemin': 0,
      onkeydown, onpointermove, onpointerleave: () => point(null),
    }, picture, most);
    const table = createTable(label, [head, ...series.map((one) => one.label)]);
    const root = el('div', { class: 'chart' }, said, plot, el('div', { class: 'chart__axis', 'aria-hidden': 'true' }, first, last), table.el);
    let rows = [];
    let at = null;

    function set(next) {
      rows = next;
      const top = ceiling(Math.max(...rows.map(total)));
      attr(picture, 'viewBox', `0 0 ${rows.length * 10} ${top}`);
      picture.replaceChildren(...rows.flatMap((row, index) => bar(row, index)));
      text(most, utm.format.number(top));
      text(first, rows[0]?.label ?? '');
      text(last, rows.at(-1)?.label ?? '');
      attr(plot, 'aria-valuemax', rows.length - 1);
      table.set(rows.filter(total).map((row) => [row.label, ...series.map(({ key }) => row[key])]));
      point(at);

      function bar(row, index) {
        let from = top;
        const parts = series.filter(({ key }) => row[key]).map(({ key, tone }) => {
          from -= row[key];
          return svg('rect', { class: `chart__bar tone-${tone}`, x: index * 10 + 1, width: 8, y: from, height: row[key] });
        });
        return [svg('rect', { class: 'chart__slot', 'data-at': index, x: index * 10, width: 10, y: 0, height: top }), ...parts];
      }
    }

    const total = (row) => series.reduce((sum, { key }) => sum + row[key], 0);

    function point(index) {
      at = index === null ? null : Math.max(0, Math.min(rows.length - 1, index));
      const row = rows[at ?? rows.length - 1];
      picture.querySelectorAll('.chart__slot').forEach((slot) => slot.classList.toggle('chart__slot--at', Number(slot.dataset.at) === at));
      attr(plot, 'aria-valuenow', at ?? rows.length - 1);
      attr(plot, 'aria-valuetext', row ? words(row) : 'nothing');
      text(said, row && at !== null ? words(row) : '');
    }

    function words(row) {
      const parts = series.filter(({ key }) => row[key]).map((one) => `${utm.format.number(row[one.key])} ${one.label.toLowerCase()}`);
      return `${row.label}: ${parts.join(', ') || 'none'}`;
    }

    function onkeydown(event) {
      const end = rows.length - 1;
      const to = { ArrowLeft: (at ?? end) - 1, ArrowRight: (at ?? end) + 1, ArrowDown: (at ?? end) - 1, ArrowUp: (at ?? end) + 1, Home: 0, End: end }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      point(to);
    }

    function onpointermove(event) {
      const { left, width } = plot.getBoundingClientRect();
      point(Math.floor(((event.clientX - left) / width) * rows.length));
    }

    return { el: root, set };
  }

  /** Makes a line of samples over time; `set(values, top)` draws it, `words` is what it says in a sentence. */
  function createLine({ label, tone }) {
    const area = svg('path', { class: 'chart__area' });
    const line = svg('path', { class: 'chart__line', 'vector-effect': 'non-scaling-stroke' });
    const picture = svg('svg', { class: `chart__picture chart__picture--line tone-${tone}`, role: 'img', preserveAspectRatio: 'none' }, area, line);

    function set(values, top, words) {
      const height = ceiling(Math.max(top ?? 0, ...values));
      const points = values.map((value, index) => `${index},${height - value}`);
      attr(picture, 'viewBox', `0 ${-height * 0.05} ${Math.max(1, values.length - 1)} ${height * 1.1}`);
      attr(line, 'd', points.length > 1 ? `M${points.join('L')}` : '');
      attr(area, 'd', points.length > 1 ? `M0,${height}L${points.join('L')}L${values.length - 1},${height}Z` : '');
      attr(picture, 'aria-label', `${label}: ${words}`);
    }

    return { el: picture, set };
  }

  /** Makes a bar that is parted, such as slots by who takes them; `set([{tone, label, value}], whole)`. */
  function createParts({ label }) {
    const root = el('div', { class: 'parts', role: 'img' });

    function set(parts, whole) {
      const sum = whole ?? parts.reduce((all, { value }) => all + value, 0);
      while (root.childElementCount > parts.length) root.lastChild.remove();
      parts.forEach(({ tone, value }, index) => {
        const node = root.children[index] ?? root.appendChild(el('span'));
        node.hidden = value === 0;
        attr(node, 'class', `parts__part tone-${tone}`);
        node.style.width = `${sum ? (100 * value) / sum : 0}%`;
      });
      const words = parts.map((part) => `${utm.format.number(part.value)} ${part.label}`).join(', ');
      attr(root, 'aria-label', `${label}: ${words}${whole ? ` of ${utm.format.number(whole)}` : ''}`);
    }

    return { el: root, set };
  }

  function createTable(label, titles) {
    const body = el('tbody');
    const head = el('tr', {}, ...titles.map((title) => el('th', { scope: 'col' }, title)));
    const root = el('table', {}, el('caption', {}, label), el('thead', {}, head), body);

    function set(rows) {
      body.replaceChildren(...rows.map(row));
    }

    function row([first, ...others]) {
      return el('tr', {}, el('th', { scope: 'row' }, first), ...others.map((value) => el('td', {}, String(value))));
    }

    return { el: el('div', { class: 'visually-hidden' }, root), set };
  }

  utm.chart = { createBars, createLine, createParts, ceiling };
})(window.utm = window.utm || {});
