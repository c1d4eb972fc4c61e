/* Reads something again and again: never twice at once, not while the page is hidden, slower while it fails. */
(function (utm) {
  'use strict';

  const SLOWEST = 30000;

  /**
   * Makes a poll. `read(signal)` reads once, `pause()` says how many ms to wait after a success (null: until it is
   * asked to), `onError(error, ms)` and `onSuccess()` are told how it went.
   */
  utm.createPoll = function ({ read, pause, onError = () => {}, onSuccess = () => {} }) {
    let timer = null;
    let reading = null;
    let failures = 0;
    let on = false;
    let resting = false;

    async function tick() {
      const mine = (reading = new AbortController());
      let wait;
      try {
        await read(mine.signal);
        if (mine.signal.aborted) return;
        wait = succeeded();
      } catch (error) {
        if (mine.signal.aborted) return;
        wait = failed(error);
      }
      reading = null;
      resting = wait === null;
      if (on && !document.hidden && !resting) timer = setTimeout(tick, wait);
    }

    function succeeded() {
      failures = 0;
      onSuccess();
      return pause();
    }

    function failed(error) {
      if (!(error instanceof utm.ApiError)) console.error(error);
      failures += 1;
      const wait = error.retryAfter ? error.retryAfter * 1000 : utm.backoff(failures);
      onError(error, wait);
      return wait;
    }

    function halt() {
      clearTimeout(timer);
      reading?.abort();
      reading = null;
    }

    /** Reads at once, giving up a reading that is under way: its answer may be older than what was just done. */
    function now() {
      if (!on) return;
      halt();
      if (!document.hidden) tick();
    }

    /** Reads no more until it is asked to. */
    function rest() {
      halt();
      resting = true;
    }

    function wake() {
      if (document.hidden) clearTimeout(timer);
      else if (!reading && !resting) now();
    }

    /** Reads at once if it is at rest. */
    function ask() {
      if (resting && !reading) now();
    }

    function start() {
      on = true;
      resting = false;
      document.addEventListener('visibilitychange', wake);
      window.addEventListener('online', wake);
      now();
    }

    function stop() {
      on = false;
      halt();
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('online', wake);
    }

    return { start, stop, now, ask, rest };
  };

  /** A little chance, which keeps many open pages from coming back to a restarted server in the same instant. */
  utm.jitter = () => 0.8 + Math.random() * 0.4;

  /** How many ms to wait after so many failures in a row. */
  utm.backoff = (failures) => Math.min(SLOWEST, 1000 * 2 ** (failures - 1)) * utm.jitter();
})(window.utm = window.utm || {});
