import { describe, expect, it } from 'vitest';
import { typesOfLocals } from './body';
import { Module } from './decode';
import { INSTRUCTIONS, OP } from './instructions';
import { Reader } from './reader';
import { type StraightRun, skipStraight, straightOps, typesOfGlobals, walkStraight } from './straight';
import { wat } from './testing';
import { typesOf } from './typelist';
import { F64, type ValType } from './types';
import { Walk } from './walk';

const TYPES: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', a: 'i32' };

/** A function for each straight instruction that has a signature: it takes the operands as parameters, above one that stays below. */
function everyInstruction(): string {
  const straight = straightOps();
  const rows = INSTRUCTIONS.filter(({ op, sig }) => op < 256 && straight[op] !== 0 && sig !== '');
  expect(rows.length).toBeGreaterThan(140);
  const functions = rows.map(({ name, sig, imm, width }) => {
    const [operands, results] = sig
      .split(':')
      .map((letters) => Array.from(letters, (letter) => TYPES[letter]));
    const pushed = operands.map((_, k) => `local.get ${k}`).join(' ');
    const immediates = imm === 'memarg' ? ` offset=300 align=${width / 8}` : imm === 'none' ? '' : ' -300';
    const dropped = results.map(() => 'drop').join(' ');
    return `(func (param ${operands.join(' ')}) i64.const -1 ${pushed} ${name}${immediates} ${dropped} drop)`;
  });
  return `(module (memory 1) ${functions.join('\n')})`;
}

/** Variables, what is no number, branches, calls, and code that is not reached. */
const MIXED = `(module (global $g (mut f64) (f64.const 1)) (global $r (mut externref) (ref.null extern)) (memory 1)
  (func $two (result i32 f64) (i32.const 1) (f64.const 2))
  (func (param i32 f32) (result f32) (local i64 f64 externref v128 i32)
    (local.set 2 (i64.const 5)) (local.set 3 (global.get $g)) (global.set $g (f64.add (local.get 3) (f64.const 2)))
    (local.set 4 (global.get $r)) (global.set $r (local.get 4)) (local.set 5 (local.get 5))
    (drop (local.tee 4 (local.get 4))) (local.set 6 (local.tee 0 (i32.const 200)))
    (local.set 6 (select (i32.const 1) (local.get 6) (local.get 0)))
    call $two drop drop
    (block (result f32) (loop $l (br_if $l (i32.eqz (local.get 0)))) (br_if 0 (local.get 1) (i32.const 3)) return)))`;

interface Seen {
  readonly offset: number;
  readonly types: readonly ValType[];
  readonly reachable: boolean;
}

function steps(module: Module, funcidx: number): Seen[] {
  const seen: Seen[] = [];
  new Walk(module, funcidx, {
    instruction: ({ offset, stack, reachable }) => seen.push({ offset, types: typesOf(stack), reachable }),
  }).run();
  return seen;
}

/** Walks over straight code in runs; at each instruction that is left the operands must be the same, and the heights in between. */
function compare(module: Module, funcidx: number): number {
  const all = steps(module, funcidx);
  const left: Seen[] = [];
  const walk = new Walk(module, funcidx, {
    instruction: ({ offset, stack, reachable }) => left.push({ offset, types: typesOf(stack), reachable }),
  });
  const straight = copying(walk, 0, 0);
  do {
    const from = walk.reader.pos;
    walkStraight(walk, straight);
    const run = all
      .filter(({ offset }) => offset >= from && offset <= walk.reader.pos)
      .map(({ types }) => types.length);
    if (run.length > 0 && walk.reachable) expect(straight.highest).toBe(Math.max(...run));
    if (run.length > 0 && walk.reachable) expect(straight.lowest).toBeLessThanOrEqual(Math.min(...run));
  } while (walk.step());
  expect(left).toEqual(all.filter(({ offset }) => left.some((one) => one.offset === offset)));
  return all.length - left.length;
}

/** Locals from `first` on have indices in the copy that are higher by `more`. */
function copying(walk: Walk, first: number, more: number, passed = straightOps()): StraightRun {
  const to = new Uint8Array(2 * walk.module.bytes.length);
  return {
    passed,
    locals: typesOfLocals(walk.locals),
    globals: typesOfGlobals(walk.module),
    to,
    length: 0,
    first,
    more,
    isSingle: false,
    lowest: 0,
    highest: 0,
    givers: [],
    written: [],
  };
}
const copied = ({ to, length }: StraightRun): number[] => [...to.subarray(0, length)];

