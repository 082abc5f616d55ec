/** Issue 3, acceptance 6: what stops in the middle of a bulk operation, or in `start`, goes on exactly. (How soon it stops: npm run bench:latency.) */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Module } from '../decoder';
import { type Func, type Instance, instantiatePaused, type Memory, type Table } from '../runtime';
import { compile } from '../testing';
import { Execution, Store } from '.';

const FUNCS = Array.from({ length: 7 }, (_, k) => `(func $f${k} (param i32) (result i32) (i32.const ${k}))`);
const MANY = Array.from({ length: 9000 }, (_, k) => `$f${(k * k) % 7}`);

/** Each works on more than the machine does at a time, at odd places, and then changes a little. */
const OPERATIONS: readonly (readonly [name: string, text: string])[] = [
  ['memory.fill', '(memory.fill (i32.const 77) (i32.const 7) (i32.const 2000001))'],
  ['memory.copy upwards', '(memory.copy (i32.const 70000) (i32.const 3) (i32.const 2000001))'],
  ['memory.copy downwards', '(memory.copy (i32.const 3) (i32.const 70000) (i32.const 2000001))'],
  ['memory.init', '(memory.init $d (i32.const 5) (i32.const 1) (i32.const 599999))'],
  ['table.fill', '(table.fill $t (i32.const 11) (ref.func $f3) (i32.const 20001))'],
  ['table.copy upwards', '(table.copy $t $t (i32.const 100) (i32.const 0) (i32.const 19001))'],
  ['table.copy downwards', '(table.copy $t $t (i32.const 0) (i32.const 100) (i32.const 19001))'],
  ['table.copy from another', '(table.copy $t $u (i32.const 9) (i32.const 1) (i32.const 8999))'],
  ['table.init', '(table.init $t $e (i32.const 2) (i32.const 1) (i32.const 8999))'],
  ['table.init of expressions', '(table.init $t $x (i32.const 2) (i32.const 1) (i32.const 8999))'],
];
const text = (op: string, isStart: boolean): string => `(module
  (elem declare func $f0 $f1 $f2 $f3 $f4 $f5 $f6) (memory (export "m") 40) (table $t (export "t") 21000 funcref) (table $u 9000 funcref)
  ${FUNCS.join('\n')}
  (elem (table $t) (i32.const 0) func ${MANY.join(' ')})
  (elem (table $u) (i32.const 0) func ${MANY.join(' ')})
  (elem $e func ${MANY.join(' ')})
  (elem $x funcref ${MANY.map((name) => `(ref.func ${name})`).join(' ')})
  (data (i32.const 0) "${'0123456789'.repeat(9000)}") (data $d "${'abcdefg'.repeat(90000)}")
  (func $run (export "run") ${op} (i32.store (i32.const 1000) (i32.const 42)))
  ${isStart ? '(start $run)' : ''})`;

/** No two places of the memory look alike. */
function fresh(module: Module): Instance {
  const instance = instantiatePaused(new Store(), module, []);
  const { bytes } = instance.exports.get('m') as Memory;
  for (let k = 0; k < bytes.length; k++) bytes[k] = Math.imul(k, 0x9e3779b1) >>> 24;
  return instance;
}
function contents(instance: Instance): string {
  const { bytes } = instance.exports.get('m') as Memory;
  const table = instance.exports.get('t') as Table;
  const refs = Int32Array.from(
    { length: table.length },
    (_, k) => (table.get(k) as Func | null)?.funcidx ?? -1,
  );
  return createHash('sha256').update(bytes).update(refs).digest('hex');
}

describe.each(OPERATIONS)('%s', (_, op) => {
  it.each([
    ['in a call', false],
    ['in start', true],
  ])('%s: stops between its parts and goes on exactly', (_where, isStart) => {
    const module = compile(text(op, isStart));
    const whole = fresh(module);
    const before = contents(whole);
    const atOnce = new Execution(isStart ? whole.startFunc! : (whole.exports.get('run') as Func), []);
    expect(atOnce.run().kind).toBe('done');
    const pieces = fresh(module);
    const func = isStart ? pieces.startFunc! : (pieces.exports.get('run') as Func);
    const execution = new Execution(func, []);
    const seen = new Set<string>();
    let outcome = execution.run({ deadline: () => true });
    let inside = 0;
    for (; outcome.kind === 'paused'; outcome = execution.run({ deadline: () => true })) {
      if (execution.atSafepoint) continue;
      inside++;
      seen.add(contents(pieces));
    }
    expect(outcome.kind).toBe('done');
    expect(inside).toBeGreaterThan(1);
    expect(seen.size).toBeGreaterThan(1);
    expect(contents(pieces)).toEqual(contents(whole));
    expect(contents(pieces)).not.toEqual(before);
    expect(execution.fuelUsed).toBe(atOnce.fuelUsed);
    expect(execution.fuelUsed).toBeGreaterThan(1);
  });
});

describe('many short ones in straight code', () => {
  const repeated = (
    op: string,
    count: number,
  ) => `(module (memory (export "m") 2) (table $t (export "t") 5000 funcref)
    (table $u 5000 funcref) (elem $e funcref (ref.null func) (ref.null func)) (data $d "0123456789")
    (func (export "run") ${`${op}\n`.repeat(count)}))`;

  it.each([
    ['memory.fill', '(memory.fill (i32.const 3) (i32.const 7) (i32.const 65536))', 16],
    ['memory.copy', '(memory.copy (i32.const 3) (i32.const 7) (i32.const 65536))', 16],
    ['table.fill', '(table.fill $t (i32.const 3) (ref.null func) (i32.const 4096))', 16],
    ['table.copy', '(table.copy $t $u (i32.const 3) (i32.const 5) (i32.const 4096))', 16],
  ])('%s: stops where a slice is used up, and goes on exactly', (_, op, units) => {
    const count = 3000;
    const module = compile(repeated(op, count));
    const atOnce = new Execution(fresh(module).exports.get('run') as Func, []);
    expect(atOnce.run().kind).toBe('done');
    expect(atOnce.fuelUsed).toBe(1 + count * units);
    const pieces = fresh(module);
    const execution = new Execution(pieces.exports.get('run') as Func, []);
    let inside = 0;
    let outcome = execution.run({ deadline: () => true });
    for (; outcome.kind === 'paused'; outcome = execution.run({ deadline: () => true })) {
      if (execution.fuelUsed > 1) inside++;
    }
    expect(outcome.kind).toBe('done');
    // A slice is less than 4096 units.
    expect(inside).toBeGreaterThan((count * units) / 4200);
    expect(execution.fuelUsed).toBe(atOnce.fuelUsed);
  });
});
