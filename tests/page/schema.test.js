'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { load } = require('./load.js');

const { schema } = load('schema.js');
const plain = (value) => JSON.parse(JSON.stringify(value));

/** The one field of a schema with one property. */
function fieldOf(property, { required = false, ...root } = {}) {
  const [field] = schema.fieldsOf({ properties: { it: property }, required: required ? ['it'] : [], ...root });
  return field;
}

const kindOf = (property, root) => fieldOf(property, root).kind;
const meant = (property, held, options) => plain(schema.argumentsOf([fieldOf(property, options)], { it: held })).it;
const held = (property, value) => schema.valuesOf([fieldOf(property)], { it: value })?.it;

const TEXTS = { type: 'array', items: { type: 'string' } };
const PAIRS = { type: 'object', additionalProperties: { type: 'string' } };
const ARGV = { anyOf: [TEXTS, { type: 'string' }] };
const PERIOD = { $ref: '#/$defs/Period' };
const $defs = { Period: { type: 'object', properties: { first: { type: 'string', format: 'date' }, last: { type: 'string', format: 'date' } }, required: ['first'] } };

test('each type has its kind of field', () => {
  const kinds = [
    ['number', { type: 'number' }],
    ['integer', { type: 'integer' }],
    ['boolean', { type: 'boolean' }],
    ['long', { type: 'string' }],
    ['text', { type: 'string', maxLength: 100 }],
    ['date', { type: 'string', format: 'date' }],
    ['moment', { type: 'string', format: 'date-time' }],
    ['choice', { enum: ['a', 'b'], type: 'string' }],
    ['choice', { const: 'a' }],
    ['list', TEXTS],
    ['pairs', PAIRS],
    ['pairs', { type: 'object', patternProperties: { '^[A-Z]$': { type: 'string' } } }],
    ['either', ARGV],
  ];
  kinds.forEach(([kind, property]) => assert.equal(kindOf(property), kind, JSON.stringify(property)));
});

test('what no control can hold is JSON', () => {
  const others = [{}, { type: 'array', items: { type: 'object' } }, { type: 'object' }, { anyOf: [{ type: 'object' }, { type: 'string' }] }, { type: 'strange' }];
  others.forEach((property) => assert.equal(kindOf(property), 'json', JSON.stringify(property)));
});

test('null is no type of its own', () => {
  const field = fieldOf({ anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], default: null });
  assert.deepEqual([field.kind, field.nullable, field.least], ['integer', true, 1]);
  assert.equal(kindOf({ type: ['string', 'null'] }), 'long');
  assert.equal(kindOf({ anyOf: [{ type: 'boolean' }, { type: 'null' }] }), 'choice');
});

test('a reference is a group of fields with paths', () => {
  const field = fieldOf(PERIOD, { $defs });
  assert.equal(field.kind, 'group');
  assert.deepEqual(Array.from(field.fields, (one) => one.path), ['it.first', 'it.last']);
  assert.deepEqual(Array.from(field.fields, (one) => one.required), [true, false]);
});

test('a schema that holds itself comes to an end', () => {
  const Node = { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } };
  const inner = (field) => (field.fields ? inner(field.fields[0]) : field);
  assert.equal(inner(fieldOf({ $ref: '#/$defs/Node' }, { $defs: { Node } })).kind, 'json');
});

test('a reference to nothing is JSON', () => {
  assert.equal(kindOf({ $ref: '#/$defs/None' }), 'json');
});

test('titles and hints are for people', () => {
  const field = fieldOf({ type: 'number', title: 'Cpu Seconds', description: 'Of each.', default: 3, maximum: 9 });
  assert.deepEqual([field.title, field.hint, field.fallback, field.most], ['Cpu Seconds', 'Of each.', 3, 9]);
});

test('what was left empty is left out', () => {
  [{ type: 'number' }, { type: 'string' }, TEXTS, PAIRS, {}].forEach((property) => assert.equal(schema.argumentsOf([fieldOf(property)], { it: ' ' }).it, undefined));
});

test('values become JSON', () => {
  assert.equal(meant({ type: 'number' }, '1,5'), 1.5);
  assert.equal(meant({ type: 'number' }, 'many'), 'many');
  assert.equal(meant({ enum: ['a', 7] }, '1'), 7);
  assert.equal(meant({ type: 'boolean' }, true), true);
  assert.deepEqual(meant(TEXTS, 'ls\n-l\n'), ['ls', '-l']);
  assert.deepEqual(meant(PAIRS, 'A=1\nB=x=y\nC'), { A: '1', B: 'x=y', C: '' });
  assert.deepEqual(meant({}, '{"a": [1]}'), { a: [1] });
  assert.deepEqual(meant(ARGV, { variant: 0, value: 'ls\n-l' }), ['ls', '-l']);
  assert.equal(meant(ARGV, { variant: 1, value: 'ls -l' }), 'ls -l');
});

test('JSON that is none is said', () => {
  assert.throws(() => meant({}, '{'), { name: 'SyntaxError' });
});

test('a group that is required is there, one that is not only when filled', () => {
  const group = (required, values) => plain(schema.argumentsOf([fieldOf(PERIOD, { $defs, required })], { 'it.first': '', 'it.last': '', ...values }));
  assert.deepEqual(group(true, {}), { it: {} });
  assert.deepEqual(group(false, {}), {});
  assert.deepEqual(group(false, { 'it.first': '2026-01-01' }), { it: { first: '2026-01-01' } });
});

test('arguments become values', () => {
  assert.equal(held({ type: 'number', default: 1 }, 2.5), '2.5');
  assert.equal(held({ type: 'string' }, 'a\nb'), 'a\nb');
  assert.equal(held({ enum: ['a', 'b'] }, 'b'), '1');
  assert.equal(held(TEXTS, ['ls', '-l']), 'ls\n-l');
  assert.equal(held(PAIRS, { A: '1' }), 'A=1');
  assert.deepEqual(plain(held(ARGV, 'ls -l')), { variant: 1, value: 'ls -l' });
  assert.deepEqual(plain(held(ARGV, ['ls'])), { variant: 0, value: 'ls' });
});

test('a default is shown as nothing filled in', () => {
  assert.equal(held({ type: 'number', default: 10 }, 10), '');
  assert.equal(held({ enum: ['GET', 'PUT'], default: 'GET' }, 'GET'), '0');
  assert.equal(held({ type: 'boolean', default: true }, true), true);
  assert.equal(held({ type: 'object', additionalProperties: { type: 'string' }, default: {} }, {}), '');
});

test('a moment is shown in local time and means the same', () => {
  const field = { type: 'string', format: 'date-time' };
  const iso = '2026-01-31T12:00:00.000Z';
  assert.equal(meant(field, held(field, iso)), iso);
});

test('what the controls cannot mean is null', () => {
  assert.equal(schema.valuesOf([fieldOf(TEXTS)], { it: ['a\nb'] }), null);
  assert.equal(schema.valuesOf([fieldOf(TEXTS)], { it: [1] }), null);
  assert.equal(schema.valuesOf([fieldOf(PAIRS)], { it: { 'a=b': 'c' } }), null);
  assert.equal(schema.valuesOf([fieldOf({ type: 'string', default: 'x' })], { it: '' }), null);
  assert.equal(schema.valuesOf([fieldOf({ type: 'number' })], { it: '7' }), null);
  assert.equal(schema.valuesOf([fieldOf({ type: 'number' })], { other: 7 }), null);
  assert.equal(schema.valuesOf([], [1]), null);
});
