'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { createFind } = load('output-find.js');

function findIn(texts, words) {
  const lines = texts.map((text) => ({ text }));
  const find = createFind(lines);
  find.set(words);
  return { lines, find };
}

test('finds each place', () => {
  const { find } = findIn(['error, error', 'fine', 'error'], 'error');
  assert.equal(find.count(), 3);
  assert.deepEqual(Array.from(find.inLine(0), ({ from, to }) => [from, to]), [[0, 5], [7, 12]]);
  assert.equal(find.inLine(1).length, 0);
});

test('small letters meet big ones, big ones only themselves', () => {
  assert.equal(findIn(['Error error'], 'error').find.count(), 2);
  assert.equal(findIn(['Error error'], 'Error').find.count(), 1);
});

test('words are taken literally', () => {
  assert.equal(findIn(['a.b', 'axb', '[x](y)*'], 'a.b').find.count(), 1);
  assert.equal(findIn(['[x](y)*'], '[x](y)*').find.count(), 1);
});

test('steps go round', () => {
  const { find } = findIn(['x', 'x'], 'x');
  assert.deepEqual([find.step(1).line, find.step(1).line, find.step(1).line, find.step(-1).line], [0, 1, 0, 1]);
});

test('the first hit is near what is seen', () => {
  const { find } = findIn(['x', 'y', 'x'], 'x');
  assert.equal(find.near(1).line, 2);
  assert.equal(find.current(), 1);
});

test('what comes later is found too, also in the line that grew', () => {
  const { lines, find } = findIn(['an err'], 'error');
  lines[0].text += 'or';
  lines.push({ text: 'error' });
  find.sync();
  assert.equal(find.count(), 2);
});

test('no words find nothing', () => {
  const { find } = findIn(['x'], '');
  assert.deepEqual([find.count(), find.on(), find.step(1)], [0, false, undefined]);
});
