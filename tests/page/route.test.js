'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const location = { hash: '' };
const { route } = load('route.js', { URLSearchParams, location });

function at(hash) {
  location.hash = hash;
  const { page, id, params } = route.now();
  return [page, id, String(params)];
}

test('an address names a page, a task and a filter', () => {
  assert.deepEqual(at('#/tasks/7?status=running'), ['tasks', 7, 'status=running']);
  assert.deepEqual(at('#/fork'), ['fork', null, '']);
});

test('what is no address is the list', () => {
  for (const hash of ['', '#', '#/', '#/tasks/x', '#<script>', '#/tasks/1234567890123456', '#/tasks/7/8']) assert.deepEqual(at(hash), ['tasks', null, '']);
});

test('a link keeps the filter that holds', () => {
  location.hash = '#/tasks?q=a%20b';
  assert.equal(route.to('tasks', 7), '#/tasks/7?q=a+b');
  assert.equal(route.to('fork'), '#/fork?q=a+b');
});
