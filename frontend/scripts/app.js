/* Chooses the screen: by the session, and by the address. */
(function (utm) {
  'use strict';

  const NOTICES = {
    expired: 'You have been logged out. Log in to go on where you were.',
    elsewhere: 'You have logged out in another tab.',
    everywhere: 'You are logged out everywhere.',
  };
  // Who comes back after these may be another user; after "expired" it is the same one, who goes on in the same place.
  const LEAVINGS = ['logout', 'everywhere', 'elsewhere'];
  const parent = document.getElementById('app');
  const toasts = utm.mountToasts(document.getElementById('feedback'));
  let workspace = null;
  let cause = '';
  // Where to go after the log in.
  let wanted = '#/tasks';

  const isDoor = ({ page }) => page === 'login' || page === 'register';

  function show() {
    const route = utm.route.now();
    if (!isDoor(route)) wanted = location.hash || '#/tasks';
    if (!utm.session.token()) return showLogin(route.page === 'register');
    if (isDoor(route)) return location.replace(wanted);
    workspace ??= utm.mountWorkspace(clear(), toasts);
    return workspace.open(route);
  }

  function showLogin(register) {
    leave();
    utm.mountLogin(clear(), { register, notice: NOTICES[cause] });
  }

  function leave() {
    workspace?.unmount();
    workspace = null;
  }

  /** Leaves nothing of the user to the next one. */
  function forget() {
    history.replaceState(null, '', '#/tasks');
    utm.forgetForks();
  }

  function clear() {
    parent.replaceChildren();
    return parent;
  }

  window.addEventListener('hashchange', show);
  utm.session.onChange((why) => {
    cause = why;
    leave();
    toasts.clear();
    if (!utm.session.token() && LEAVINGS.includes(why)) forget();
    show();
  });
  show();
})(window.utm = window.utm || {});
