'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { load } = require('./load.js');

const { format } = load('format.js');
const SECOND = 1000;
const HOUR = 3600 * SECOND;

test('a duration has the unit that it needs', () => {
  const said = [320, 12400, 184 * SECOND, 2 * HOUR + 180 * SECOND, 76 * HOUR].map((ms) => format.duration(ms));
  assert.deepEqual(said, ['320 ms', '12.4 s', '3 min 04 s', '2 h 03 min', '3 d 04 h']);
});

test('an age has one unit', () => {
  const said = [10, 12 * SECOND, 200 * SECOND, 5 * HOUR, 60 * HOUR, 30000 * HOUR].map((ms) => format.age(ms));
  assert.deepEqual(said, ['now', '12 s', '3 min', '5 h', '2 d', '3 y']);
});

test('a clock counts up', () => {
  assert.deepEqual([7 * SECOND, 724 * SECOND, HOUR + 123 * SECOND].map(format.clock), ['0:07', '12:04', '1:02:03']);
});

test('what acts without being seen is seen', () => {
  assert.equal(format.visible('gpj.\u202egnp \u2066x\u2069 \u001b[31m \r'), 'gpj.\\u202egnp \\u2066x\\u2069 \\u001b[31m \\u000d');
});

test('lines, accents and other scripts are left alone', () => {
  const text = 'naïve\tשלום\r\n日本\n';
  assert.equal(format.visible(text), text);
});

test('nothing is seen as nothing', () => {
  assert.deepEqual([format.visible(null), format.visible(undefined), format.visible(0)], ['', '', '0']);
});

test('of a command the arguments are what it runs', () => {
  assert.equal(format.args({ argv: ['ls', '-l'], shell: false, env: {} }), 'ls -l');
  assert.equal(format.args({ argv: 'for i in 1 2\n  do echo $i; done', shell: true }), 'for i in 1 2 do echo $i; done');
});

test('other arguments are pairs, without those that are not set', () => {
  assert.equal(format.args({ seconds: 10, url: 'https://a/', body: null, headers: { a: 1 } }), 'seconds=10 url=https://a/ headers={"a":1}');
});

test('long arguments are cut', () => {
  assert.ok(format.args({ argv: 'x'.repeat(100000) }).length <= 300);
});