describe('straight code', () => {
  it('leaves the operands that a walk step by step leaves, of every instruction', async () => {
    const module = Module.decode(await wat(everyInstruction()));
    module.codeStart.forEach((_, funcidx) => {
      // Only the end is left.
      expect(compare(module, funcidx)).toBe(steps(module, funcidx).length - 1);
    });
  });

  it('ends where something is no number, branches or calls, and is not walked over where nothing reaches it', async () => {
    const module = Module.decode(await wat(MIXED));
    expect(compare(module, 1)).toBeGreaterThan(20);
    expect(compare(module, 0)).toBe(2);
  });

  it('leaves the lowest height of what was there before', async () => {
    const module = Module.decode(
      await wat(`(module (func (result i32) i32.const 0 i32.const 1 i32.const 2 i32.const 3
        block end i32.add i32.const 4 i32.const 5 drop drop block end i32.add i32.add))`),
    );
    const walk = new Walk(module, 0, {});
    const run = copying(walk, 0, 0);
    const seen: { lowest: number; highest: number }[] = [];
    do {
      walkStraight(walk, run);
      seen.push({ lowest: run.lowest, highest: run.highest });
    } while (walk.step());
    expect(seen.slice(0, 3)).toEqual([
      { lowest: 0, highest: 4 },
      { lowest: 4, highest: 4 },
      { lowest: 2, highest: 5 },
    ]);
  });

  it('does not take what a select gives for its first operand', async () => {
    const module = Module.decode(
      await wat(`(module (func (param i32 f64) (result f64)
        local.get 1 local.get 1 block end local.get 0 select local.get 1 local.get 1 local.get 0 select f64.add))`),
    );
    const walk = new Walk(module, 0, {});
    const run = copying(
      walk,
      0,
      0,
      straightOps((op) => op !== OP['f64.add']),
    );
    for (let k = 0; k < 3; k++) {
      walkStraight(walk, run);
      if (k < 2) walk.step();
    }
    expect(typesOf(walk.stack)).toEqual([F64, F64]);
    const { lowest, highest, givers } = run;
    expect({ lowest, highest }).toEqual({ lowest: 0, highest: 4 });
    expect(givers.slice(0, 2).map((offset) => module.bytes[offset])).toEqual([OP.select, OP.select]);
  });

  it('is copied with other indices of locals, and tells which are written', async () => {
    const module = Module.decode(
      await wat(`(module (func (param i32) (local i32 i32)
        (local.set 1 (local.get 0)) (local.set 0 (local.tee 2 (local.get 1))) block end (drop (local.get 2))))`),
    );
    const walk = new Walk(module, 0, {});
    const run = copying(walk, 1, 127);
    const from = walk.reader.pos;
    walkStraight(walk, run);
    const [get, set, tee] = [OP['local.get'], OP['local.set'], OP['local.tee']];
    const first = [get, 0, set, 0x80, 1, get, 0x80, 1, tee, 0x81, 1, set, 0];
    expect(copied(run)).toEqual(first);
    expect(run.written).toEqual([from + 8, from + 2, from + 6]);
    walk.step();
    walk.step();
    run.isSingle = true;
    walkStraight(walk, run);
    const second = [...first, get, 0x81, 1];
    expect(copied(run)).toEqual(second);
    walkStraight(walk, run);
    expect(copied(run)).toEqual([...second, OP.drop]);
  });

  it('is passed over without types, too, but for what is left out', async () => {
    const module = Module.decode(await wat(everyInstruction()));
    const trunc = OP['i32.trunc_f32_s'];
    const others = straightOps((op) => op !== trunc);
    module.codeStart.forEach((start, k) => {
      const body = new Reader(module.bytes, start, module.codeEnd[k]);
      expect(body.u32()).toBe(0);
      const { pos } = body;
      const count = skipStraight(body, straightOps());
      expect(body.pos).toBe(module.codeEnd[k] - 1);
      body.pos = pos;
      expect(skipStraight(body, straightOps(), count - 1)).toBe(count - 1);
      expect(body.pos).toBeLessThan(module.codeEnd[k] - 1);
      expect(skipStraight(body, straightOps())).toBe(1);
      const some = new Reader(module.bytes, start + 1, module.codeEnd[k]);
      skipStraight(some, others);
      const isLeft = module.bytes[some.pos] === trunc;
      expect(some.pos === body.pos || isLeft).toBe(true);
    });
  });
});
