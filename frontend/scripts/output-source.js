/* Reads the output of a task: followed while the task may print, by polling when the server has no seat left. */
(function (utm) {
  'use strict';

  const PAUSE = 1000;
  // After this long, following is tried again where the server had no seat left.
  const REFUSED_FOR = 30000;

  /**
   * Makes the source. `onText(text)` gets what has come, `onState(state)` "reading", "following", "polling", "paused",
   * "trouble" or "ended"; `mayPrint()` says whether the task is still able to print. `note()` is to be called when that changes.
   */
  utm.createOutputSource = function (id, { onText, onState, mayPrint }) {
    const path = `/taskapi/tasks/${id}/output/`;
    const decoder = new TextDecoder();
    const pieces = [];
    let offset = 0;
    let refused = 0;
    let streaming = false;
    let ended = false;
    let held = utm.live.isPaused();
    const poll = utm.createPoll({ read, pause, onError });

    async function read(signal) {
      if (!mayPrint()) return readLast(signal);
      if (utm.live.isPaused() || Date.now() - refused < REFUSED_FOR) return readOnce(signal);
      try {
        return await follow(signal);
      } catch (error) {
        if (error.status !== 503) throw error;
        refused = Date.now();
        return readOnce(signal);
      }
    }

    async function follow(signal) {
      streaming = true;
      try {
        const response = await utm.api.stream(`${path}?offset=${offset}&follow=1`, { signal });
        onState('following');
        await drain(response, signal);
      } finally {
        streaming = false;
      }
    }

    async function readOnce(signal) {
      await drain(await utm.api.stream(`${path}?offset=${offset}`, { signal }), signal);
      if (mayPrint()) onState(utm.live.isPaused() ? 'paused' : 'polling');
    }

    async function readLast(signal) {
      const before = offset;
      await readOnce(signal);
      if (!mayPrint() && offset === before) end();
    }

    function end() {
      ended = true;
      poll.stop();
      onState('ended');
    }

    async function drain(response, signal) {
      const reader = response.body.getReader();
      try {
        for (let part = await reader.read(); !part.done && !signal.aborted; part = await reader.read()) take(part.value);
      } catch (error) {
        throw signal.aborted ? error : new utm.ApiError(0, 'The output has broken off');
      }
    }

    // A character may be cut in two anywhere: the decoder keeps its first bytes.
    function take(bytes) {
      offset += bytes.length;
      pieces.push(bytes);
      onText(decoder.decode(bytes, { stream: true }));
    }

    function pause() {
      if (utm.live.isPaused() && mayPrint()) return null;
      return mayPrint() && !streaming ? PAUSE : 0;
    }

    function onError(error) {
      if (error.passing) onState('trouble');
      else end();
    }

    // A stream ends by itself when its task has ended.
    function note() {
      ended = false;
      if (!streaming) poll.start();
    }

    // A seat is not kept for a page that nobody sees.
    function onHidden() {
      if (document.hidden) poll.stop();
      else if (!ended && !held) poll.start();
    }

    // What the user has paused stays as it is.
    function onLive() {
      if (ended || document.hidden || utm.live.isPaused() === held) return;
      held = !held;
      if (held) hold();
      else poll.start();
    }

    function hold() {
      poll.stop();
      onState('paused');
    }

    onState('reading');
    poll.start();
    document.addEventListener('visibilitychange', onHidden);
    const deafen = utm.live.on('state', onLive);
    return {
      note,
      size: () => offset,
      blob: () => new Blob(pieces, { type: 'text/plain;charset=utf-8' }),
      stop() {
        document.removeEventListener('visibilitychange', onHidden);
        deafen();
        poll.stop();
      },
    };
  };
})(window.utm = window.utm || {});
