/* The first screen: what this is, and the form to log in or to register. */
(function (utm) {
  'use strict';

  const { el, icon, text } = utm.dom;
  const VERBS = [
    ['fork', 'starts a task; it runs by itself'],
    ['ls', 'lists all of your tasks, live'],
    ['ps', 'looks into one of them'],
    ['kill', 'stops it'],
  ];

  /** Mounts the screen; `register` chooses the form, `notice` says why the user is here. */
  utm.mountLogin = function (parent, { register = false, notice = '' } = {}) {
    const status = el('p', { class: 'card__notice', role: 'status' }, notice);
    const form = register ? registerForm(showMade) : loginForm();
    const server = utm.createServerForm();
    const card = el('section', { class: 'card', 'aria-labelledby': 'login-title' },
      el('h2', { id: 'login-title' }, register ? 'Register' : 'Log in'),
      status,
      form.el,
      server && el('div', { class: 'card__server' }, server.el));
    parent.append(el('main', { class: 'welcome' }, pitch(), card));
    form.focus();

    // There is an account, but no logging in yet, and nothing left to fill in.
    function showMade(message) {
      text(status, message);
      form.el.replaceWith(el('p', { class: 'card__other' }, el('a', { href: '#/login' }, 'Log in')));
      card.querySelector('a').focus();
    }
  };

  function pitch() {
    const verbs = VERBS.flatMap(([verb, does]) => [el('dt', {}, verb), el('dd', {}, does)]);
    return el('div', { class: 'pitch' },
      el('h1', { class: 'brand brand--large' }, icon('fork'), el('span', {}, 'UNIX Task Manager')),
      el('p', { class: 'pitch__line' }, 'Background work with the UNIX process model.'),
      meter(),
      el('dl', { class: 'verbs' }, ...verbs));
  }

  // Nothing is measured here yet: the bar only shows what the page is going to look like.
  function meter() {
    const segments = ['completed', 'failed', 'killed', 'running', 'pending'].map((status) => el('span', { class: `meter__segment tone-${status}` }));
    return el('div', { class: 'meter', 'aria-hidden': 'true' }, ...segments);
  }

  function loginForm() {
    return utm.createForm({
      fields: [username(), password('current-password')],
      button: 'Log in',
      className: 'form--login',
      send: logIn,
      extra: el('p', { class: 'card__other' }, 'New here? ', el('a', { href: '#/register' }, 'Create an account')),
    });
  }

  function registerForm(showMade) {
    return utm.createForm({
      fields: [username(), email(), password('new-password')],
      button: 'Register',
      className: 'form--login',
      send: (values) => signUp(values, showMade),
      extra: el('p', { class: 'card__other' }, 'Have an account? ', el('a', { href: '#/login' }, 'Log in')),
    });
  }

  const username = () => utm.createField({
    path: 'username', label: 'Username', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true,
  });

  const email = () => utm.createField({
    path: 'email', label: 'Email', name: 'email', type: 'email', autocomplete: 'email', required: true,
  });

  const password = (autocomplete) => utm.createField({
    path: 'password', label: 'Password', name: 'password', type: 'password', autocomplete, required: true,
  });

  async function logIn(values) {
    const { data } = await utm.api.post('/userapi/login/', { username: values.username, password: values.password }, { anonymous: true });
    utm.session.start(data);
  }

  async function signUp(values, showMade) {
    const { data } = await utm.api.post('/userapi/register/', values, { anonymous: true });
    if (data.detail) showMade(data.detail); // the staff has to approve it first
    else await logIn(values);
  }
})(window.utm = window.utm || {});
