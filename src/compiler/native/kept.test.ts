/** Code that an earlier process has emitted: it runs as it is, and nothing is emitted again. */
import { expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import type { RuntimeError } from '../../errors';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, instantiate } from '../../runtime';
import { compile } from '../../testing';
import { always } from '../testing';
import { PART_SIZES, type PartSizes } from './groups';
import type { HostWebAssembly } from './host';
import { type KnownCode, membersOf } from './kept';
import { HOST } from './testing';
import { NativeTier } from './tier';

/** Of functions, each of which is a group for itself. */
const PARTS: PartSizes = { whole: 0, group: 0 };
const OTHERS = 12;
const TEXT = `(module (memory 1) (table 4 funcref) (elem (i32.const 0) $double)
  (global $turns (export "turns") (mut i32) (i32.const 0))
  (type $unary (func (param i32) (result i32)))
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $count (param i32) (result i32) (local i32)
    (loop $again
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (memory.fill (i32.const 8) (local.get 0) (local.get 0))
      (local.set 1 (i32.add (local.get 1) (call_indirect (type $unary) (local.get 0) (i32.const 0))))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "run") (param i32) (result i32) (call $count (local.get 0)))
  (func (export "trap") (param i32) (result i32)
    (drop (call $count (i32.const 2))) (i32.div_u (i32.const 1) (local.get 0)))
  ${Array.from(
    { length: OTHERS },
    (_, k) => `(func (export "other${k}") (param i32) (result i32)
    (loop (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))) (i32.const ${k}))`,
  ).join('\n')})`;

/** The host's engine, which counts what it compiles. */
function counting(): { readonly host: HostWebAssembly; readonly count: { modules: number } } {
  const count = { modules: 0 };
  const Counted = new Proxy(HOST.Module, {
    construct(target, [bytes]: [Uint8Array]) {
      count.modules++;
      return new target(bytes);
    },
  });
  return { host: Object.assign(Object.create(HOST), { Module: Counted }), count };
}

/** A process that runs these exports, and what it has found out. */
function ran(names: readonly string[], sizes: PartSizes, known?: KnownCode) {
  const { host, count } = counting();
  const tier = new NativeTier(host, sizes);
  const module = compile(TEXT);
  if (known !== undefined) tier.know(module, structuredClone(known));
  const store = new Store();
  usePolicy(store, always(tier));
  const { exports } = instantiate(store, module, []);
  const told = names.map((name) => {
    try {
      return (exports.get(name) as Func).call(name === 'trap' ? 0 : 9);
    } catch (error) {
      return (error as RuntimeError).backtrace;
    }
  });
  return { told, compiled: count.modules, entered: tier.counts.entered, known: tier.found(module) };
}

const NAMES = ['run', 'trap'];

/** As many processes as find out something, one after the other, and one more. */
function* processes(names: readonly string[], sizes: PartSizes) {
  let known: KnownCode | undefined;
  for (;;) {
    const process = ran(names, sizes, known);
    yield process;
    if (process.known === undefined) return;
    known = process.known;
  }
}
/** What the last of them has begun with. */
const settled = (names: readonly string[], sizes: PartSizes): KnownCode =>
  [...processes(names, sizes)].at(-2)!.known!;

it.each([
  ['whole', PART_SIZES],
  ['in parts', PARTS],
])(
  'a module that is emitted %s is as it was in later processes, the last of which emits nothing',
  (_, sizes) => {
    const all = [...processes(NAMES, sizes)];
    const [first, second] = all;
    expect(first.told).toEqual([90, [expect.objectContaining({ funcidx: 3 })]]);
    for (const { told } of all) expect(told).toEqual(first.told);
    // Of parts that were made in haste only the functions are kept.
    expect(all.map(({ known }) => known?.programs.length)).toEqual(
      sizes === PARTS ? [0, 1, undefined] : [1, undefined],
    );
    const last = all.at(-1)!;
    // The second one's groups stand in one module then, beside the main one.
    expect([second.compiled, last.compiled]).toEqual(sizes === PARTS ? [5, 2] : [1, 1]);
    expect(last.entered).toBe(second.entered);
  },
);

it('groups of functions that are wanted hold these alone', () => {
  const [, { known }] = processes([...NAMES, 'other3', 'other4'], PARTS);
  const members = known!.programs[0].groups.flatMap(membersOf);
  expect([...new Set(members)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 7, 8]);
});

it('what is called that no earlier process has called is added, and all groups are made anew when that is much', () => {
  const known = settled(NAMES, PARTS);
  const few = ran(['other0'], PARTS, known);
  expect(few.told).toEqual([0]);
  expect(few.known!.programs[0].groups.length).toBe(known.programs[0].groups.length + 1);
  const names = Array.from({ length: OTHERS }, (_, k) => `other${k}`);
  const many = ran(names, PARTS, known);
  expect(many.told).toEqual(Array.from(names.keys()));
  expect(many.known!.programs).toEqual([]);
  expect([...many.known!.wanted!].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, k) => k));
});

it('is emitted again where the host does not take what has been', () => {
  const spoilt = (known: KnownCode, part: 'main' | 'groups'): KnownCode => {
    const copy = structuredClone(known);
    const [program] = copy.programs;
    const bytes = part === 'main' ? program.main.bytes : program.groups[0].bytes;
    bytes.fill(0xff, bytes.length >> 1);
    return copy;
  };
  for (const sizes of [PART_SIZES, PARTS]) {
    const known = settled(NAMES, sizes);
    for (const part of sizes === PARTS ? (['main', 'groups'] as const) : (['main'] as const)) {
      const { told } = ran(NAMES, sizes, spoilt(known, part));
      expect(told).toEqual(ran(NAMES, sizes).told);
    }
  }
});

it('is of one variant: others are emitted', () => {
  const [{ known }] = processes(NAMES, PART_SIZES);
  const [program] = known!.programs;
  const other = { ...program, variant: { ...program.variant, isExact: true } };
  const run = ran(NAMES, PART_SIZES, { programs: [other] });
  expect(run.told[0]).toBe(90);
  expect(run.known!.programs.map(({ variant }) => variant.isExact)).toEqual([false, true]);
});
