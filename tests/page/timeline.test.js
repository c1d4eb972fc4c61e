'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { timelineParts } = load('dom.js', 'format.js', 'timeline.js');

const NOW = Date.parse('2026-01-01T12:00:10Z');
const at = (second) => `2026-01-01T12:00:0${second}Z`;
const FORKED = { status: 'pending', reason: '', at: at(0) };
const STARTED = { status: 'running', reason: '', at: at(1) };

function partsOf(moves, task = {}) {
  return Array.from(timelineParts(moves, { ended_at: null, ...task }, NOW), ({ word, took }) => [word, took / 1000]);
}

test('what lasts grows until now', () => {
  assert.deepEqual(partsOf([FORKED]), [['waiting', 10]]);
  assert.deepEqual(partsOf([FORKED, STARTED]), [['waiting', 1], ['running', 9]]);
});

test('an end ends it and is no part of its own', () => {
  assert.deepEqual(partsOf([FORKED, STARTED, { status: 'completed', reason: '', at: at(4) }]), [['waiting', 1], ['running', 3]]);
});

test('a stop is a part of its own', () => {
  const moves = [FORKED, STARTED, { status: 'running', reason: 'stopped', at: at(2) }, { status: 'running', reason: '', at: at(5) }];
  assert.deepEqual(partsOf(moves), [['waiting', 1], ['running', 1], ['stopped', 3], ['running', 5]]);
});

test('clocks that go apart make no negative time', () => {
  assert.deepEqual(partsOf([STARTED, { status: 'killed', reason: '', at: at(0) }]), [['running', 0]]);
});
