/** Names that a module chose reach a terminal with nothing in them that it would obey. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cli } from '../../embed/node/wasi-tests/cli';
import { moduleOf, section } from '../decoder/testing';
import { printable } from '../errors';

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-names-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const EVIL = 'x\u001b]0;owned\u0007\u009b2J\u202e\ny';
const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const named = (text: string) => [utf8(text).length, ...utf8(text)];
/** Imports and exports by an evil name; the export traps. */
const evil = moduleOf(
  section('type', 1, 0x60, 0, 0),
  section('function', 1, 0),
  section('export', 1, named(EVIL), 0, 0),
  section('code', 1, 3, 0, 0x00, 0x0b),
  [0, named(EVIL).length + 1, ...named(EVIL), 1],
);
const importing = moduleOf(
  section('type', 1, 0x60, 0, 0),
  section('import', 1, named(EVIL), named(EVIL), 0, 0),
);
writeFileSync(path.join(place, 'evil.wasm'), evil);
writeFileSync(path.join(place, 'importing.wasm'), importing);
const at = (file: string) => path.join(place, file);

it.each([
  ['inspect', ['inspect', at('evil.wasm')]],
  ['disassemble', ['inspect', '--disassemble', at('evil.wasm')]],
  ['lowered', ['inspect', '--lowered', at('evil.wasm')]],
  ['tiers', ['inspect', '--tiers', at('evil.wasm')]],
  ['a function that there is not', ['inspect', '--lowered', at('evil.wasm'), EVIL.slice(0, 9)]],
  ['a trap', ['run', '--invoke', EVIL, at('evil.wasm')]],
  ['a missing export', ['run', '--invoke', 'nothing', at('evil.wasm')]],
  ['a missing import', ['run', at('importing.wasm')]],
  ['imports', ['inspect', at('importing.wasm')]],
  ['a file', ['run', at(EVIL.replaceAll('\n', ''))]],
])('%s', async (_, args) => {
  const { stdout, stderr } = await cli(args);
  expect(`${stdout}${stderr}`).toMatch(/x\\u\{1b\}|nothing/);
  const lines = `${stdout}${stderr}`.split('\n');
  expect(lines.map(printable)).toEqual(lines);
});
