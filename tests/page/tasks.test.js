'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

/** The model of the list, with pages and single tasks that a test gives it and a stream that a test speaks through. */
function open(pages, ones = {}) {
  const listeners = {};
  const document = { hidden: false, addEventListener() {}, removeEventListener() {} };
  const globals = { URLSearchParams, AbortController, document, addEventListener() {}, removeEventListener() {} };
  const utm = load('format.js', 'poll.js', 'tasks.js', globals);
  utm.status = { isActive: ({ status }) => status === 'running' || status === 'pending' };
  const calls = { without: 0 };
  utm.live = {
    state: () => calls.state ?? 'live',
    doWithout: () => { calls.without += 1; },
    on: (type, listener) => { listeners[type] = listener; return () => {}; },
  };
  const asked = [];
  const answer = (path) => {
    const [, id] = /\/(\d+)\/$/.exec(path) ?? [];
    const page = Number(/^page (\d+)$/.exec(path)?.[1] ?? 1);
    return id ? { data: ones[id] } : { data: pages[page - 1]?.() ?? [], headers: page };
  };
  utm.api = {
    get: async (path, { signal } = {}) => {
      asked.push(path);
      calls.signal = signal;
      await calls.wait;
      signal?.throwIfAborted();
      return answer(path);
    },
    nextPath: (path, page) => (page < pages.length ? `page ${page + 1}` : null),
  };
  const tasks = utm.createTasks({ onError: (error) => { throw error; }, onSuccess() {} });
  const heard = [];
  tasks.onChange((change) => heard.push(change));
  tasks.start();
  return { tasks, asked, heard, calls, stream: listeners };
}

const row = (id, status, at, fields = {}) => ({ id, name: `t${id}`, status, arguments: {}, updated_at: `2026-01-01T00:00:${at}.5Z`, ...fields });
const settled = () => new Promise((resolve) => { setTimeout(resolve, 250); });

test('the list is read at once, page after page, whatever the stream does', async () => {
  const { heard, asked, calls, tasks } = open([() => [row(2, 'running', '01')], () => [row(1, 'failed', '01')]]);
  await settled();
  assert.deepEqual([...heard.at(-1).tasks.keys()].sort(), [1, 2]);
  assert.equal(asked.length, 2);
  assert.equal(calls.without, 1);
  tasks.stop();
});

test('the list is read anew when the stream says that it is ready', async () => {
  const { stream, asked, tasks } = open([() => [row(1, 'running', '01')]]);
  await settled();
  stream.ready();
  await settled();
  assert.equal(asked.length, 2);
  tasks.stop();
});

test('the list is read when the stream has broken again, but not twice at once', async () => {
  const { stream, asked, tasks } = open([() => [row(1, 'running', '01')]]);
  await settled();
  stream.trouble({ again: false });
  assert.equal(asked.length, 1);
  stream.trouble({ again: true });
  stream.trouble({ again: true });
  assert.equal(asked.length, 2);
  tasks.stop();
});

test('the horizon is where the last page ends, not the oldest task that is known', async () => {
  const made = (id, second) => row(id, 'running', '01', { created_at: `2026-01-01T00:00:${second}Z` });
  const pages = Array.from({ length: 11 }, (_, index) => () => [made(50 - index, 50 - index)]);
  const { heard, stream, tasks } = open(pages);
  stream.task(made(1, '01'));
  await settled();
  assert.equal(heard.at(-1).tasks.size, 11);
  assert.equal(heard.at(-1).horizon, Date.parse('2026-01-01T00:00:41Z'));
  tasks.stop();
});

test('there is no horizon when all has been read', async () => {
  const { heard, tasks } = open([() => [row(1, 'running', '01')]]);
  await settled();
  assert.equal(heard.at(-1).horizon, null);
  tasks.stop();
});

test('a task that moves is told, and keeps what the stream does not say', async () => {
  const { heard, stream, tasks } = open([() => [row(1, 'running', '01', { arguments: { seconds: 3 } })]]);
  stream.ready();
  await settled();
  stream.task({ id: 1, status: 'completed', updated_at: '2026-01-01T00:00:02.5Z' });
  await settled();
  assert.deepEqual(Array.from(heard.at(-1).moves, ({ id, status, args }) => [id, status, args]), [[1, 'completed', 'seconds=3']]);
  tasks.stop();
});

test('what is older than what is known changes nothing', async () => {
  const { stream, tasks } = open([() => [row(1, 'completed', '05')]]);
  stream.ready();
  await settled();
  stream.task({ id: 1, status: 'running', updated_at: '2026-01-01T00:00:02.5Z' });
  assert.equal(tasks.get(1).status, 'completed');
  tasks.stop();
});

test('a task that the stream tells of while the list is read is not lost', async () => {
  const opened = open([() => { opened.stream.task(row(9, 'pending', '03')); return [row(1, 'running', '01')]; }]);
  opened.stream.ready();
  await settled();
  assert.equal(opened.tasks.get(9).status, 'pending');
  opened.tasks.stop();
});

test('progress of a task that is not known is no task', () => {
  const { stream, tasks } = open([]);
  stream.task({ id: 4, progress: 0.5, progress_text: '' });
  assert.equal(tasks.get(4), undefined);
  tasks.stop();
});

const bare = (id, second = '02') => (
  { id, name: `t${id}`, status: 'running', created_at: `2026-01-01T00:00:${second}Z`, updated_at: '2026-01-01T00:00:02.5Z' });
const whole = (id, second) => ({ ...bare(id, second), arguments: { seconds: id } });
const filled = () => new Promise((resolve) => { setTimeout(resolve, 700); });
const since = (asked, number) => Array.from(asked.slice(number));

test('a task that the list does not have is asked for by its number, however old it is', async () => {
  const { stream, asked, tasks } = open(Array.from({ length: 300 }, () => () => [row(900, 'running', '01')]), { 3: whole(3) });
  await settled();
  const before = asked.length;
  stream.task(bare(3));
  assert.equal(tasks.get(3).args, '');
  await filled();
  assert.equal(tasks.get(3).args, 'seconds=3');
  assert.deepEqual(since(asked, before), ['/taskapi/tasks/3/']);
  tasks.stop();
});

test('many are asked for by pages, down to the oldest of them', async () => {
  const page = (from, second) => Array.from({ length: 15 }, (_, index) => whole(from + index, second));
  const pages = [];
  const { stream, asked, tasks } = open(pages);
  await settled();
  const before = asked.length;
  pages.push(() => page(115, '30'), () => page(100, '20'), () => [whole(2, '05')], () => [whole(1, '04')]);
  [...page(100, '20'), ...page(115, '30'), whole(99, '10')].forEach(({ arguments: _, ...rest }) => stream.task(rest));
  await filled();
  assert.equal(tasks.get(100).args, 'seconds=100');
  assert.equal(since(asked, before).filter((path) => !/\/\d+\/$/.test(path)).length, 3);
  tasks.stop();
});

test('nothing more is asked for after the end', async () => {
  const { stream, calls, asked, tasks } = open([() => []], { 3: whole(3), 4: whole(4) });
  await settled();
  let go;
  calls.wait = new Promise((resolve) => { go = resolve; });
  const before = asked.length;
  stream.task(bare(3));
  stream.task(bare(4));
  await filled();
  tasks.stop();
  assert.ok(calls.signal.aborted);
  go();
  await settled();
  assert.deepEqual(since(asked, before), ['/taskapi/tasks/3/']);
});
