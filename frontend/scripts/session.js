/* Which server the page talks to and who is logged in there. */
(function (utm) {
  'use strict';

  const SERVER_KEY = 'utm.server';
  const fromDisk = location.protocol === 'file:';
  const listeners = new Set();
  const renamed = new Set();
  let server = fromDisk ? utm.store.read(SERVER_KEY) || 'http://localhost:8000' : location.origin;
  let current = utm.store.read(sessionKey());

  // A token is kept with its server and is never sent to another one.
  function sessionKey() {
    return `utm.session ${server}`;
  }

  function change(session, cause) {
    current = session;
    listeners.forEach((listener) => listener(cause));
  }

  /** Keeps the answer of a log in. */
  function start({ token, username }) {
    const session = { token, username };
    utm.store.write(sessionKey(), session);
    change(session, 'start');
  }

  /** The user has another name now. */
  function rename(username) {
    current = { ...current, username };
    utm.store.write(sessionKey(), current);
    renamed.forEach((listener) => listener(username));
  }

  /** Forgets the token; the cause is "logout", or "expired" when the server no longer takes it. */
  function end(cause) {
    if (!current) return;
    utm.store.write(sessionKey(), null);
    change(null, cause);
  }

  /** Talks to another server from now on (pages opened from disk only). Throws a TypeError for what is no address. */
  function setServer(address) {
    const typed = address.trim();
    const url = new URL(/^https?:\/\//i.test(typed) ? typed : `http://${typed}`);
    server = (url.origin + url.pathname).replace(/\/+$/, '');
    utm.store.write(SERVER_KEY, server);
    change(utm.store.read(sessionKey()), 'server');
  }

  // Another tab of the page logged in or out.
  window.addEventListener('storage', (event) => {
    if (event.key === sessionKey()) change(utm.store.read(sessionKey()), 'elsewhere');
  });

  utm.session = {
    fromDisk,
    start,
    end,
    rename,
    setServer,
    server: () => server,
    token: () => current?.token ?? null,
    username: () => current?.username ?? '',
    /** Calls the listener with the cause whenever the user or the server changes. */
    onChange: (listener) => listeners.add(listener),
    onRename(listener) {
      renamed.add(listener);
      return () => renamed.delete(listener);
    },
  };
})(window.utm = window.utm || {});
