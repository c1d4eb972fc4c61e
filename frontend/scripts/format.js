/* Times, durations and numbers as people read them. */
(function (utm) {
  'use strict';

  const SECOND = 1000;
  const MINUTE = 60 * SECOND;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const YEAR = 365 * DAY;

  const LONGEST = 300;
  // What is not seen but acts: controls of a terminal, and those that turn around the text beside them.
  const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/g; // eslint-disable-line no-control-regex

  const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
  const whole = new Intl.NumberFormat();

  const pad = (number) => String(number).padStart(2, '0');

  /** A duration: "320 ms", "12.4 s", "3 min 04 s", "2 h 03 min", "3 d 04 h". A ticking one has whole seconds. */
  function duration(ms, ticking = false) {
    if (!ticking && ms < SECOND) return `${Math.round(ms)} ms`;
    if (ms < MINUTE) return ticking ? `${Math.floor(ms / SECOND)} s` : `${Math.floor(ms / 100) / 10} s`;
    if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${pad(Math.floor(ms / SECOND) % 60)} s`;
    if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${pad(Math.floor(ms / MINUTE) % 60)} min`;
    return `${Math.floor(ms / DAY)} d ${pad(Math.floor(ms / HOUR) % 24)} h`;
  }

  /** How long ago, in one unit: "now", "12 s", "3 min", "5 h", "2 d", "3 y". */
  function age(ms) {
    if (ms < SECOND) return 'now';
    if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
    if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
    if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
    return ms < 2 * YEAR ? `${Math.floor(ms / DAY)} d` : `${Math.floor(ms / YEAR)} y`;
  }

  /** A stopwatch: "0:07", "12:04", "1:02:03". */
  function clock(ms) {
    const [seconds, minutes, hours] = [Math.floor(ms / SECOND) % 60, Math.floor(ms / MINUTE) % 60, Math.floor(ms / HOUR)];
    return hours ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
  }

  /** The arguments of a task in one line: of a command what it runs, otherwise "seconds=10 url=...". */
  function args(values) {
    const { argv, ...rest } = values ?? {};
    const run = Array.isArray(argv) ? argv.join(' ') : argv;
    const others = Object.entries(rest)
      .filter(([, value]) => value !== null && value !== false && value !== undefined)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return (run === undefined ? others.join(' ') : String(run)).replace(/[\s\u0000-\u001f\u007f]+/g, ' ').slice(0, LONGEST);
  }

  /** Any JSON value as it is shown: text as it is, the rest indented. */
  function json(value) {
    return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  }

  /** Text in which control characters are seen, as JSON has them ("\\u202e"). */
  function visible(value) {
    return String(value ?? '').replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }

  /** "1 task", "12 tasks". */
  function count(number, noun) {
    return `${whole.format(number)} ${noun}${number === 1 ? '' : 's'}`;
  }

  /** "512 B", "12 kB", "1.0 MB". */
  function bytes(number) {
    if (number < 1000) return `${number} B`;
    return number < 1e6 ? `${Math.round(number / 1000)} kB` : `${(number / 1e6).toFixed(1)} MB`;
  }

  utm.format = {
    duration,
    age,
    clock,
    args,
    json,
    visible,
    count,
    bytes,
    number: (value) => whole.format(value),
    dateTime: (date) => dateTime.format(date),
    time: (date) => time.format(date),
  };
})(window.utm = window.utm || {});
