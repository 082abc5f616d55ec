/** Snapshots of a pending host call: the same bytes again and again, and the callee that the code names. */
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { Func, type Instance, i32, instantiatePaused } from '../runtime';
import { compile } from '../testing';
import { snapshot } from './capture';
import { decode } from './decode';
import type { Activation, SnapshotDocument } from './document';
import { embedSnapshot, extractSnapshot } from './embed';
import { encode } from './encode';
import { restore } from './restore';
import { restoreStore, snapshotStore } from './store';
import { verify } from './verify';

const module = compile(`(module
  (type $t (func (param i32) (result i32)))
  (import "m" "f" (func $f (type $t)))
  (import "m" "g" (func $g (type $t)))
  (table funcref (elem $tail $far))
  (memory 1)
  (func $direct (export "direct") (type $t) (i32.add (i32.const 1) (call $f (local.get 0))))
  (func $tail (export "tail") (type $t) (return_call $f (local.get 0)))
  (func $far (export "far") (type $t) (return_call $tail (local.get 0)))
  (func $calls (export "calls") (type $t) (i32.add (i32.const 2) (call $far (local.get 0))))
  (func $any (export "any") (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 1)))
  (func $plain (export "plain") (type $t) (loop (br_if 0 (i32.const 1))) (local.get 0))
  (func $callsAny (export "callsAny") (type $t) (call $any (local.get 0)))
  (func $callsPlain (export "callsPlain") (type $t) (call $plain (local.get 0)))
  (func $indirect (export "indirect") (type $t)
    (i64.const 9)
    (call_indirect (type $t) (local.get 0) (i32.const 1))
    (local.set 0) (drop) (local.get 0)))`);

function hosts(store: Store): Func[] {
  const type = module.types[module.funcTypes[0]].composite.func;
  return ['f', 'g'].map((name) =>
    Func.host(
      store,
      type,
      async (call) => {
        call.setI32(0, call.i32(0) * 10);
      },
      name,
    ),
  );
}
function fresh(): Instance {
  const store = new Store();
  return instantiatePaused(store, module, hosts(store));
}
function waiting(name: string): Execution {
  const execution = new Execution(fresh().exports.get(name) as Func, [i32(4)]);
  expect(execution.run().kind).toBe('waiting');
  return execution;
}

async function finish(execution: Execution): Promise<number> {
  for (;;) {
    const outcome = execution.run();
    if (outcome.kind === 'done') return outcome.results[0].lo;
    if (outcome.kind !== 'waiting') throw new Error(outcome.kind);
    await outcome.promise;
  }
}

const RESULTS = { direct: 41, tail: 40, far: 40, calls: 42, callsAny: 40, indirect: 40 };

describe('a pending host call', () => {
  for (const [name, result] of Object.entries(RESULTS).filter(
    ([name]) => name !== 'tail' && name !== 'far',
  )) {
    it(`in ${name} gives the same bytes after any number of restores`, async () => {
      const first = snapshot(waiting(name));
      let bytes = first;
      for (let k = 0; k < 4; k++) {
        const execution = restore(bytes, fresh());
        expect(execution.pendingHostCall?.args[0].lo).toBe(4);
        bytes = snapshot(execution);
        expect(bytes).toEqual(first);
        const named = extractSnapshot(embedSnapshot(module.bytes, bytes, 'here'), 'here');
        expect(snapshot(restore(named, fresh()))).toEqual(first);
      }
      const execution = restore(bytes, fresh());
      expect(await finish(execution)).toBe(result);
      // And while it waits again.
      const again = restore(bytes, fresh());
      expect(again.run().kind).toBe('waiting');
      expect(snapshot(again)).toEqual(first);
    });
  }

  it('in a store gives the same bytes', () => {
    const execution = waiting('calls');
    const first = snapshotStore([execution.func.instance!], execution);
    const store = new Store();
    const [f, g] = hosts(store);
    const importFromHost = (item: { name: string }) => (item.name === 'f' ? f : g);
    const back = restoreStore(first, store, [module], { importFromHost });
    expect(snapshotStore(back.instances, back.execution)).toEqual(first);
  });
});

function refusal(document: SnapshotDocument): string {
  let message = 'accepted';
  try {
    verify(document, module);
  } catch (error) {
    expect(error).toBeInstanceOf(SnapshotError);
    message = (error as Error).message;
  }
  if (message === 'accepted') restore(document, fresh());
  else expect(() => restore(document, fresh())).toThrow(message);
  return message;
}

describe('the callee of a direct call', () => {
  const indexOf = (name: string) => (fresh().exports.get(name) as Func).funcidx;
  const documentOf = (name: string) => decode(encode(decode(snapshot(waiting(name)))));
  const withFrames = (document: SnapshotDocument, activations: Activation[]): SnapshotDocument => ({
    ...document,
    continuations: [{ ...document.continuations[0], activations }],
  });

  it('is the one that the instruction names', () => {
    const document = documentOf('direct');
    const call = document.pendingCall!;
    expect(refusal(document)).toBe('accepted');
    expect(refusal({ ...document, pendingCall: { ...call, func: 1 } })).toContain('cannot become it');
  });

  it('is what tail calls can put in its stead, transitively', () => {
    const document = documentOf('calls');
    expect(refusal(document)).toBe('accepted');
    const call = document.pendingCall!;
    expect(refusal({ ...document, pendingCall: { ...call, func: 1 } })).toContain('cannot become it');
    const any = documentOf('callsAny');
    expect(refusal({ ...any, pendingCall: { ...call, func: 1 } })).toBe('accepted');
  });

  it('is the function of the next frame', () => {
    const execution = new Execution(fresh().exports.get('callsPlain') as Func, [i32(4)]);
    expect(execution.run({ fuel: 2 }).kind).toBe('paused');
    const document = decode(snapshot(execution));
    const [outer, inner] = document.continuations[0].activations;
    expect(inner.func).toBe(indexOf('plain'));
    expect(refusal(document)).toBe('accepted');
    const other: Activation = { ...inner, func: indexOf('any'), site: 'entry', offset: 1, targetLoop: -1 };
    expect(refusal(withFrames(document, [outer, other]))).toContain('cannot become it');
    // Nor at the bottom of the stack.
    expect(refusal(withFrames(document, [inner]))).toContain('cannot become it');
  });
});
