import { describe, expect, it } from 'vitest';
import { Module, OP } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Walk } from '../../decoder/walk';
import { moduleOf, PROGRAMS } from '../testing-programs';
import { HELPER_NAMES, Layout } from './layout';
import { emitGroup } from './side-module';
import { FRAME_WEIGHT } from './state';
import { Harness } from './testing';

const compile = async (text: string) => Module.decode(await wat(text));

const FIB = `(module (func $fib (export "fib") (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
    (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;

const SUM = `(module (func (export "sum") (param i32) (result i64) (local i64 f64)
  (local.set 2 (f64.const 0.5))
  (loop $l
    (local.set 1 (i64.add (local.get 1) (i64.extend_i32_u (local.get 0))))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (i64.add (local.get 1) (i64.trunc_f64_s (local.get 2)))))`;

describe('an instrumented body', () => {
  it('computes the same, and counts entries', async () => {
    const harness = new Harness(await compile(FIB));
    expect(harness.run(0, [20], 1_000_000)).toEqual({ results: [6765] });
    expect(1_000_000 - harness.fuelLeft).toBe(21_891);
  });

  it('counts branches back to a loop', async () => {
    const harness = new Harness(await compile(SUM));
    expect(harness.run(0, [1000], 5000)).toEqual({ results: [500_500n] });
    expect(5000 - harness.fuelLeft).toBe(1000);
  });

  it('asks for fuel where it runs out, and goes on', async () => {
    const harness = new Harness(await compile(SUM));
    harness.refills = [100, 100, 900];
    expect(harness.run(0, [1000], 10)).toEqual({ results: [500_500n] });
    expect(1110 - harness.fuelLeft).toBe(1000);
  });

  it('tests at the header of a loop what its branches back have counted, but of a small one, which counts by the handful', async () => {
    const { bytes, layout } = new Harness(
      await compile(`(module (func (export "run") (param i32) (result i32) (local i32)
        (loop $outer
          (loop $inner (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
          (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0)))`),
    );
    expect(layout.copiesLoops).toBe(true);
    const fuel = 1;
    // loop, local.get fuel, i32.const, i32.lt_s, br_if $slow
    const headers = (units: number) => countOf(bytes, [0x03, 0x40, 0x20, fuel, 0x41, units, 0x48, 0x0d]);
    expect([0, 4].map(headers)).toEqual([1, 1]);
  });

  it('writes loops shortly of a long function with many, in a large module', async () => {
    const module = await compile(moduleOf(PROGRAMS['a long function with many loops']));
    const run = module.funcTypes.length - 1;
    const emitted = (copiesLoops: boolean): number => {
      const base = new Layout(module, { isShared: false, isExact: false }, copiesLoops);
      const { bytes } = emitGroup(base, [run]);
      return loopsOf(Module.decode(bytes), 0);
    };
    const loops = loopsOf(module, run);
    expect(emitted(false)).toBe(loops);
    expect(emitted(true)).toBe(2 * loops);
  });

  it('fills and copies in place what the fuel suffices for, and takes that', async () => {
    const harness = new Harness(
      await compile(`(module (memory 9) (func (export "run") (param i32)
        (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
        (memory.copy (i32.const 100) (i32.const 0) (local.get 0))))`),
    );
    const usedBy = (bytes: number, fuel: number) => {
      expect(harness.run(0, [bytes], fuel)).toEqual({ results: [] });
      return fuel - harness.fuelLeft;
    };
    expect([4095, 4096, 200_000, 2 ** 18].map((bytes) => usedBy(bytes, 1000))).toEqual([0, 2, 96, 128]);
    expect(usedBy(3 * 4096, 6)).toBe(6);
    // The machine does what may have to stop, which the harness has not.
    expect(() => harness.run(0, [3 * 4096], 5)).toThrow('no effects here');
    expect(() => harness.run(0, [2 ** 18 + 1], 1000)).toThrow('no effects here');
    expect(() => harness.run(0, [-1], 2 ** 30)).toThrow('no effects here');
  });

  it('asks nobody where the count is a constant and costs nothing', async () => {
    const fill = async (count: string) => {
      const { bytes, layout } = new Harness(
        await compile(`(module (memory 9) (func (export "run") (param i32)
          (memory.fill (i32.const 0) (i32.const 7) ${count})))`),
      );
      return countOf(bytes, [0x10, layout.helper('bulk')]);
    };
    expect(await fill('(i32.const 4095)')).toBe(0);
    expect(await fill('(i32.const 4096)')).toBe(1);
    expect(await fill('(i32.const -1)')).toBe(1);
    expect(await fill('(local.get 0)')).toBe(1);
    // A block gives what any branch to it carries, a select what it chooses.
    const branch = '(br_if 0 (i32.const 70000) (local.get 0))';
    expect(await fill(`(block (result i32) ${branch} (drop) (i32.const 5))`)).toBe(1);
    expect(await fill('(if (result i32) (local.get 0) (then (i32.const 70000)) (else (i32.const 5)))')).toBe(
      1,
    );
    expect(await fill('(select (i32.const 5) (i32.const 70000) (local.get 0))')).toBe(1);
  });

  it('calls no import in a small module, but a function in its place', async () => {
    const { bytes, layout } = new Harness(await compile(SUM));
    const { length } = HELPER_NAMES;
    expect(HELPER_NAMES.map((name) => layout.helper(name))).toEqual(HELPER_NAMES.map((_, k) => length + k));
    const fuel = 1;
    // A small loop asks at one place: local.get fuel, local.get base, call.
    const asks = (from: number, callee: number) => countOf(bytes, [0x20, from, 0x20, from + 1, 0x10, callee]);
    expect(asks(fuel, layout.helper('loop'))).toBe(1);
    // Its own function has the last two of four parameters on top.
    expect(asks(2, HELPER_NAMES.indexOf('loop'))).toBe(1);
    expect(new Layout(layout.module, layout.variant, false).helper('loop')).toBe(
      HELPER_NAMES.indexOf('loop'),
    );
  });

  it('spills the frame of a loop with its locals', async () => {
    const harness = new Harness(await compile(SUM));
    const { frames } = harness.run(0, [10], 4);
    // Four units: the entry and three turns. The fourth branch back finds none.
    expect(frames).toMatchObject([
      { kind: 'loop', locals: [6, 10n + 9n + 8n + 7n, 0x3fe0000000000000n], operands: [], fp: 0, sp: 0 },
    ]);
  });

  it('forgets locals in the frame of a loop that nobody will read, and goes on without', async () => {
    const module = await compile(`(module (func (export "run") (param $n i32) (result i32)
      (local $square i32) (local $last i32) (local $sum i32)
      (loop $turn
        (local.set $square (i32.mul (local.get $n) (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (local.get $square)))
        (local.set $last (local.get $square))
        (br_if $turn (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.add (local.get $sum) (local.get $last))))`);
    const { frames } = new Harness(module).run(0, [4], 2);
    expect(frames).toMatchObject([{ kind: 'loop', locals: [2, 0, 0, 16 + 9] }]);
    const harness = new Harness(module);
    harness.refills = [1, 1, 1];
    expect(harness.run(0, [4], 2)).toEqual({ results: [16 + 9 + 4 + 1 + 1] });
  });

  it('stops a small loop after each turn, though it counts two at once', async () => {
    const module = await compile(SUM);
    for (let fuel = 1; fuel <= 8; fuel++) {
      const { frames } = new Harness(module).run(0, [20], fuel);
      // A unit is that of the entry, and the first turn costs none.
      expect(frames).toMatchObject([
        { kind: 'loop', locals: [20 - fuel, expect.anything(), expect.anything()] },
      ]);
    }
  });

  it('reads operands in the locals that they are copies of, until these are written to', async () => {
    const harness = new Harness(
      await compile(`(module (import "host" "f" (func $f (param i32) (result i32)))
        (func (export "run") (param $a i32) (param $b i32) (result i32) (local $c i64)
          (local.get $b) (local.get $a) (local.get $a) (local.tee $b) (local.set $a (i32.const 7))
          (i32.add) (call $f (local.get $a)) (i32.add) (i32.add)))`),
    );
    harness.host = () => harness.unwind();
    const { frames } = harness.run(1, [3, 5], 10);
    expect(frames).toMatchObject([{ kind: 'call', locals: [7, 3, 0n], operands: [5, 6] }]);
  });

  it('spills every frame of a recursion, with operands, where it lies on the stack', async () => {
    const harness = new Harness(await compile(FIB));
    const { frames } = harness.run(0, [5], 6);
    const seen = frames!.map(({ kind, locals, operands, fp, sp }) => ({ kind, locals, operands, fp, sp }));
    expect(seen).toEqual([
      { kind: 'entry', locals: [1], operands: [], fp: 4, sp: 3 },
      { kind: 'call', locals: [3], operands: [1], fp: 2, sp: 2 },
      { kind: 'call', locals: [4], operands: [], fp: 1, sp: 1 },
      { kind: 'call', locals: [5], operands: [], fp: 0, sp: 0 },
    ]);
  });

  it('unwinds when the native stack has grown long', async () => {
    // Four frames below, each of a slot.
    const harness = new Harness(await compile(FIB), undefined, 4 * (FRAME_WEIGHT + 1));
    const { frames } = harness.run(0, [20], 1000);
    expect(frames!.map(({ kind, sp }) => [kind, sp])).toEqual([
      ['entry', 4],
      ['call', 3],
      ['call', 2],
      ['call', 1],
      ['call', 0],
    ]);
  });
});

function loopsOf(module: Module, funcidx: number): number {
  let loops = 0;
  new Walk(module, funcidx, {
    instruction({ row }) {
      if (row.op === OP.loop) loops++;
    },
  }).run();
  return loops;
}

/** How often these bytes are among others. */
function countOf(bytes: Uint8Array, sought: readonly number[]): number {
  let found = 0;
  for (let k = 0; k <= bytes.length - sought.length; k++)
    if (sought.every((byte, j) => bytes[k + j] === byte)) found++;
  return found;
}
