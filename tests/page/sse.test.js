'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const { createEventParser } = load('sse.js');

function parsed(...pieces) {
  const events = [];
  const parser = createEventParser((event) => events.push(event));
  pieces.forEach(parser.feed);
  return events.map(({ event, id, data }) => [event, id, data]);
}

test('an event has a name, an id and data', () => {
  assert.deepEqual(parsed('event: task\nid: 7\ndata: {"id":1}\n\n'), [['task', '7', '{"id":1}']]);
});

test('an event may come in pieces', () => {
  assert.deepEqual(parsed('event: ta', 'sk\nid: 7\nda', 'ta: x\n', '\nevent: reset\ndata: y\n\n'), [['task', '7', 'x'], ['reset', null, 'y']]);
});

test('comments and the pause for retries are no events', () => {
  assert.deepEqual(parsed('retry: 2000\n\n: still here\n\n'), []);
});

test('an event without an id, such as progress, keeps none from the last one', () => {
  assert.deepEqual(parsed('id: 7\ndata: a\n\ndata: b\n\n'), [['message', '7', 'a'], ['message', null, 'b']]);
});

test('lines of data are joined, and only one space after the colon goes', () => {
  assert.deepEqual(parsed('data: a\ndata:  b\ndata:c\n\n'), [['message', null, 'a\n b\nc']]);
});

test('all three line ends are known, also when one is cut in two', () => {
  assert.deepEqual(parsed('data: a\r\n\r\ndata: b\r\rdata: c\r', '\n\r', '\n'), [['message', null, 'a'], ['message', null, 'b'], ['message', null, 'c']]);
});

test('an event that is not ended yet is not told', () => {
  assert.deepEqual(parsed('event: task\ndata: x\n'), []);
});
