'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { test } = require('node:test');
const { load } = require('./load.js');

const { curl } = Object.assign(load('curl.js'), { session: { server: () => 'http://localhost:8000' } });

/** The words that a shell makes of a line. */
function wordsOf(line) {
  const script = `curl() { printf '%s\\n' "$@"; }; TOKEN=secret; ${line}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
}

test('a call without a body', () => {
  assert.deepEqual(wordsOf(curl('GET', '/taskapi/tasks/7/')), ['http://localhost:8000/taskapi/tasks/7/', '-H', 'Authorization: Token secret']);
});

test('another method, and flags', () => {
  assert.deepEqual(wordsOf(curl('DELETE', '/x/')).slice(0, 3), ['-X', 'DELETE', 'http://localhost:8000/x/']);
  assert.equal(wordsOf(curl('GET', '/x/', { flags: 'N' }))[0], '-N');
});

test('what a shell would take apart is quoted', () => {
  assert.equal(wordsOf(curl('GET', '/x/?offset=0&follow=1'))[0], 'http://localhost:8000/x/?offset=0&follow=1');
  const body = { name: "it's $HOME `x` \\ \"y\"" };
  assert.deepEqual(JSON.parse(wordsOf(curl('POST', '/x/', { body })).at(-1)), body);
});

test('with a token of one', () => {
  assert.equal(wordsOf(curl('GET', '/x/', { token: 'mine' })).at(-1), 'Authorization: Token mine');
});
