/* The columns of the list, as ps has them: what each is called, what it is sorted by, and the cell of a row. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;
  const { visible } = utm.format;

  const now = () => utm.api.now();
  const plain = (read, tag = 'span', props = {}) => () => {
    const node = el(tag, props);
    return { el: node, set: (task) => text(node, read(task)) };
  };

  // What ticks is set again every second.
  const ticking = (read) => () => {
    const node = el('span');
    const tick = (task) => text(node, read(task));
    return { el: node, set: tick, tick };
  };

  function programCell() {
    const program = el('span', { class: 'row__program-name' });
    const args = el('span', { class: 'row__args' });
    const root = el('span', { class: 'row__run' }, program, ' ', args);
    const set = (task) => {
      text(program, visible(task.program));
      text(args, visible(task.args));
      attr(root, 'title', visible(`${task.program} ${task.args}`.trim()));
    };
    return { el: root, set };
  }

  function statusCell() {
    const badge = utm.status.badge();
    const reason = el('span', { class: 'row__reason' });
    const root = el('span', { class: 'row__state' }, badge.el, reason);
    const set = (task) => {
      badge.set(task.status);
      text(reason, reasonOf(task));
      attr(reason, 'title', reasonOf(task));
    };
    return { el: root, set };
  }

  function reasonOf({ status, reason, run_at: due }) {
    if (status === 'pending' && due && Date.parse(due) > now()) return `in ${utm.format.age(Date.parse(due) - now())}`;
    return reason ?? '';
  }

  function progressCell() {
    const fill = el('span', { class: 'bar__fill' });
    const bar = el('span', { class: 'bar' }, fill);
    const words = el('span', { class: 'bar__words' });
    const root = el('span', { class: 'row__bar' }, bar, words);
    const set = ({ status, progress = null, progress_text: said }) => {
      root.hidden = progress === null;
      const percent = Math.round((progress ?? 0) * 100);
      attr(bar, 'class', `bar tone-${status}`);
      fill.style.transform = `scaleX(${percent / 100})`;
      text(words, `${percent}%`);
      attr(root, 'title', visible(said) || null);
    };
    return { el: root, set };
  }

  const ageOf = (task) => (task.created === null ? '' : utm.format.age(Math.max(0, now() - task.created)));

  function elapsedOf(task) {
    const ms = utm.filter.elapsedOf(task, now());
    if (ms === null) return '';
    return task.ended !== null && ms < 10000 ? utm.format.duration(ms) : utm.format.clock(ms);
  }

  utm.columns = [
    { key: 'id', title: 'ID', create: plain((task) => task.id) },
    { key: 'name', title: 'Name' },
    { key: 'program', title: 'Program', create: programCell },
    { key: 'status', title: 'Status', create: statusCell },
    { key: 'nice', title: 'Nice', create: plain((task) => task.nice ?? '') },
    { key: 'progress', title: 'Progress', create: progressCell },
    { key: 'age', title: 'Age', create: ticking(ageOf) },
    { key: 'elapsed', title: 'Elapsed', create: ticking(elapsedOf) },
    { key: 'exit', title: 'Exit', create: plain((task) => task.exit_code ?? '') },
  ];
})(window.utm = window.utm || {});
