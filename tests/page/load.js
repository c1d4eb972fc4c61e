/* Loads scripts of the page into a window of their own; for those that need no document. */
'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

const SCRIPTS = join(__dirname, '..', '..', 'frontend', 'scripts');

/** Runs these scripts in one context, with what `globals` adds to it, and returns their `utm`. */
function load(...names) {
  const globals = typeof names.at(-1) === 'object' ? names.pop() : {};
  const window = { ...globals };
  const context = vm.createContext({ ...globals, window, console, Intl, URL, setTimeout, clearTimeout });
  for (const name of names) vm.runInContext(readFileSync(join(SCRIPTS, name), 'utf8'), context, { filename: name });
  return window.utm;
}

module.exports = { load };
