/* The address of the server, for pages opened from disk. */
(function (utm) {
  'use strict';

  /** Makes the form; null where the page is served, for then its server is the API's. */
  utm.createServerForm = function () {
    if (!utm.session.fromDisk) return null;
    const server = utm.createField({
      path: 'server', label: 'Server', value: utm.session.server(),
      type: 'url', inputmode: 'url', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none',
    });
    return utm.createForm({ fields: [server], button: 'Use', className: 'form--server', send });
  };

  async function send({ server }) {
    try {
      utm.session.setServer(server);
    } catch {
      throw new utm.ApiError(400, '', { fields: { server: 'Not an address; one looks like http://localhost:8000' } });
    }
  }
})(window.utm = window.utm || {});
