/* The bar at the top: the name of the product, whether the list is live, the user. */
(function (utm) {
  'use strict';

  const { el, attr, text, icon } = utm.dom;

  /** Mounts the bar. `setLive(true|false)` says whether the last reading of the list succeeded. */
  utm.mountTopBar = function (parent, { onLogout }) {
    const word = el('span', {}, 'Connecting');
    const live = el('span', { class: 'live', dataset: { live: 'wait' } }, el('span', { class: 'live__dot' }), word);
    const logout = el('button', { type: 'button', class: 'button', onclick: onLogout }, 'Log out');
    parent.append(el('header', { class: 'top' }, brand(), live, user(), logout));

    return {
      setLive(is) {
        attr(live, 'data-live', is ? 'yes' : 'no');
        text(word, is ? 'Live' : 'Retrying');
      },
    };
  };

  function brand() {
    return el('a', { class: 'brand', href: '#/tasks' }, icon('fork'), el('span', {}, 'UNIX Task Manager'));
  }

  function user() {
    const server = utm.session.fromDisk ? el('span', { class: 'top__server' }, utm.session.server()) : null;
    return el('span', { class: 'top__user' }, server, el('span', {}, utm.session.username()));
  }
})(window.utm = window.utm || {});
