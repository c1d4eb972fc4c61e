/* Chooses the screen: by the session, and by the hash of the URL (#/tasks, #/tasks/7, #/login, #/register). */
(function (utm) {
  'use strict';

  const NOTICES = {
    expired: 'You have been logged out. Log in to go on where you were.',
    elsewhere: 'You have logged out in another tab.',
    logout: '',
    server: '',
  };
  const parent = document.getElementById('app');
  const notice = utm.mountNotice(document.getElementById('feedback'));
  let workspace = null;
  let cause = '';
  // Where to go after the log in.
  let wanted = '#/tasks';

  function route() {
    const [, page = 'tasks', id = ''] = /^#\/(\w+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
    return { page, id: id === '' ? null : Number(id) };
  }

  function isDoor(page) {
    return page === 'login' || page === 'register';
  }

  function show() {
    const { page, id } = route();
    if (!isDoor(page)) wanted = location.hash || '#/tasks';
    if (!utm.session.token()) return showLogin(page === 'register');
    if (isDoor(page)) return location.replace(wanted);
    workspace ??= utm.mountWorkspace(clear(), notice);
    return workspace.open(id);
  }

  function showLogin(register) {
    leave();
    utm.mountLogin(clear(), { register, notice: NOTICES[cause] });
  }

  function leave() {
    workspace?.unmount();
    workspace = null;
  }

  function clear() {
    parent.replaceChildren();
    return parent;
  }

  window.addEventListener('hashchange', show);
  utm.session.onChange((why) => {
    cause = why;
    leave();
    notice.clear();
    show();
  });
  show();
})(window.utm = window.utm || {});
