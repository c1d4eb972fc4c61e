'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const utm = load('filter.js', { URLSearchParams });
const { filter } = utm;
utm.status = { isActive: ({ status }) => status === 'running' || status === 'pending' };

const ALL = filter.read(new URLSearchParams());
const task = (id, fields = {}) => ({
  id, name: `task ${id}`, status: 'running', program: 'sleep', args: '', nice: 0, created: id * 1000, started: null, ended: null,
  text: `task ${id}\n${fields.description ?? ''}\n${fields.args ?? ''}`.toLowerCase(), ...fields,
});
const ids = (tasks, change, now = 0) => Array.from(filter.apply(tasks, { ...ALL, ...change }, now), ({ id }) => id);

test('without a filter there are all, newest first', () => {
  assert.deepEqual(ids([task(1), task(3), task(2)]), [3, 2, 1]);
});

test('a filter goes into an address and comes back', () => {
  const given = { status: 'failed', program: 'command', q: 'a b&c', sort: '-elapsed' };
  assert.deepEqual({ ...filter.read(filter.write(given)) }, given);
});

test('what is as always is not in the address', () => {
  assert.equal(String(filter.write(ALL)), '');
});

test('an address may hold anything', () => {
  const read = filter.read(new URLSearchParams('status=zombie&sort=__proto__&q=x&other=1'));
  assert.deepEqual({ ...read }, { status: '', program: '', q: 'x', sort: '-id' });
});

test('a status and a program choose', () => {
  const tasks = [task(1), task(2, { status: 'failed' }), task(3, { program: 'command' })];
  assert.deepEqual(ids(tasks, { status: 'failed' }), [2]);
  assert.deepEqual(ids(tasks, { program: 'command' }), [3]);
});

test('words are looked for in name, description and arguments, in any case', () => {
  const tasks = [task(1, { args: 'seconds=5' }), task(2, { description: 'Nightly' }), task(3)];
  assert.deepEqual(ids(tasks, { q: 'SECONDS' }), [1]);
  assert.deepEqual(ids(tasks, { q: 'nightly' }), [2]);
  assert.deepEqual(ids(tasks, { q: 'task' }), [3, 2, 1]);
});

test('a number finds the task that has it', () => {
  assert.deepEqual(ids([task(7, { name: 'seven', text: 'seven' }), task(70, { name: 'x', text: 'x' })], { q: '#7' }), [7]);
});

test('the server looks for words in name and description only', () => {
  const words = { ...ALL, q: 'night' };
  assert.ok(filter.matchesThere(task(1, { description: 'nightly' }), words));
  assert.ok(!filter.matchesThere(task(2, { args: 'night=1' }), words));
});

test('the query for the server has the filter and the bounds', () => {
  const query = filter.query({ ...ALL, status: 'running', q: 'x' }, { until: '2026-01-01T00:00:00.001Z' });
  assert.equal(String(query), 'status=running&q=x&created_before=2026-01-01T00%3A00%3A00.001Z');
});

function killing(tasks, { known = tasks, horizon = null, ...change } = {}) {
  const { query, ids: alone } = filter.killing(tasks, { filter: { ...ALL, ...change }, horizon, known });
  return [query && String(query), Array.from(alone)];
}

test('all that match are killed by one query, which ends at the newest', () => {
  assert.deepEqual(killing([task(2), task(1)]), ['created_before=1970-01-01T00%3A00%3A02.001Z', []]);
});

test('a query goes no further back than the list has been read, whatever else is known', () => {
  const [query, alone] = killing([task(9), task(8), task(1), task(7)], { horizon: 7000 });
  assert.equal(query, 'created_after=1970-01-01T00%3A00%3A07.001Z&created_before=1970-01-01T00%3A00%3A09.001Z');
  assert.deepEqual(alone, [1, 7]);
});

test('what the server would not find is killed by its number', () => {
  assert.deepEqual(killing([task(2), task(1, { args: 'seconds=2' })], { q: '2' })[1], [1]);
  assert.deepEqual(killing([task(1, { args: 'seconds=2' })], { q: 'seconds' }), [null, [1]]);
});

test('there is no query where one could choose a task that is not selected', () => {
  const later = task(1, { status: 'pending' });
  assert.deepEqual(killing([task(2)], { status: 'running', known: [task(2), later] }), [null, [2]]);
  assert.deepEqual(killing([task(2)], { status: 'running', known: [task(2), task(1, { status: 'failed' })] })[1], []);
});

test('a task whose description is not known yet could be one', () => {
  const wanted = task(2, { description: 'nightly' });
  assert.equal(killing([wanted], { q: 'night', known: [wanted, task(1)] })[0], null);
  assert.notEqual(killing([wanted], { q: 'night', known: [wanted, task(1, { description: '' })] })[0], null);
});

test('elapsed is counted until now, or until the end', () => {
  assert.equal(filter.elapsedOf({ started: 1000, ended: null }, 4000), 3000);
  assert.equal(filter.elapsedOf({ started: 1000, ended: 2000 }, 4000), 1000);
  assert.equal(filter.elapsedOf({ started: null, ended: null }, 4000), null);
});

test('what has no value comes last, either way', () => {
  const tasks = [task(1, { exit_code: 3 }), task(2, { exit_code: null }), task(3, { exit_code: 0 })];
  assert.deepEqual(ids(tasks, { sort: '-exit' }), [1, 3, 2]);
  assert.deepEqual(ids(tasks, { sort: 'exit' }), [3, 1, 2]);
});

test('equals are newest first, either way', () => {
  const tasks = [task(1), task(2), task(3, { nice: 5 })];
  assert.deepEqual(ids(tasks, { sort: 'nice' }), [2, 1, 3]);
  assert.deepEqual(ids(tasks, { sort: '-nice' }), [3, 2, 1]);
});

test('a title that is pressed again turns the order', () => {
  assert.equal(filter.nextSort('-id', 'name'), 'name');
  assert.equal(filter.nextSort('name', 'name'), '-name');
  assert.equal(filter.nextSort('name', 'elapsed'), '-elapsed');
});

test('ten thousand tasks are in order in no time', () => {
  const tasks = Array.from({ length: 10000 }, (_, index) => task(index + 1, { name: `t${(index * 7919) % 10000}` }));
  assert.equal(filter.apply(tasks, { ...ALL, sort: 'name' }).length, 10000);
});
