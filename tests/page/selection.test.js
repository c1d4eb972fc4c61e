'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const { createSelection } = load('selection.js');

test('a task is selected and let go', () => {
  const selection = createSelection();
  selection.toggle(1);
  selection.toggle(2);
  selection.toggle(1);
  assert.deepEqual([...selection.all()], [2]);
});

test('a reach selects all from the last one to this one, in the order of the list', () => {
  const selection = createSelection();
  selection.toggle(4);
  selection.reach(2, [5, 4, 9, 2, 1]);
  assert.deepEqual([...selection.all()].sort(), [2, 4, 9]);
});

test('a reach may go up', () => {
  const selection = createSelection();
  selection.toggle(1);
  selection.reach(9, [5, 4, 9, 2, 1]);
  assert.deepEqual([...selection.all()].sort(), [1, 2, 9]);
});

test('a reach from one that was let go lets go', () => {
  const selection = createSelection();
  selection.set([5, 4, 9, 2, 1]);
  selection.toggle(4);
  selection.reach(2, [5, 4, 9, 2, 1]);
  assert.deepEqual([...selection.all()], [5, 1]);
});

test('a reach from one that was selected again selects', () => {
  const selection = createSelection();
  selection.toggle(4);
  selection.toggle(4);
  selection.toggle(4);
  selection.reach(2, [5, 4, 9, 2, 1]);
  assert.deepEqual([...selection.all()].sort(), [2, 4, 9]);
});

test('a reach without a beginning selects one', () => {
  const selection = createSelection();
  selection.reach(2, [1, 2, 3]);
  assert.deepEqual([...selection.all()], [2]);
});

test('those that are no more are forgotten, and that is told once', () => {
  const selection = createSelection();
  selection.set([1, 2, 3]);
  let told = 0;
  selection.onChange(() => { told += 1; });
  selection.keep((id) => id !== 2);
  selection.keep((id) => id !== 2);
  assert.deepEqual([[...selection.all()], told], [[1, 3], 1]);
});
