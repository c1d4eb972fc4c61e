/* What was last in the fork form, for each program; kept with the user and the server. */
(function (utm) {
  'use strict';

  // A time to run at is not wanted twice.
  const ONCE = ['run_at'];

  const keyOf = (username) => `utm.fork ${utm.session.server()} ${username}`;

  /** Forgets what any user of this server has put into the form, whatever name it was under. */
  utm.forgetForks = () => utm.store.forget(keyOf(''));

  /** The memory of the user who is logged in. */
  utm.createForkMemory = function () {
    const key = keyOf(utm.session.username());
    const all = () => utm.store.read(key) ?? { program: null, bodies: {} };

    function keep(body) {
      if (!body) return;
      const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !ONCE.includes(name)));
      utm.store.write(key, { program: body.program, bodies: { ...all().bodies, [body.program]: kept } });
    }

    function forget(program) {
      const { [program]: gone, ...bodies } = all().bodies;
      utm.store.write(key, { program, bodies });
    }

    const of = (program) => all().bodies[program];
    return { keep, forget, of, last: () => of(all().program) ?? (all().program ? { program: all().program } : null) };
  };
})(window.utm = window.utm || {});
