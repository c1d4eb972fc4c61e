/* One sentence about how a task stands or has ended. Pure. */
(function (utm) {
  'use strict';

  const { duration } = utm.format;

  /**
   * The sentence: {text, detail}. `now` is the server's time in ms, `moves` the history of the task if it is known (it
   * says who killed it). `detail` is the beginning of its error, or empty.
   */
  utm.outcome = function (task, now, moves = []) {
    const say = SAYINGS[task.status];
    return { text: say ? say(task, now, moves) : task.status, detail: firstLine(task) };
  };

  const SAYINGS = {
    pending: waiting,
    running: underWay,
    completed: (task) => `Completed${took(task, 'in')}${exit(task)}`,
    failed,
    killed,
  };

  function waiting(task, now) {
    const left = task.run_at ? new Date(task.run_at) - now : 0;
    const soon = left > 0 ? ` in ${duration(left, true)}` : '';
    if (task.reason === 'retry') return `Waits for attempt ${task.attempt + 1} of ${task.max_attempts}${soon && `,${soon}`}`;
    if (soon) return `Starts${soon}`;
    const from = task.run_at ?? task.created_at;
    return `Waiting for a free slot${from ? ` for ${duration(since(from, now), true)}` : ''}`;
  }

  function underWay(task, now) {
    const time = task.started_at ? duration(since(task.started_at, now), true) : '';
    const attempt = task.attempt > 1 ? `, attempt ${task.attempt} of ${task.max_attempts}` : '';
    if (task.reason === 'stopped') return `Stopped${time && `, started ${time} ago`}${attempt}`;
    return `Running${time && ` for ${time}`}${attempt}`;
  }

  function failed(task) {
    const after = took(task, 'after');
    const attempt = task.attempt > 1 ? `, at attempt ${task.attempt} of ${task.max_attempts}` : '';
    if (task.reason === 'timeout') return `Timed out${after}${attempt}`;
    if (task.reason === 'lost') return `Lost: its server died${took(task, 'after')}${attempt}`;
    if (task.reason === 'exit') return `Failed${exit(task)}${after}${attempt}`;
    return `Failed${after}${exit(task)}${attempt}`;
  }

  function killed(task, now, moves) {
    const by = moves.findLast((move) => move.status === 'killed')?.by;
    const left = task.reason === 'terminating' ? '; its program is still being stopped' : '';
    return `Killed${by ? ` by ${by}` : ''}${task.started_at ? took(task, 'after') : ' before it started'}${left}`;
  }

  const since = (iso, now) => Math.max(0, now - new Date(iso));

  function took({ started_at: from, ended_at: to }, word) {
    return from && to ? ` ${word} ${duration(Math.max(0, new Date(to) - new Date(from)))}` : '';
  }

  function exit({ exit_code: code, reason }) {
    if (code === null || code === undefined) return '';
    return reason === 'exit' ? ` with exit code ${code}` : `, exit code ${code}`;
  }

  function firstLine({ error }) {
    const line = (error || '').trim().split('\n', 1)[0];
    return line.length > 200 ? `${line.slice(0, 199)}…` : line;
  }
})(window.utm = window.utm || {});
