/* Calls to the API, and its errors in one shape. */
(function (utm) {
  'use strict';

  const PATIENCE = 20000;
  let clockSkew = 0;

  /**
   * Why a call failed. `status` is 0 when the server could not be reached; `fields` maps a path such as
   * "arguments.seconds" to its message; `message` is what belongs to no field; `retryAfter` is in seconds or null.
   */
  class ApiError extends Error {
    constructor(status, message, { fields = {}, retryAfter = null } = {}) {
      super(message);
      Object.assign(this, { status, fields, retryAfter });
    }

    /** The trouble is the server's or the network's, and may pass by itself. */
    get passing() {
      return this.status === 0 || this.status === 429 || this.status >= 500;
    }
  }

  /** Calls the API. Answers {data, headers}; throws an ApiError, or an AbortError if the signal was given up. */
  async function call(method, path, { body, signal, headers, anonymous = false } = {}) {
    const patience = createPatience(signal);
    try {
      const response = await answerOf(method, path, { body, headers, anonymous, signal, patience });
      return { data: await readJson(response, signal), headers: response.headers };
    } finally {
      patience.end();
    }
  }

  /** Calls the API for text that may come slowly, or never end: the Response, which has been checked. */
  async function stream(path, { signal, headers } = {}) {
    const patience = createPatience(signal);
    try {
      return await answerOf('GET', path, { headers, signal, patience });
    } finally {
      patience.rest();
    }
  }

  async function answerOf(method, path, { anonymous = false, ...options }) {
    const token = anonymous ? null : utm.session.token();
    const response = await send(method, path, { ...options, token });
    setClock(response);
    if (response.ok) return response;
    const data = await readJson(response, options.signal);
    if (response.status === 401 && token && token === utm.session.token()) utm.session.end('expired');
    throw errorOf(response, data);
  }

  async function send(method, path, { body, headers, signal, patience, token }) {
    const all = { Accept: '*/*', ...headers };
    if (token) all.Authorization = `Token ${token}`;
    if (body !== undefined) all['Content-Type'] = 'application/json';
    const request = { method, headers: all, cache: 'no-cache', credentials: 'omit', signal: patience.signal };
    if (body !== undefined) request.body = JSON.stringify(body);
    try {
      return await fetch(utm.session.server() + path, request);
    } catch (error) {
      throw unreachable(error, signal);
    }
  }

  // A server that accepts and never answers is as good as unreachable.
  function createPatience(signal) {
    const controller = new AbortController();
    const giveUp = () => controller.abort();
    const timer = setTimeout(giveUp, PATIENCE);
    const rest = () => clearTimeout(timer);
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    const end = () => {
      rest();
      signal?.removeEventListener('abort', giveUp);
    };
    return { signal: controller.signal, rest, end };
  }

  function unreachable(error, signal) {
    return signal?.aborted ? error : new ApiError(0, `Cannot reach ${utm.session.server()}`);
  }

  async function readJson(response, signal) {
    let text;
    try {
      text = await response.text();
    } catch (error) {
      throw unreachable(error, signal);
    }
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return strange(response);
    }
  }

  // Not JSON: a proxy's page, or something else than this API lives at that address.
  function strange(response) {
    if (response.ok) throw new ApiError(502, `${utm.session.server()} answers, but not as a UNIX Task Manager`);
    return null;
  }

  function errorOf(response, data) {
    const { '': message, ...fields } = flatten(data);
    const retryAfter = secondsOf(response.headers.get('Retry-After'));
    const otherwise = Object.keys(fields).length ? '' : `The server answered ${response.status} ${response.statusText}`.trim();
    return new ApiError(response.status, message || otherwise, { fields, retryAfter });
  }

  /** Flattens {"arguments": {"seconds": ["..."]}} to {"arguments.seconds": "..."}; what belongs to no field is under "". */
  function flatten(data, path = '') {
    if (data === null || data === undefined) return {};
    if (Array.isArray(data) && !data.some((item) => item && typeof item === 'object')) return { [path]: data.join(' ') };
    if (typeof data !== 'object') return { [path]: String(data) };
    return Object.entries(data).reduce((flat, [key, value]) => ({ ...flat, ...flatten(value, join(path, key)) }), {});
  }

  function join(path, key) {
    const own = key === 'detail' || key === 'non_field_errors' ? '' : key;
    return [path, own].filter(Boolean).join('.');
  }

  function secondsOf(header) {
    if (!header) return null;
    const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
    return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : null;
  }

  // Elapsed times are counted on the server's clock, where the browser lets us see it (same origin).
  function setClock(response) {
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isNaN(date)) return;
    const skew = date - Date.now();
    clockSkew = Math.abs(skew) > 2000 ? skew : 0;
  }

  /** The path of the next page of a list, or null. Only its query is taken: the token stays with our server. */
  function nextPath(path, headers) {
    const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.get('Link') ?? '');
    return link ? path.split('?')[0] + new URL(link[1], 'http://any').search : null;
  }

  utm.ApiError = ApiError;
  utm.api = {
    get: (path, options) => call('GET', path, options),
    post: (path, body, options) => call('POST', path, { ...options, body }),
    patch: (path, body, options) => call('PATCH', path, { ...options, body }),
    kill: (id, options) => call('DELETE', `/taskapi/tasks/${id}/`, options),
    killAll: (params, options) => call('DELETE', `/taskapi/tasks/?${params}`, options),
    stream,
    nextPath,
    now: () => Date.now() + clockSkew,
  };
})(window.utm = window.utm || {});
