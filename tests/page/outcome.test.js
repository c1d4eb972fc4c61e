'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { outcome } = load('format.js', 'outcome.js');

const NOW = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds) => new Date(NOW + seconds * 1000).toISOString();
const TASK = { status: 'running', reason: '', created_at: at(-65), started_at: at(-5), ended_at: null, attempt: 1, max_attempts: 1, exit_code: null, error: '' };
const said = (fields, moves) => outcome({ ...TASK, ...fields }, NOW, moves).text;
const ended = (fields, moves) => said({ ended_at: at(-1), ...fields }, moves);

test('waiting', () => {
  const pending = { status: 'pending', started_at: null };
  assert.equal(said(pending), 'Waiting for a free slot for 1 min 05 s');
  assert.equal(said({ ...pending, run_at: at(90), reason: 'scheduled' }), 'Starts in 1 min 30 s');
  assert.equal(said({ ...pending, run_at: at(3), reason: 'retry', max_attempts: 3 }), 'Waits for attempt 2 of 3, in 3 s');
});

test('running', () => {
  assert.equal(said({}), 'Running for 5 s');
  assert.equal(said({ attempt: 2, max_attempts: 3 }), 'Running for 5 s, attempt 2 of 3');
  assert.equal(said({ reason: 'stopped' }), 'Stopped, started 5 s ago');
});

test('completed', () => {
  assert.equal(ended({ status: 'completed' }), 'Completed in 4 s');
  assert.equal(ended({ status: 'completed', exit_code: 0 }), 'Completed in 4 s, exit code 0');
});

test('each way to fail', () => {
  const failed = (fields) => ended({ status: 'failed', ...fields });
  assert.equal(failed({ reason: 'exit', exit_code: 3 }), 'Failed with exit code 3 after 4 s');
  assert.equal(failed({ reason: 'error' }), 'Failed after 4 s');
  assert.equal(failed({ reason: 'timeout', exit_code: 124 }), 'Timed out after 4 s');
  assert.equal(failed({ reason: 'lost' }), 'Lost: its server died after 4 s');
  assert.equal(failed({ reason: 'error', attempt: 3, max_attempts: 3 }), 'Failed after 4 s, at attempt 3 of 3');
});

test('killed, and by whom', () => {
  const moves = [{ status: 'running', by: null }, { status: 'killed', by: 'ada' }];
  assert.equal(ended({ status: 'killed' }, moves), 'Killed by ada after 4 s');
  assert.equal(ended({ status: 'killed', started_at: null }), 'Killed before it started');
  assert.match(ended({ status: 'killed', reason: 'terminating' }), /its program is still being stopped$/);
});

test('the first line of the error is the detail', () => {
  assert.equal(outcome({ ...TASK, error: 'ValueError: no\nmore' }, NOW).detail, 'ValueError: no');
  assert.equal(outcome({ ...TASK, error: 'x'.repeat(500) }, NOW).detail.length, 200);
});

test('a brief that knows no times yet', () => {
  assert.equal(outcome({ status: 'running' }, NOW).text, 'Running');
  assert.equal(outcome({ status: 'pending' }, NOW).text, 'Waiting for a free slot');
  assert.equal(outcome({ status: 'later' }, NOW).text, 'later');
});
