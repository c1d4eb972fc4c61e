/* Where the user is: the hash of the URL, such as #/tasks/7?status=running. What is after the ? is the filter of the list. */
(function (utm) {
  'use strict';

  /** Reads a hash: {page, id, params}; the id is null where there is none. */
  function parse(hash) {
    const [, page = 'tasks', id = '', query = ''] = /^#\/(\w+)(?:\/(\d{1,15}))?\/?(?:\?(.*))?$/.exec(hash) ?? [];
    return { page, id: id === '' ? null : Number(id), params: new URLSearchParams(query) };
  }

  /** The hash of a page and a task, by default with the filter that holds now. */
  function to(page, id = null, params = parse(location.hash).params) {
    const query = String(params);
    return `#/${page}${id === null ? '' : `/${id}`}${query ? `?${query}` : ''}`;
  }

  function go(page, id = null) {
    location.hash = to(page, id);
  }

  /** Takes another filter, without another entry in the history. */
  function filter(params) {
    const { page, id } = parse(location.hash);
    const old = location.href;
    history.replaceState(null, '', to(page, id, params));
    window.dispatchEvent(new HashChangeEvent('hashchange', { oldURL: old, newURL: location.href }));
  }

  utm.route = { parse, to, go, filter, now: () => parse(location.hash) };
})(window.utm = window.utm || {});
