'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

/** The model of the list, with pages that a test gives it and a stream that a test speaks through. */
function open(pages) {
  const listeners = {};
  const document = { hidden: false, addEventListener() {}, removeEventListener() {} };
  const globals = { URLSearchParams, AbortController, document, addEventListener() {}, removeEventListener() {} };
  const utm = load('format.js', 'poll.js', 'tasks.js', globals);
  utm.status = { isActive: ({ status }) => status === 'running' || status === 'pending' };
  utm.live = { state: () => 'live', on: (type, listener) => { listeners[type] = listener; return () => {}; } };
  const asked = [];
  utm.api = {
    get: async (path) => { asked.push(path); return { data: pages[asked.length - 1](), headers: asked.length }; },
    nextPath: (path, page) => (page < pages.length ? `page ${page + 1}` : null),
  };
  const tasks = utm.createTasks({ onError: (error) => { throw error; }, onSuccess() {} });
  const heard = [];
  tasks.onChange((change) => heard.push(change));
  tasks.start();
  return { tasks, asked, heard, stream: listeners };
}

const row = (id, status, at, fields = {}) => ({ id, name: `t${id}`, status, arguments: {}, updated_at: `2026-01-01T00:00:${at}.5Z`, ...fields });
const settled = () => new Promise((resolve) => { setTimeout(resolve, 250); });

test('the list is read when the stream says that it is ready, page after page', async () => {
  const { heard, stream, asked, tasks } = open([() => [row(2, 'running', '01')], () => [row(1, 'failed', '01')]]);
  assert.equal(asked.length, 0);
  stream.ready();
  await settled();
  assert.deepEqual([...heard.at(-1).tasks.keys()].sort(), [1, 2]);
  assert.equal(asked.length, 2);
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

test('the arguments of a new task are asked for', async () => {
  const { stream, tasks } = open([() => [row(3, 'running', '02', { arguments: { seconds: 8 } })]]);
  stream.task({ id: 3, name: 't3', status: 'running', updated_at: '2026-01-01T00:00:02.5Z' });
  assert.equal(tasks.get(3).args, '');
  await settled();
  await settled();
  assert.equal(tasks.get(3).args, 'seconds=8');
  tasks.stop();
});
