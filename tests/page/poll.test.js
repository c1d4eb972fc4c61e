'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const { backoff } = load('poll.js');

test('each failure in a row doubles the wait, give or take a fifth, up to half a minute', () => {
  for (const [failures, seconds] of [[1, 1], [2, 2], [3, 4], [5, 16], [6, 30], [50, 30]]) {
    const waits = Array.from({ length: 200 }, () => backoff(failures) / 1000);
    assert.ok(Math.min(...waits) >= seconds * 0.8 && Math.max(...waits) <= seconds * 1.2, `after ${failures}`);
  }
});

test('no two pages come back in the same instant', () => {
  assert.ok(new Set(Array.from({ length: 100 }, () => backoff(4))).size > 90);
});
