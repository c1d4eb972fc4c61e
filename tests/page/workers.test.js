'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { workers } = load('dom.js', 'format.js', 'workers.js');
const SECOND = 1000;
const summaryOf = (...states) => workers.summary(states.map((state) => ({ state })));

test('of one worker that is alive there is nothing to say', () => {
  assert.equal(summaryOf('alive'), '');
  assert.equal(summaryOf(), '');
});

test('several are counted by their states', () => {
  assert.equal(summaryOf('alive', 'alive'), '2 alive');
  assert.equal(summaryOf('lost', 'alive', 'silent', 'alive'), '2 alive, 1 silent, 1 lost');
});

test('one that is not alive is said', () => {
  assert.equal(summaryOf('lost'), '1 lost');
});

test('a state that the page does not know is counted as it came', () => {
  assert.equal(summaryOf('alive', 'draining'), '1 alive, 1 draining');
});

test('a heartbeat grows older from when it was read', () => {
  const worker = { heartbeat_age: 0.4 };
  assert.equal(workers.heartbeat(worker, 0), 'now');
  assert.equal(workers.heartbeat(worker, 2.7 * SECOND), '3 s ago');
  assert.equal(workers.heartbeat({ heartbeat_age: 125 }, 0), '2 min ago');
});

test('a clock that is set back makes no heartbeat of the future', () => {
  assert.equal(workers.heartbeat({ heartbeat_age: 3 }, -60 * SECOND), '3 s ago');
});
