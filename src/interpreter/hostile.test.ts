/**
 * What lowering does and holds is linear in the module, whatever stands on its operand stack (issue 8, item 2). Work is counted: visits of
 * operands, statements and blocks, which is also what a deadline interrupts it by.
 */
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import type { TypeList } from '../decoder/typelist';
import { MAX_WAITING } from '../lowering';
import { type Func, i32, instantiatePaused, type StoreLimits } from '../runtime/index';
import { Execution, Store } from '.';
import { codeOf } from './code';
import { HOSTILE, type Hostile } from './testing';

/** Work for each byte: a push, and the operands that wait while a statement looks at them. */
const MOST_PER_BYTE = 2 * MAX_WAITING + 8;
/** Functions that give a thousand values push them one by one. */
const WIDE = 1000;

function begin(bytes: Uint8Array, limits: Partial<StoreLimits> = {}) {
  const module = Module.decode(bytes);
  const store = new Store(limits);
  const instance = instantiatePaused(store, module, []);
  return { module, store, instance, execution: new Execution(instance.exports.get('run') as Func, [i32(0)]) };
}

/** Runs a module. What lowering all its functions took, and what the store was charged with. */
function costs({ module: make }: Hostile, size: number) {
  const bytes = make(size);
  const { module, store, instance, execution } = begin(bytes);
  const outcome = execution.run();
  let work = 0;
  // What the lists of types at calls are made of.
  const parts = new Set<TypeList>();
  for (let k = 0; k < module.funcTypes.length; k++) {
    const { code } = codeOf(instance.funcAt(k));
    work += code?.work ?? 0;
    for (const [, { operands }] of code?.calls ?? []) {
      for (let part = operands; part !== undefined && !parts.has(part); part = part.below) parts.add(part);
    }
  }
  return { outcome, bytes: bytes.length, work, charged: store.code.used, parts: parts.size };
}

describe('lowering is linear', () => {
  it.each(HOSTILE.map((hostile) => ({ name: hostile.name, hostile })))('$name', ({ hostile }) => {
    const [small, middle, large] = [50, 200, 800].map((size) => costs(hostile, size));
    for (const { bytes, work, charged, parts } of [small, middle, large]) {
      expect(work).toBeLessThan(MOST_PER_BYTE * bytes + 4 * WIDE);
      expect(parts).toBeLessThanOrEqual(bytes);
      // 500 bytes of heap for each byte of the module.
      expect(charged).toBeLessThan(500 * bytes);
      expect(charged).toBeGreaterThan(0);
    }
    // Four times the module, at most about four times the work.
    expect(large.work - middle.work).toBeLessThan(4.4 * (middle.work - small.work) + 100);
    expect(large.outcome.kind).toBe(middle.outcome.kind);
  });
});

describe('a stop now and then', () => {
  it.each(HOSTILE.filter((_, k) => k % 7 === 0).map((hostile) => ({ name: hostile.name, hostile })))(
    'changes nothing: $name',
    ({ hostile }) => {
      const bytes = hostile.module(100);
      const { outcome } = costs(hostile, 100);
      const { execution } = begin(bytes);
      let stops = 0;
      let stopped = execution.run({ deadline: () => true });
      for (; stopped.kind === 'paused'; stops++) stopped = execution.run({ deadline: () => true });
      expect(stopped).toEqual(outcome);
      expect(stops).toBeGreaterThan(0);
    },
  );
});

describe('a store without room for code', () => {
  const tall = HOSTILE.find(({ name }) => name === 'call over constants')!;
  const small = tall.module(5);

  it('stops the execution with a trap of its own, and goes on with others', () => {
    const store = new Store({ maxCodeBytes: 100_000 });
    const run = (bytes: Uint8Array) => {
      const instance = instantiatePaused(store, Module.decode(bytes), []);
      return new Execution(instance.exports.get('run') as Func, [i32(0)]).run();
    };
    const outcome = run(tall.module(2000));
    expect(outcome.kind).toBe('trapped');
    if (outcome.kind !== 'trapped') return;
    expect(outcome.error.code).toBe('codeExhausted');
    expect(outcome.error.message).toBe('code memory exhausted');
    // What the function had is given back; its caller's code stays.
    expect(store.code.used).toBeLessThan(10_000);
    expect(run(small).kind).toBe('done');
  });

  it('gives back what is dropped', () => {
    const { execution, store, instance } = begin(small);
    execution.run();
    expect(store.code.used).toBeGreaterThan(0);
    // Code that tells of writes is made anew.
    instance.memories[0].track();
    expect(store.code.used).toBe(0);
  });
});
