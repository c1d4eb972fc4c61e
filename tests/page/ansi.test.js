'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { ansi } = load('ansi.js');
// Objects of another context have another prototype.
const plain = (value) => JSON.parse(JSON.stringify(value));

function linesOf(...chunks) {
  const terminal = ansi.createTerminal();
  chunks.forEach(terminal.write);
  return terminal.lines;
}

const textOf = (...chunks) => linesOf(...chunks).map((line) => line.text).join('\n');
const spansOf = (text) => plain(ansi.spans(linesOf(text)[0]));

test('plain text becomes lines', () => {
  assert.equal(textOf('one\ntwo\n'), 'one\ntwo\n');
});

test('a line may come in pieces', () => {
  assert.equal(textOf('o', 'ne\nt', 'wo'), 'one\ntwo');
});

test('plain lines cost no styles', () => {
  assert.equal(linesOf('one\n')[0].styles, null);
});

test('colours and their end', () => {
  assert.deepEqual(spansOf('\x1b[1;31mred\x1b[0m plain'), [
    { text: 'red', style: { bold: true, fg: 1 } },
    { text: ' plain', style: {} },
  ]);
});

test('a style lasts over the end of a line', () => {
  const lines = linesOf('\x1b[32mone\ntwo');
  assert.deepEqual(plain(ansi.spans(lines[1])), [{ text: 'two', style: { fg: 2 } }]);
});

test('bright colours and grounds', () => {
  assert.deepEqual(spansOf('\x1b[97;104mx')[0].style, { fg: 15, bg: 12 });
});

test('the palette of 256 and all colours', () => {
  assert.deepEqual(spansOf('\x1b[38;5;9mx')[0].style, { fg: 9 });
  assert.deepEqual(spansOf('\x1b[38;5;196mx')[0].style, { fg: 'rgb(255, 0, 0)' });
  assert.deepEqual(spansOf('\x1b[48;5;255mx')[0].style, { bg: 'rgb(238, 238, 238)' });
  assert.deepEqual(spansOf('\x1b[38;2;1;2;999;4mx')[0].style, { fg: 'rgb(1, 2, 255)', underline: true });
});

test('single features end by themselves', () => {
  assert.deepEqual(spansOf('\x1b[1;3;4;31m\x1b[22;24mx')[0].style, { italic: true, fg: 1 });
  assert.deepEqual(spansOf('\x1b[31;41m\x1b[39mx')[0].style, { bg: 1 });
  assert.deepEqual(spansOf('\x1b[31m\x1b[mx')[0].style, {});
});

test('a carriage return writes over the line', () => {
  assert.equal(textOf('10 %\r20 %\r100 %\n'), '100 %\n');
  assert.equal(textOf('abc\rX\n'), 'Xbc\n');
  assert.equal(textOf('one\r\ntwo\r\n'), 'one\ntwo\n');
});

test('a carriage return and erase leaves what is new', () => {
  assert.equal(textOf('a long one\r\x1b[Kshort'), 'short');
  assert.equal(textOf('a long one\x1b[2K\rshort'), 'short');
});

test('what is written over keeps its own styles', () => {
  assert.deepEqual(spansOf('\x1b[31mabc\x1b[0m\rX'), [
    { text: 'X', style: {} },
    { text: 'bc', style: { fg: 1 } },
  ]);
});

test('backspace, tab and moves of the cursor', () => {
  assert.equal(textOf('abc\b\bX'), 'aXc');
  assert.equal(textOf('a\tb'), 'a       b');
  assert.equal(textOf('a\x1b[5Gb'), 'a   b');
  assert.equal(textOf('abc\x1b[2DX'), 'aXc');
});

test('titles, links and other sequences are left out', () => {
  assert.equal(textOf('\x1b]0;title\x07a\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\\x1b(B\x1b[?25l!'), 'alink!');
});

test('other control characters can be seen', () => {
  assert.equal(textOf('a\x01b\x07c'), 'a\u2401bc');
});

test('a sequence may be cut anywhere', () => {
  const text = 'a\x1b[1;31mb\x1b]0;title\x1b\\c\x1b[0md\x1b]0;x\x07e';
  const whole = plain(linesOf(text));
  for (let at = 1; at < text.length; at += 1) {
    assert.deepEqual(plain(linesOf(text.slice(0, at), text.slice(at))), whole, `cut at ${at}`);
  }
});

test('a cursor cannot be sent far away', () => {
  assert.ok(textOf('\x1b[999999999Cx').length <= 1001);
  assert.ok(textOf('\x1b[999999999Gx').length <= 1001);
});

test('a sequence without an end does not swallow the rest', () => {
  const endless = `\x1b]0;${'x'.repeat(5000)}`;
  assert.ok(textOf(endless, '\nafter').endsWith('\nafter'));
});

test('a mebibyte of anything is quick', () => {
  const start = Date.now();
  for (const piece of ['1\n', '\r99 %', '\x1b[31m', '\x1b]', '\x1b[', '\b', '\t', 'é\x1b[1mx\x1b[0m\n']) {
    linesOf(...new Array(64).fill(piece.repeat(2 ** 14 / piece.length)));
  }
  assert.ok(Date.now() - start < 20_000);
});
