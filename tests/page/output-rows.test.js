'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { createRows } = load('output-rows.js');

function rowsOf(texts, columns) {
  const lines = texts.map((text) => ({ text }));
  const rows = createRows(lines);
  rows.setColumns(columns);
  rows.sync();
  return { lines, rows, shown: () => Array.from({ length: rows.count() }, (_, row) => shownAt(lines, rows.at(row))) };
}

const shownAt = (lines, { line, from, to }) => lines[line].text.slice(from, to);

test('without wrapping, a row is a line', () => {
  assert.deepEqual(rowsOf(['one', '', 'three'], null).shown(), ['one', '', 'three']);
});

test('long lines are cut into columns', () => {
  assert.deepEqual(rowsOf(['0123456789abc', 'x'], 10).shown(), ['0123456789', 'abc', 'x']);
});

test('a line that fills its row has no second one', () => {
  assert.deepEqual(rowsOf(['0123456789'], 10).shown(), ['0123456789']);
});

test('wide characters take two columns, marks none', () => {
  assert.deepEqual(rowsOf(['日本語日本語日'], 10).shown(), ['日本語日本', '語日']);
  assert.deepEqual(rowsOf(['e\u0301'.repeat(12)], 10).shown(), ['e\u0301'.repeat(10), 'e\u0301'.repeat(2)]);
});

test('the last line may grow', () => {
  const { lines, rows, shown } = rowsOf(['01234567'], 10);
  lines[0].text += '89ab';
  lines.push({ text: 'next' });
  rows.sync();
  assert.deepEqual(shown(), ['0123456789', 'ab', 'next']);
});

test('other columns are other rows', () => {
  const { rows, shown } = rowsOf(['0123456789abc'], null);
  rows.setColumns(10);
  assert.deepEqual(shown(), ['0123456789', 'abc']);
});

test('a character has a row', () => {
  const { rows } = rowsOf(['x', '0123456789abcdefghijklm'], 10);
  assert.deepEqual([0, 9, 10, 22].map((at) => rows.rowOf(1, at)), [1, 1, 2, 3]);
});

test('there is nothing after the last row', () => {
  assert.equal(rowsOf(['x'], 10).rows.at(1), undefined);
});
