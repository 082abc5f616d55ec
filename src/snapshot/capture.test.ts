/** What cannot be captured is refused by name. What can be is in restore.test.ts. */
import { describe, expect, it } from 'vitest';
import { EXTERNREF, type Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { type Extern, Func, type Instance, i32, instantiatePaused, type Table, type Value } from '../runtime';
import { compile } from '../testing';
import { postmortem, snapshot } from './capture';
import { decode } from './decode';
import { restore } from './restore';
import { refusal } from './testing';
import { u64 } from './u64';

function fresh(module: Module, imports: Extern[] = [], store = new Store()): Instance {
  return instantiatePaused(store, module, imports);
}
function start(instance: Instance, name: string, ...args: Value[]): Execution {
  return new Execution(instance.exports.get(name) as Func, args);
}

const counting = compile(`(module (func (export "count") (param i32)
  (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`);
const holding = compile('(module (func (export "hold") (param externref) (loop $l (br $l))))');

describe('refusals to snapshot', () => {
  it('names the host function that stands between two guests', () => {
    const module = compile(`(module
      (import "env" "again" (func $again))
      (func (export "run") (call $again))
      (func (export "inner") (loop (br 0))))`);
    let complaint: [string, string] | undefined;
    const store = new Store();
    const again = Func.host(
      store,
      { params: [], results: [] },
      (call) => {
        const inner = start(call.instance!, 'inner');
        inner.run({ fuel: 5 });
        complaint = refusal(() => snapshot(inner));
      },
      'again',
    );
    const instance = instantiatePaused(store, module, [again]);
    start(instance, 'run').run();
    expect(complaint).toEqual(['state', expect.stringContaining('host function again')]);
  });

  it('wants a stopped execution', () => {
    const execution = start(fresh(counting), 'count', i32(3));
    expect(refusal(() => snapshot(execution))[1]).toContain('ready');
    execution.run();
    expect(refusal(() => snapshot(execution))[1]).toContain('done');
  });

  it('wants a safepoint, which the middle of a bulk operation is not', () => {
    const module = compile(`(module (memory 160) (func (export "run")
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 10000000)) (loop)))`);
    const execution = start(fresh(module), 'run');
    expect(execution.run({ deadline: () => true }).kind).toBe('paused');
    while (execution.atSafepoint) execution.run({ deadline: () => true });
    expect(refusal(() => snapshot(execution))).toEqual([
      'state',
      expect.stringContaining('not stopped at a safepoint'),
    ]);
  });

  it('wants names for externrefs, and not the reserved one', () => {
    const paused = start(fresh(holding), 'hold', { type: EXTERNREF, lo: 0, hi: 0, ref: 'x' });
    paused.run({ fuel: 1 });
    expect(refusal(() => snapshot(paused))).toEqual(['unsupported', expect.stringContaining('externref')]);
    expect(refusal(() => snapshot(paused, { nameExternRef: () => u64(-1, -1) }))[1]).toContain('reserved');
    const bytes = snapshot(paused, { nameExternRef: () => u64(1, 0) });
    expect(refusal(() => restore(bytes, fresh(holding)))).toEqual([
      'unsupported',
      expect.stringContaining('binds'),
    ]);
    expect(refusal(() => restore(bytes, fresh(holding), { bindExternRef: () => null }))[0]).toBe('mismatch');
  });

  it('refuses functions and frames of another instance', () => {
    const inner = compile('(module (func (export "spin") (loop (br 0))))');
    const outer = compile(
      '(module (import "" "spin" (func $s)) (func (export "run") (call $s)) (table (export "t") 1 funcref))',
    );
    const store = new Store();
    const callee = fresh(inner, [], store);
    const instance = instantiatePaused(store, outer, [callee.exports.get('spin')!]);
    const execution = start(instance, 'run');
    execution.run({ fuel: 3 });
    expect(refusal(() => snapshot(execution))).toEqual([
      'unsupported',
      expect.stringContaining('spin belongs to another instance'),
    ]);
    // An imported function may stand in a table, by its index; a stranger may not.
    (instance.exports.get('t') as Table).set(0, callee.exports.get('spin'));
    expect(decode(postmortem(instance)).tables).toMatchObject([{ elements: Int32Array.of(0, 0) }]);
    (instance.exports.get('t') as Table).set(
      0,
      Func.host(store, { params: [], results: [] }, () => {}, 'stranger'),
    );
    expect(refusal(() => postmortem(instance))).toEqual(['unsupported', expect.stringContaining('stranger')]);
  });
});
