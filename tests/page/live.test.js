'use strict';

const assert = require('node:assert/strict');
const { afterEach, beforeEach, mock, test } = require('node:test');
const { load } = require('./load.js');

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1 }));
afterEach(() => mock.timers.reset());

/** The live connection with streams that a test makes, and the states that it goes through. */
function start(stream) {
  const document = { hidden: false, addEventListener() {}, removeEventListener() {} };
  const utm = load('poll.js', 'sse.js', 'live.js', {
    document, addEventListener() {}, removeEventListener() {}, AbortController, TextDecoder, Date, setInterval, clearInterval,
  });
  utm.ApiError = class extends Error {};
  utm.session = { server: () => 'http://any' };
  utm.api = { stream };
  const states = [];
  utm.live.on('state', (state) => states.push(state));
  utm.live.start();
  return { live: utm.live, states };
}

async function pass(seconds) {
  for (let second = 0; second < seconds; second += 1) {
    mock.timers.tick(1000);
    for (let turn = 0; turn < 20; turn += 1) await null;
  }
}

const answer = (...reads) => ({ body: { getReader: () => ({ read: () => reads.shift() ?? new Promise(() => {}) }) } });
const word = (text) => Promise.resolve({ done: false, value: new TextEncoder().encode(text) });
const end = () => Promise.resolve({ done: true });
const hangs = () => new Promise(() => {});

for (const [name, stream] of [['never answers', hangs], ['answers and says nothing', async () => answer()]]) {
  test(`a stream that ${name} is broken, and after two in a row the list is polled if it can be read`, async () => {
    const { live, states } = start(stream);
    await pass(12);
    live.doWithout();
    assert.deepEqual(states, ['connecting']);
    await pass(24);
    live.doWithout();
    await pass(60);
    assert.deepEqual(states, ['connecting', 'reconnecting', 'polling']);
    live.stop();
  });
}

test('while the list cannot be read either, it is reconnecting', async () => {
  const { live, states } = start(async () => { throw new Error('away'); });
  await pass(60);
  assert.deepEqual(states, ['connecting', 'reconnecting']);
  live.stop();
});

test('a stream that has lasted is no sign of trouble when it ends', async () => {
  const later = () => new Promise((resolve) => { setTimeout(() => resolve(word(': still here\n\n')), 15000); });
  const lasting = async () => answer(word('retry: 1\n\n'), later(), end());
  const { live, states } = start(lasting);
  await pass(120);
  live.doWithout();
  assert.ok(!states.includes('polling'));
  live.stop();
});
