/* The output of a task: a toolbar (find, follow, wrap, copy, download, enlarge) over the window on its lines. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon, emit } = utm.dom;
  const WRAP_KEY = 'utm.output.wrap';
  const SAID = {
    reading: 'Reading…',
    following: 'Live',
    polling: 'Polling',
    paused: 'Paused',
    trouble: 'Broken off, trying again',
    ended: '',
  };

  /** Mounts the viewer of a task's output. `note(task)` tells it how the task stands. */
  utm.mountOutput = function (parent, id, task) {
    const terminal = utm.ansi.createTerminal();
    const find = utm.createFind(terminal.lines);
    const view = utm.createOutputView({ lines: terminal.lines, find, label: `Output of task ${id}`, onFollow });
    const state = el('span', { class: 'output__state' });
    const extent = el('span', { class: 'output__extent tabular' });
    const none = el('p', { class: 'block__none' });
    const missed = el('button', { type: 'button', class: 'output__missed', hidden: true, onclick: view.toEnd });
    const search = utm.createOutputSearch({ find, view });
    const tools = createTools({ toggleFollow, toggleWrap, enlarge, copy, download });
    const title = el('h3', { id: `output-${id}`, class: 'block__title' }, 'Output');
    const head = el('div', { class: 'output__head' }, title, extent, state, el('span', { class: 'output__room' }), search.el, tools.el);
    const box = el('div', { class: 'output__box' }, view.el, missed);
    const root = el('section', { class: 'block output', 'aria-labelledby': title.id, onkeydown }, head, box, none);
    let known = task;
    let source = null;
    let leftAt = 0;
    parent.append(root);
    source = utm.createOutputSource(id, { onText, onState, mayPrint });
    setWrap(utm.store.read(WRAP_KEY) ?? true);
    tools.follow.set(true);
    show();

    function mayPrint() {
      return !known || utm.status.isActive(known) || known.reason === 'terminating';
    }

    function onText(chunk) {
      terminal.write(chunk);
      find.sync();
      search.count();
      view.refresh();
      show();
    }

    function onState(next) {
      attr(root, 'data-state', next);
      text(state, SAID[next]);
      show();
    }

    function onFollow(is) {
      tools.follow.set(is);
      leftAt = lineCount();
      showMissed();
    }

    function lineCount() {
      return terminal.lines.length - (terminal.lines.at(-1).text === '' ? 1 : 0);
    }

    function show() {
      const empty = lineCount() === 0;
      root.classList.toggle('output--empty', empty);
      none.hidden = !empty;
      text(none, mayPrint() ? 'Nothing yet.' : 'It has printed nothing.');
      text(extent, empty ? '' : `${utm.format.count(lineCount(), 'line')}, ${utm.format.bytes(source?.size() ?? 0)}`);
      showMissed();
    }

    function showMissed() {
      const lines = lineCount() - leftAt;
      missed.hidden = view.following() || lines <= 0;
      text(missed, `↓ ${utm.format.count(lines, 'new line')}`);
    }

    function setWrap(is) {
      tools.wrap.set(is);
      view.setWrap(is);
    }

    function toggleWrap() {
      const is = !tools.wrap.is();
      utm.store.write(WRAP_KEY, is);
      setWrap(is);
    }

    function toggleFollow() {
      if (view.following()) view.leave();
      else view.toEnd();
    }

    function enlarge(is) {
      tools.enlarge.set(is);
      root.classList.toggle('output--large', is);
    }

    async function copy() {
      const done = await utm.toClipboard(terminal.lines.map((line) => line.text).join('\n'));
      emit(root, 'toast', { text: done ? 'Output copied' : 'The browser does not let this page copy' });
    }

    function download() {
      utm.download(source.blob(), `task-${id}.txt`);
    }

    // The page's own keys are not meant here.
    function onkeydown(event) {
      const finds = event.key === 'f' && (event.ctrlKey || event.metaKey);
      const leaves = event.key === 'Escape' && tools.enlarge.is();
      if (!finds && !leaves) return;
      event.preventDefault();
      event.stopPropagation();
      if (finds) search.focus();
      else enlarge(false);
    }

    function note(next) {
      const could = mayPrint();
      known = { ...known, ...next };
      if (could !== mayPrint()) source.note();
      show();
    }

    return {
      note,
      unmount() {
        source.stop();
        view.unmount();
      },
    };
  };

  function createTools({ toggleFollow, toggleWrap, enlarge, copy, download }) {
    const follow = toggle('follow', 'Follow the end', toggleFollow);
    const wrap = toggle('wrap', 'Wrap long lines', toggleWrap);
    const large = toggle('enlarge', 'Enlarge', () => enlarge(!large.is()));
    const root = el('div', { class: 'output__tools', role: 'group', 'aria-label': 'Output' },
      follow.el, wrap.el, tool('copy', 'Copy the output', copy), tool('download', 'Download the output', download), large.el);
    return { el: root, follow, wrap, enlarge: large };
  }

  function tool(shape, label, onclick) {
    return el('button', { type: 'button', class: 'button button--icon output__tool', 'aria-label': label, title: label, onclick }, icon(shape));
  }

  function toggle(shape, label, onclick) {
    const button = tool(shape, label, onclick);
    const set = (is) => attr(button, 'aria-pressed', is ? 'true' : 'false');
    set(false);
    return { el: button, set, is: () => button.getAttribute('aria-pressed') === 'true' };
  }
})(window.utm = window.utm || {});
