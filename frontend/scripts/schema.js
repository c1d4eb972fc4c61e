/* The fields of a form, from the JSON Schema of a program's arguments; and their values to and from JSON. Pure. */
(function (utm) {
  'use strict';

  const DEEPEST = 3;
  // A text that may be longer than this, or has no bound, gets a box that grows.
  const LINE = 10000;

  /**
   * The fields of a schema, each {path, name, title, hint, kind, required, fallback, ...}. The kinds: text, long, number,
   * integer, boolean, choice, date, moment, list (of text, one a line), pairs (NAME=value, one a line), group (it has
   * `fields`), and json for what is none of these. `fallback` is the default, undefined if there is none.
   */
  function fieldsOf(schema, root = schema, path = '', depth = 0) {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties ?? {}).map(([name, property]) =>
      fieldOf(resolved(property, root), { root, name, path: path ? `${path}.${name}` : name, required: required.has(name), depth }));
  }

  function fieldOf(schema, { root, name, path, required, depth }) {
    const { nullable, type } = simplified(schema, root);
    // A checkbox has two states only.
    const shape = nullable && type.type === 'boolean' ? { kind: 'choice', choices: [true, false] } : shapeOf(type, root, path, depth);
    const words = { title: titleOf(schema, name), hint: schema.description ?? type.description ?? '' };
    return { path, name, required, nullable, fallback: schema.default, ...words, ...boundsOf({ ...type, ...schema }), ...shape };
  }

  // Pydantic makes titles of names ("Cpu Seconds"): then the name itself says more to who reads the API.
  function titleOf({ title }, name) {
    const made = (title ?? '').replaceAll(' ', '_').toLowerCase() === name.toLowerCase();
    return made || !title ? name : title;
  }

  function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, maxLength }) {
    return { least: minimum ?? exclusiveMinimum, most: maximum ?? exclusiveMaximum, maxLength };
  }

  function resolved(schema, root) {
    if (!schema?.$ref) return schema ?? {};
    const target = schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean).reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
    const { $ref, ...own } = schema;
    return { ...target, ...own };
  }

  /** Takes null out of the alternatives; `type` is the one that is left, or several as {anyOf}. */
  function simplified(schema, root) {
    const given = schema.anyOf ?? schema.oneOf;
    if (Array.isArray(schema.type)) return simplified({ ...schema, type: undefined, anyOf: schema.type.map((type) => ({ ...schema, type })) }, root);
    if (!given) return { nullable: schema.type === 'null', type: schema };
    const types = given.map((one) => resolved(one, root));
    const left = types.filter((one) => one.type !== 'null');
    return { nullable: left.length < types.length, type: left.length === 1 ? left[0] : { anyOf: left } };
  }

  function shapeOf(type, root, path, depth) {
    if (type.anyOf) return eitherShape(type.anyOf, root, path, depth);
    if (type.enum) return { kind: 'choice', choices: type.enum };
    if ('const' in type) return { kind: 'choice', choices: [type.const] };
    const make = SHAPES[type.type];
    return make ? make(type, root, path, depth) : { kind: 'json' };
  }

  const SHAPES = {
    string: ({ format, maxLength }) => ({ kind: { date: 'date', 'date-time': 'moment' }[format] ?? (format || maxLength <= LINE ? 'text' : 'long') }),
    number: () => ({ kind: 'number' }),
    integer: () => ({ kind: 'integer' }),
    boolean: () => ({ kind: 'boolean' }),
    array: (type, root) => ({ kind: isText(type.items, root) ? 'list' : 'json' }),
    object: (type, root, path, depth) => objectShape(type, root, path, depth),
  };

  function objectShape(type, root, path, depth) {
    if (type.properties && depth < DEEPEST) return { kind: 'group', fields: fieldsOf(type, root, path, depth + 1) };
    const values = [type.additionalProperties, ...Object.values(type.patternProperties ?? {})].filter((one) => one && typeof one === 'object');
    return { kind: !type.properties && values.length === 1 && isText(values[0], root) ? 'pairs' : 'json' };
  }

  // Several types: simple ones side by side with a choice between them, otherwise JSON.
  function eitherShape(types, root, path, depth) {
    const variants = types.map((type) => ({ title: typeTitle(type), ...shapeOf(type, root, path, depth) }));
    return variants.some(({ kind }) => kind === 'json' || kind === 'group' || kind === 'either') ? { kind: 'json' } : { kind: 'either', variants };
  }

  function typeTitle({ type, title }) {
    return { array: 'List', string: 'Text', number: 'Number', integer: 'Number', boolean: 'Yes or no', object: 'Pairs' }[type] ?? title ?? 'Choice';
  }

  function isText(schema, root) {
    const { type, enum: choices } = resolved(schema, root);
    return type === 'string' && !choices;
  }

  /** The arguments that these values (what the control of each path holds) mean; what was left empty is left out. */
  function argumentsOf(fields, values) {
    const found = {};
    for (const field of fields) {
      const value = field.kind === 'group' ? groupOf(field, values) : toJson(field, values[field.path]);
      if (value !== undefined) found[field.name] = value;
    }
    return found;
  }

  function groupOf({ fields, required }, values) {
    const inner = argumentsOf(fields, values);
    return required || Object.keys(inner).length ? inner : undefined;
  }

  /**
   * What the controls have to hold to mean these arguments, by path; null when they cannot mean them (an item of a list
   * with a line break, an argument that the program no longer has): then they can only be shown as JSON.
   */
  function valuesOf(fields, args) {
    const names = new Set(fields.map((field) => field.name));
    if (!isObject(args) || Object.keys(args).some((name) => !names.has(name))) return null;
    const parts = fields.map((field) => valueOf(field, args[field.name]));
    return parts.includes(null) ? null : Object.assign({}, ...parts);
  }

  function valueOf(field, value) {
    const untold = value === undefined || equal(value, field.fallback);
    if (field.kind === 'group') return valuesOf(field.fields, untold ? {} : value);
    if (untold) return { [field.path]: emptyOf(field) };
    const held = fromJson(field, value);
    return held !== undefined && means(field, held, value) ? { [field.path]: held } : null;
  }

  function means(field, held, value) {
    if (field.kind === 'moment') return Math.abs(new Date(held) - new Date(value)) < 1000;
    return equal(toJson(field, held), value);
  }

  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** What a control holds that nobody has filled in. */
  function emptyOf({ kind, fallback, choices }) {
    if (kind === 'boolean') return Boolean(fallback);
    if (kind === 'either') return { variant: 0, value: '' };
    return kind === 'choice' && choices.includes(fallback) ? String(choices.indexOf(fallback)) : '';
  }

  /**
   * The JSON value of what a control holds (a string, a boolean, or {variant, value}); undefined when it was left empty.
   * Throws a SyntaxError for JSON that is none; what else is wrong, the server says best.
   */
  function toJson(field, held) {
    if (field.kind === 'either') return toJson({ ...field, ...field.variants[held.variant] }, held.value);
    if (field.kind === 'boolean') return held;
    return held.trim() === '' ? undefined : TO_JSON[field.kind](held, field);
  }

  const TO_JSON = {
    text: (held) => held,
    long: (held) => held,
    number: numberOrText,
    integer: numberOrText,
    choice: (held, { choices }) => choices[Number(held)],
    date: (held) => held,
    moment: (held) => (Number.isNaN(Date.parse(held)) ? held : new Date(held).toISOString()),
    list: (held) => linesOf(held),
    pairs: (held) => Object.fromEntries(linesOf(held).map(pairOf)),
    json: (held) => JSON.parse(held),
  };

  // What is no number goes to the server as it is: it knows best what to say about it.
  function numberOrText(held) {
    const number = Number(held.trim().replace(',', '.'));
    return Number.isFinite(number) ? number : held;
  }

  function linesOf(held) {
    return held.replace(/\n+$/, '').split('\n');
  }

  function pairOf(line) {
    const at = line.indexOf('=');
    return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1)];
  }

  function fromJson(field, value) {
    return field.kind === 'either' ? fromVariants(field.variants, value) : FROM_JSON[field.kind](value, field);
  }

  function fromVariants(variants, value) {
    const held = variants.map((variant) => FROM_JSON[variant.kind](value, variant));
    const variant = held.findIndex((one) => one !== undefined);
    return variant < 0 ? undefined : { variant, value: held[variant] };
  }

  const text = (value) => (typeof value === 'string' ? value : undefined);
  const number = (value) => (typeof value === 'number' ? String(value) : undefined);

  const FROM_JSON = {
    text: (value) => (typeof value === 'string' && !value.includes('\n') ? value : undefined),
    long: text,
    number,
    integer: number,
    boolean: (value) => (typeof value === 'boolean' ? value : undefined),
    choice: (value, { choices }) => (choices.includes(value) ? String(choices.indexOf(value)) : undefined),
    date: text,
    moment: (value) => (Number.isNaN(Date.parse(value)) ? undefined : localMoment(new Date(value))),
    list: (value) => (Array.isArray(value) ? value.join('\n') : undefined),
    pairs: (value) => (isObject(value) ? Object.entries(value).map((pair) => pair.join('=')).join('\n') : undefined),
    json: (value) => JSON.stringify(value, null, 2),
  };

  /** A moment as <input type="datetime-local"> has it. */
  function localMoment(date) {
    const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60000);
    return shifted.toISOString().slice(0, 19);
  }

  utm.schema = { fieldsOf, argumentsOf, valuesOf, emptyOf, localMoment };
})(window.utm = window.utm || {});
