/* The bar at the top: the name of the product, the views, how live the page is, the user. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon } = utm.dom;
  const WORDS = {
    off: 'Connecting',
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    polling: 'Polling',
    paused: 'Paused',
  };
  const TITLES = {
    live: 'Each change is shown as it happens. Press to pause.',
    polling: 'There is no stream of events to be had, so the list is read every few seconds. Press to pause.',
    paused: 'The page stays as it is. Press to go on.',
  };

  /** Mounts the bar; `setPage(name)` marks the view that is open, `onSkip()` goes past the bar. */
  utm.mountTopBar = function (parent, { onSkip }) {
    const links = [navLink('tasks', 'Tasks'), navLink('top', 'Top')];
    const fork = el('a', { class: 'button button--primary top__fork', href: '#/fork' }, icon('plus'), el('span', {}, 'Fork'));
    const help = el('a', { class: 'button button--icon top__help', href: '#/help', 'aria-label': 'Help and keys', title: 'Help and keys (?)' }, icon('help'));
    const name = el('span', { class: 'top__name' }, utm.session.username());
    const account = el('a', { class: 'button top__account', href: '#/account', title: 'Account' }, icon('user'), name);
    const live = liveButton();
    const server = utm.session.fromDisk ? el('span', { class: 'top__server' }, utm.session.server()) : null;
    parent.append(el('header', { class: 'top' },
      el('button', { type: 'button', class: 'button skip', onclick: onSkip }, 'Skip to the list'),
      brand(),
      el('nav', { class: 'top__views', 'aria-label': 'Views' }, ...links),
      live.el, server, el('span', { class: 'top__space' }), fork, help, account));
    const all = { tasks: links[0], top: links[1], fork, help, account };

    /** Marks the link of the open page; all keep the filter of the list. */
    function setPage(page) {
      Object.entries(all).forEach(([name, link]) => {
        attr(link, 'href', utm.route.to(name));
        attr(link, 'aria-current', name === page ? 'page' : null);
      });
    }

    const ends = [live.unmount, utm.session.onRename((username) => text(name, username))];
    return { setPage, unmount: () => ends.forEach((end) => end()) };
  };

  const navLink = (page, word) => el('a', { class: 'top__view', href: `#/${page}` }, word);

  function brand() {
    return el('a', { class: 'brand', href: '#/tasks', 'aria-label': 'UNIX Task Manager' }, icon('fork'), el('span', { class: 'brand__name' }, 'UNIX Task Manager'));
  }

  function liveButton() {
    const word = el('span', { class: 'live__word' });
    const root = el('button', { type: 'button', class: 'live', onclick: () => utm.live.pause(!utm.live.isPaused()) }, el('span', { class: 'live__dot' }), word);
    const set = (state) => {
      attr(root, 'data-live', state);
      attr(root, 'aria-pressed', String(utm.live.isPaused()));
      attr(root, 'title', TITLES[state] ?? 'The connection to the server is being made.');
      text(word, WORDS[state]);
    };
    set(utm.live.state());
    return { el: root, unmount: utm.live.on('state', set) };
  }
})(window.utm = window.utm || {});
