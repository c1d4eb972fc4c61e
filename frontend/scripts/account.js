/* The account: profile, password, how the page looks, and the ways to log out. */
(function (utm) {
  'use strict';

  const { el } = utm.dom;
  const ME = '/userapi/me/';

  /** Mounts the account. */
  utm.mountAccount = function (parent, { toasts }) {
    const pane = utm.createPane('Account');
    const say = (text) => toasts.toast({ text });
    const profile = createProfile(say);
    pane.body.append(
      part('Profile', profile.el),
      part('Password', createPassword(say).el),
      part('Look', createLook()),
      part('Sessions', createSessions(toasts)),
      utm.session.fromDisk ? part('Server', utm.createServerForm().el) : '');
    parent.replaceChildren(pane.el);
    profile.load();
    return { focus: pane.focus, unmount: () => pane.el.remove() };
  };

  const part = (title, content) => el('section', { class: 'pane__section' }, el('h3', { class: 'pane__part' }, title), content);

  function createProfile(say) {
    const username = utm.createField({ path: 'username', label: 'Username', value: utm.session.username(), autocomplete: 'username', spellcheck: 'false', required: true });
    const email = utm.createField({ path: 'email', label: 'Email', type: 'email', autocomplete: 'email', required: true });
    const form = utm.createForm({ fields: [username, email], button: 'Save', className: 'form--profile', send });

    async function load() {
      const { data } = await utm.api.get(ME).catch(() => ({ data: {} }));
      if (!email.input.value) email.input.value = data.email ?? '';
    }

    async function send(values) {
      const { data } = await utm.api.patch(ME, values);
      utm.session.rename(data.username);
      say('Your profile is saved.');
    }

    return { el: form.el, load };
  }

  function createPassword(say) {
    const field = (path, label, autocomplete) => utm.createField({ path, label, type: 'password', autocomplete, required: true });
    const fields = [field('old_password', 'Old password', 'current-password'), field('new_password', 'New password', 'new-password')];
    const form = utm.createForm({ fields, button: 'Change password', className: 'form--password', send });
    // By this, a browser that keeps passwords knows whose it is.
    form.el.prepend(el('input', { class: 'visually-hidden', autocomplete: 'username', value: utm.session.username(), tabindex: '-1', 'aria-hidden': 'true' }));
    return form;

    async function send(values) {
      await utm.api.post('/userapi/password/', values);
      fields.forEach((each) => each.reset());
      say('Your password is changed. Everywhere else you are logged out.');
    }
  }

  function createLook() {
    const choices = utm.theme.all.map((theme) => {
      const input = el('input', { type: 'radio', name: 'theme', value: theme, checked: utm.theme.get() === theme, onchange: () => utm.theme.set(theme) });
      return el('label', { class: 'segment' }, input, el('span', {}, theme[0].toUpperCase() + theme.slice(1)));
    });
    return el('fieldset', { class: 'segments' }, el('legend', { class: 'visually-hidden' }, 'Look'), ...choices);
  }

  function createSessions(toasts) {
    const out = el('button', { type: 'button', class: 'button', onclick: () => leave('/userapi/logout/', 'logout', toasts) }, 'Log out');
    const everywhere = el('button', { type: 'button', class: 'button button--danger', onclick: () => leaveEverywhere(toasts) }, 'Log out everywhere');
    return el('div', { class: 'pane__row' }, out, everywhere);
  }

  async function leaveEverywhere(toasts) {
    const question = { title: 'Log out everywhere?', text: 'All of your tokens stop working, also those of scripts. Your tasks go on.', button: 'Log out everywhere', danger: true };
    if (!(await utm.confirm(question))) return;
    try {
      await utm.api.post('/userapi/logoutall/');
      utm.session.end('everywhere');
    } catch (error) {
      toasts.toast({ text: error.message, tone: 'danger' });
    }
  }

  // Logging out here does not wait for the server, which may be away.
  function leave(path, cause) {
    utm.api.post(path).catch(() => {});
    utm.session.end(cause);
  }
})(window.utm = window.utm || {});
