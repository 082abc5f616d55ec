/** Blocks as closures: the places where a frame may stand, shallow stacks of the host, and the same code in slices as at once. */

import { describe, expect, it } from 'vitest';
import { safepointsOf } from '../decoder/safepoints';
import { SHAPES, shapeModule } from '../lowering/shapes';
import { type Func, type Instance, instantiate } from '../runtime';
import { compile } from '../testing';
import { MAX_CHAIN } from './blocks';
import { codeOf } from './code';
import { makeCode, makeSome } from './driver';
import { Execution, Store } from './index';
import type { ByOffset } from './offsets';

function codeOfShape(text: string) {
  const module = compile(text);
  const instance = instantiate(new Store(), module, []);
  return { module, instance, code: makeCode(codeOf(instance.funcAt(0))) };
}
const sorted = (numbers: Iterable<number>) => [...numbers].sort((x, y) => x - y);
const offsetsOf = (places: ByOffset<unknown>) => sorted([...places].map(([offset]) => offset));

describe.each(Object.entries(SHAPES))('%s', (_, text) => {
  const { module, code } = codeOfShape(shapeModule(text));

  it('can be entered at each static safepoint, and nowhere else', () => {
    const points = safepointsOf(module, 0);
    const loops = points.filter(({ kind }) => kind === 'loop').map(({ targetLoop }) => targetLoop);
    const calls = points.filter(({ kind }) => kind === 'call').map(({ offset }) => offset);
    expect(offsetsOf(code.loops)).toEqual(sorted(new Set(loops)));
    expect(offsetsOf(code.calls)).toEqual(sorted(new Set(calls)));
    for (const [, site] of code.calls) expect(typeof site.next).toBe('function');
    expect(typeof code.entrySite.resume).toBe('function');
  });

  it('has the same places when it is made in slices', () => {
    const other = instantiate(new Store(), module, []);
    const state = codeOf(other.funcAt(0));
    let sliced = makeSome(state, false, 1);
    for (let turns = 0; sliced === undefined; turns++) {
      if (turns > 100_000) throw new Error('it does not end');
      sliced = makeSome(state, false, 1);
    }
    expect(offsetsOf(sliced.loops)).toEqual(offsetsOf(code.loops));
    expect(offsetsOf(sliced.calls)).toEqual(offsetsOf(code.calls));
    expect(sliced.size).toBe(code.size);
  });
});

/** Frames of the host between here and a host function that wasm calls. */
function depthAt(body: string): number {
  const module = compile(
    `(module (import "h" "here" (func $here)) (memory 1) (func (export "run") (param i32) ${body}))`,
  );
  let depth = 0;
  const store = new Store();
  const { stackTraceLimit } = Error;
  const here = () => {
    depth = new Error().stack!.split('\n').length;
  };
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    const instance: Instance = instantiate(store, module, { h: { here } });
    (instance.exports.get('run') as Func).call(0);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return depth;
}

describe('the host stack is shallow', () => {
  const near = depthAt('(call $here)');
  const CHAINS: Readonly<Record<string, (n: number) => string>> = {
    statements: (n) => '(i32.store (i32.const 0) (local.get 0))'.repeat(n),
    'branches that are not taken': (n) => `(block $o ${'(br_if $o (local.get 0))'.repeat(n)})`,
    // The parser nests on its own stack.
    'blocks in blocks': (n) =>
      `${'(block (br_if 0 (local.get 0)) '.repeat(100)}${')'.repeat(100)}`.repeat(n / 100),
    'ifs in a row': (n) => '(if (local.get 0) (then (nop)))'.repeat(n),
  };
  it.each(Object.entries(CHAINS))('behind 10,000 %s', (_, chain) => {
    expect(depthAt(`${chain(10_000)} (call $here)`)).toBeLessThan(near + MAX_CHAIN + 30);
  });
});

it('clears few locals one by one and many at once, in a frame that was used before', () => {
  for (const count of [1, 30, 40, 3000]) {
    const { instance } = codeOfShape(`(module (table 1 funcref)
      (func (export "run") (param i32) (result i64) (local ${'i64 '.repeat(count)})
        (local.get ${count}) (local.set ${count} (i64.const -1)) (local.set 1 (i64.const -1)))
      (func (export "ref") (result i32) (local ${'funcref '.repeat(count)})
        (ref.is_null (local.get ${count - 1})) (local.set ${count - 1} (table.get (i32.const 0)))))`);
    const run = instance.exports.get('run') as Func;
    expect([run.call(1), run.call(2)], `${count} locals`).toEqual([0n, 0n]);
    const ref = instance.exports.get('ref') as Func;
    expect([ref.call(), ref.call()]).toEqual([1, 1]);
  }
});

it('equal targets of a table are one step', () => {
  const targets = Array.from({ length: 5000 }, (_, k) => k % 2).join(' ');
  const { instance } = codeOfShape(
    `(module (func (export "run") (param i32) (result i32)
      (block (block (br_table ${targets} (local.get 0))) (return (i32.const 7))) (i32.const 8)))`,
  );
  const run = instance.exports.get('run') as Func;
  expect([0, 1, 2, 4999, 5000, -1].map((k) => run.call(k))).toEqual([7, 8, 7, 8, 8, 8]);
});

it('a step of a loop goes on where a frame stands there', () => {
  const { instance } = codeOfShape(`(module (func (export "run") (param i32) (result i32) (local i32)
    (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))`);
  const execution = new Execution(instance.exports.get('run') as Func, [100]);
  let stops = 0;
  for (
    let outcome = execution.run({ fuel: 1 });
    outcome.kind !== 'done';
    outcome = execution.run({ fuel: 1 })
  )
    stops++;
  expect(stops).toBeGreaterThan(90);
});
