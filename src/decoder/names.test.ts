import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { Module } from './decode';
import { disassemble } from './disassemble';

const NAMED = await parse(`(module $mod
  (type $t (func (param i32)))
  (import "m" "f" (func $imported))
  (table $tab 1 funcref) (memory $mem 1) (global $glob i32 (i32.const 0)) (tag $tag (type $t))
  (elem $el func) (data $dat "x")
  (func $main (param $p i32) (local $q i64)
    (block $label (br_if $label (local.get $p)))
    (@metadata.code.branch_hint "\\01") (if (local.get $p) (then (throw $tag (global.get $glob))))
    (@metadata.code.branch_hint "\\00") (if (local.get $p) (then (data.drop $dat) (elem.drop $el)))
    (drop (memory.size $mem)) (drop (table.size $tab))))`);

it('reads all name spaces, and says them in a listing', () => {
  const module = Module.decode(NAMED);
  const { names } = module;
  const maps = { ...names, module: undefined };
  expect(names.module).toBe('mod');
  expect(
    Object.entries(maps).flatMap(([space, map]) =>
      map === undefined
        ? []
        : [[space, JSON.stringify([...map].map(([k, v]) => [k, typeof v === 'string' ? v : [...v]]))]],
    ),
  ).toEqual([
    ['functions', '[[0,"imported"],[1,"main"]]'],
    ['locals', '[[1,[[0,"p"],[1,"q"]]]]'],
    ['labels', '[[1,[[0,"label"]]]]'],
    ['types', '[[0,"t"]]'],
    ['tables', '[[0,"tab"]]'],
    ['memories', '[[0,"mem"]]'],
    ['globals', '[[0,"glob"]]'],
    ['elements', '[[0,"el"]]'],
    ['datas', '[[0,"dat"]]'],
    ['fields', '[]'],
    ['tags', '[[0,"tag"]]'],
  ]);
  const listing = [...disassemble(module, 1)].map((line) => line.slice(9).trim());
  for (const line of [
    'local.get 0 (; p ;)',
    'throw 0 (; tag ;)',
    'global.get 0 (; glob ;)',
    'if (; likely ;)',
    'if (; unlikely ;)',
  ]) {
    expect(listing).toContain(line);
  }
});

it('reads branch hints by function and offset, and leaves out what does not decode', () => {
  const module = Module.decode(NAMED);
  expect([...module.branchHints].map(([funcidx, hints]) => [funcidx, [...hints.values()]])).toEqual([
    [1, [true, false]],
  ]);
  const start = module.codeStart[0];
  for (const offset of module.branchHints.get(1)!.keys()) expect(NAMED[start + offset]).toBe(0x04);
  const section = module.customs.find(({ name }) => name === 'metadata.code.branch_hint')!;
  for (let at = section.bytes.start; at < section.bytes.end; at++) {
    const bytes = NAMED.slice();
    bytes[at] = 0xff;
    expect(() => Module.decode(bytes).branchHints).not.toThrow();
  }
});
