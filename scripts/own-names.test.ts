/** Which names a bundle may shorten: one property for each rule. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from './laws/files.ts';
import { ownNames, programOf } from './own-names.mjs';

const SOURCE = `
interface PublicPart { readonly reached: number }
/** Whoever imports it meets its members. */
export class Public {
  readonly member: PublicPart = { reached: 1 };
  /** @internal */
  readonly hiddenField = { hiddenPart: 1 };
  private privateField = 1;
  publicMethod(options: { readonly publicOption?: number } = {}): number {
    return this.privateField + (options.publicOption ?? 0) + this.hiddenField.hiddenPart;
  }
}

const own = { ownPart: 1, textual: 2, configurable: 3 };
export const text = () => own.ownPart + own['textual'] + own.configurable;

const byComputedName = { computed: 1 };
export const find = (name: string) => (byComputedName as Readonly<Record<string, number>>)[name];
const byKey = { keyed: 1 };
export const at = (key: keyof typeof byKey) => byKey[key];

type Kind = 'first' | 'case' | 'compared';
export const kinds = (kind: Kind): number => (kind === 'compared' ? { first: 1, case: 2, compared: 3 }.case : 0);
export const first = () => kinds('first');
const table = { listedKey: 1, otherKey: 2, unlisted: 3 };
export const byLiteral = (key: 'listedKey' | 'otherKey' | undefined) => (key && table[key]) ?? table.unlisted;
const generic = <T, K extends keyof T>(object: T, key: K) => object[key];
export const passed = () => generic({ passedKey: 1 }, 'passedKey');

interface FromOutside { readonly parsed: number; readonly deep: { readonly deeper: number } }
export const parse = (json: string): number => (JSON.parse(json) as FromOutside).deep.deeper;
export const parsed = { madeHere: { deeper: 1, parsed: 1 } }.madeHere.deeper;
const given = globalThis as unknown as { readonly hosted?: number };
export const hosted = () => given.hosted ?? { hosted: 1 }.hosted;
const written = { serialized: 1 };
export const write = () => JSON.stringify(written);
const listed = { listedName: 1 };
export const names = () => Object.keys(listed);
export const has = (name: string) => name in { inObject: 1 };
export const open: Record<string, number> = { opened: 1 };
`;

const OURS = [
  'hiddenField',
  'hiddenPart',
  'privateField',
  'ownPart',
  'case',
  'compared',
  'unlisted',
  'madeHere',
];
const MET = [
  ...[
    'Public',
    'member',
    'reached',
    'publicMethod',
    'publicOption',
    'textual',
    'configurable',
    'computed',
    'keyed',
    'listedKey',
    'otherKey',
    'passedKey',
  ],
  ...['parsed', 'deep', 'deeper', 'hosted', 'serialized', 'listedName', 'inObject', 'opened'],
];

/** A file that nobody else has, as the repository names it. */
function fileOf(name: string, text: string): string {
  const folder = path.join(root, 'node_modules/.cache/tswasm-own-names');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${process.pid}-${name}.ts`);
  writeFileSync(file, text);
  return path.relative(root, file);
}

it('keeps what somebody outside can meet', () => {
  const shortened = new Set(ownNames([fileOf('all', SOURCE)]));
  expect([...OURS, ...MET].filter((name) => shortened.has(name))).toEqual(OURS);
});

it('keeps no name for what the bundle does not have', () => {
  const listing = fileOf('listing', `export const look = (object: { looked: number }) => object['looked'];`);
  const text = `import './${process.pid}-listing';
    const own = { looked: 1 };
    export const both = () => own.looked;`;
  const entry = fileOf('entry', text);
  const namesIn = (bundled: string[]) => ownNames([entry], programOf([entry]), new Set(bundled));
  expect(namesIn([entry])).toEqual(['looked']);
  expect(namesIn([entry, listing])).toEqual([]);
});
