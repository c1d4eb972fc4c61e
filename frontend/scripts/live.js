/* The live connection: the event stream of the user's tasks, resumed after each break. */
(function (utm) {
  'use strict';

  const PATH = '/taskapi/events/';
  const SILENCE = 40000; // the server says something every 15 s
  const FIRST_WORD = 10000; // and the first thing at once
  const STEADY = 10000; // a connection that has lasted so long was a good one
  const OFTEN = 2;
  const SEAT_PAUSE = 15000;
  const listeners = new Map();
  let state = 'off';
  let on = false;
  let paused = false; // by the user
  let lastId = null;
  let failures = 0;
  let reading = null;
  let timer = null;
  let began = 0;
  let spoke = false;
  let heard = 0;
  let watchdog = null;

  /** Calls the listener for "task", "ready", "reset", "state" or "trouble"; answers a function that ends that. */
  function listen(type, listener) {
    if (!listeners.has(type)) listeners.set(type, new Set());
    listeners.get(type).add(listener);
    return () => listeners.get(type).delete(listener);
  }

  function tell(type, detail) {
    listeners.get(type)?.forEach((listener) => listener(detail));
  }

  function setState(next) {
    if (state === next) return;
    state = next;
    tell('state', state);
  }

  const isResting = () => paused || document.hidden;

  async function connect() {
    const mine = (reading = new AbortController());
    began = Date.now();
    spoke = false;
    try {
      await read(mine.signal);
      if (!mine.signal.aborted) broken(new utm.ApiError(0, `${utm.session.server()} has ended the connection`));
    } catch (error) {
      if (!mine.signal.aborted) broken(error);
    }
  }

  async function read(signal) {
    const headers = lastId === null ? {} : { 'Last-Event-ID': lastId };
    const response = await utm.api.stream(PATH, { headers, signal });
    const parser = utm.createEventParser(take);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      heard = Date.now();
      spoke = true;
      setState('live');
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  function take({ event, id, data }) {
    if (id) lastId = id;
    tell(event, JSON.parse(data));
  }

  // A server without a free seat is well: then the list is polled, and a seat asked for now and then.
  function broken(error) {
    reading = null;
    if (!on || error.status === 401) return;
    const refused = error.status === 503 || error.status === 404;
    failures = (spoke && heard - began > STEADY ? 0 : failures) + 1;
    const again = failures >= OFTEN;
    const wait = refused ? Math.max(SEAT_PAUSE, (error.retryAfter ?? 0) * 1000) * utm.jitter() : utm.backoff(failures);
    setState(refused || (again && state === 'polling') ? 'polling' : 'reconnecting');
    tell('trouble', { error, wait, again, heard });
    if (!isResting()) timer = setTimeout(connect, wait);
  }

  function halt() {
    clearTimeout(timer);
    timer = null;
    reading?.abort();
    reading = null;
  }

  /** The list can be read: if that goes better than the stream, which has broken again and again, it is polled. */
  function doWithout() {
    if (failures >= OFTEN && state === 'reconnecting') setState('polling');
  }

  /** Connects at once. */
  function now() {
    if (!on || isResting()) return;
    halt();
    connect();
  }

  function wake() {
    if (isResting()) {
      halt();
      setState('paused');
    } else if (!reading) {
      setState('reconnecting');
      now();
    }
  }

  function look() {
    if (reading && (spoke ? Date.now() - heard > SILENCE : Date.now() - began > FIRST_WORD)) {
      halt();
      broken(new utm.ApiError(0, `${utm.session.server()} has fallen silent`));
    }
  }

  function start() {
    on = true;
    lastId = null;
    failures = 0;
    setState('connecting');
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('online', now);
    watchdog = setInterval(look, 5000);
    if (isResting()) setState('paused');
    now();
  }

  function stop() {
    on = false;
    paused = false;
    halt();
    clearInterval(watchdog);
    document.removeEventListener('visibilitychange', wake);
    window.removeEventListener('online', now);
    state = 'off';
  }

  /** Leaves the page as it is, or goes on. */
  function pause(is) {
    paused = is;
    wake();
  }

  utm.live = { start, stop, now, pause, doWithout, on: listen, isPaused: () => paused, state: () => state };
})(window.utm = window.utm || {});
