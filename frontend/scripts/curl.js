/* Calls of the API as lines for a shell. Pure. */
(function (utm) {
  'use strict';

  /** A word for a POSIX shell: quoted where that is needed. */
  function quoted(word) {
    return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  }

  /**
   * The curl line for a call, with $TOKEN in place of the token or the token itself. `body` is JSON text or a value;
   * `flags` such as "N" (do not buffer) go to curl.
   */
  utm.curl = function (method, path, { body = null, token = '$TOKEN', flags = '' } = {}) {
    const verb = method === 'GET' ? '' : `-X ${method} `;
    const lines = [`curl ${flags ? `-${flags} ` : ''}${verb}${quoted(utm.session.server() + path)}`, `-H "Authorization: Token ${token}"`];
    if (body) lines.push('-H "Content-Type: application/json"', `-d ${quoted(typeof body === 'string' ? body : JSON.stringify(body))}`);
    return lines.join(' \\\n  ');
  };
})(window.utm = window.utm || {});
