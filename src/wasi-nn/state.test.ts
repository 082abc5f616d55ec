/** Models that move with their guest. */
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { Execution } from '../index';
import { restore, snapshot } from '../snapshot';
import { StateError } from '../wasi';
import type { WasiNnOptions } from './graphs';
import { WasiNn } from './nn';
import { FactorBackend, factorModel, finished, NnGuest } from './testing';

const MODEL = 256;
const TENSOR = 512;
const RESULT = 1024;
const ARGS = [MODEL, 2, TENSOR, 100];

function guestOf(options: Partial<WasiNnOptions> = {}): NnGuest {
  return new NnGuest(new WasiNn({ backends: [new FactorBackend()], ...options }));
}

function begun(guest: NnGuest): Execution {
  guest.put(MODEL, factorModel(5));
  guest.words(600, 1);
  guest.put(640, new Uint8Array(Float32Array.of(2.5).buffer));
  guest.words(TENSOR, 600, 1, 1, 640, 4);
  return new Execution(guest.instance.func('infer'), ARGS);
}

function moved(execution: Execution, from: NnGuest, to: NnGuest): Execution {
  const bytes = snapshot(execution, { hostState: from.wasi.saveState() });
  return restore(bytes, to.instance, { loadHostState: (state) => to.wasi.restoreState(state) });
}

/** The same world, saved. */
async function savedAfter(turns: number): Promise<Uint8Array> {
  const guest = guestOf();
  const execution = begun(guest);
  for (let k = 0; k < turns; k++) {
    const outcome = execution.run({ fuel: 10 });
    if (outcome.kind === 'waiting') await outcome.promise;
    if (outcome.kind === 'done') break;
  }
  return guest.wasi.saveState();
}

describe('a guest that moves', () => {
  it('goes on from every place, and computes again only what was under way', async () => {
    for (let moveAt = 1, isDone = false; !isDone; moveAt++) {
      const backends = [new FactorBackend(), new FactorBackend()];
      const guests = backends.map((backend) => guestOf({ backends: [backend] }));
      let execution = begun(guests[0]);
      for (let k = 0; k < moveAt; k++) {
        const outcome = execution.run({ fuel: 7 });
        if (outcome.kind === 'done') isDone = true;
        if (outcome.kind === 'waiting' && k + 1 < moveAt) await outcome.promise;
      }
      if (isDone) break;
      execution = moved(execution, guests[0], guests[1]);
      guests[0].wasi.dispose();
      expect(await finished(execution)).toBe(0);
      expect(guests[1].floats(RESULT, 1)).toEqual([12.5]);
      expect(guests[1].u32(16)).toBe(4);
      const [before, after] = backends;
      expect(before.computes + after.computes).toBeGreaterThanOrEqual(2);
      expect(before.computes + after.computes).toBeLessThanOrEqual(3);
      expect(after.loads).toBe(1);
      await Promise.resolve();
      expect(before.alive).toBe(0);
    }
  });

  it('has its outputs where it went, before anything is computed there', async () => {
    const from = guestOf();
    const first = begun(from);
    await finished(first);
    const backend = new FactorBackend();
    const to = guestOf({ backends: [backend] });
    to.wasi.restoreState(from.wasi.saveState());
    const args = [0, 0, RESULT, 4, 32];
    expect(await finished(new Execution(to.instance.func('get_output'), args))).toBe(0);
    expect(to.floats(RESULT, 1)).toEqual([12.5]);
    expect(backend.loads).toBe(0);
  });

  it('gives the same bytes again', async () => {
    const state = await savedAfter(30);
    const guest = guestOf();
    guest.wasi.restoreState(state);
    expect(guest.wasi.saveState()).toEqual(state);
  });

  it('takes models by name from the host that it comes to, when they are the same', async () => {
    const model = (factor: number) =>
      ({ encoding: 'onnx', target: 'cpu', parts: [factorModel(factor)] }) as const;
    const from = guestOf({ models: { m: model(2) } });
    from.put(100, new TextEncoder().encode('m'));
    expect(await finished(new Execution(from.instance.func('load_by_name'), [100, 1, 32]))).toBe(0);
    const state = from.wasi.saveState();
    expect(() => guestOf({ models: { m: model(3) } }).wasi.restoreState(state)).toThrow('another one');
    expect(() => guestOf().wasi.restoreState(state)).toThrow('this host has no model "m"');
    const to = guestOf({ models: { m: model(2) } });
    to.wasi.restoreState(state);
    expect(to.wasi.saveState()).toEqual(state);
  });
});

describe('a state that does not fit', () => {
  it('is refused by a host without wasi-nn, or without the encoding', async () => {
    const state = await savedAfter(4);
    const without = new NnGuest(Object.assign(new WasiNn({ backends: [] }), { name: 'other' }));
    expect(() => without.wasi.restoreState(state)).toThrow('"wasi-nn", which this host does not give');
    expect(() => guestOf({ backends: [] }).wasi.restoreState(state)).toThrow(
      'no models of the encoding onnx',
    );
  });

  it.each([{ graphs: 0 }, { contexts: 0 }, { bytes: 9 }])('is refused beyond %o', async (limits) => {
    const state = await savedAfter(30);
    const guest = guestOf({ limits });
    const before = guest.wasi.saveState();
    expect(() => guest.wasi.restoreState(state)).toThrow(/than the limit allows/);
    expect(guest.wasi.saveState()).toEqual(before);
  });

  it('is refused, or means something else, wherever a byte is another one', async () => {
    const state = await savedAfter(30);
    let refused = 0;
    for (let at = 0; at < state.length; at++) {
      for (const bit of [1, 0x80]) {
        const bytes = state.slice();
        bytes[at] ^= bit;
        const guest = guestOf();
        const before = guest.wasi.saveState();
        try {
          guest.wasi.restoreState(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SnapshotError);
          expect(guest.wasi.saveState()).toEqual(before);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(state.length);
    for (let length = 0; length < state.length; length++)
      expect(() => guestOf().wasi.restoreState(state.subarray(0, length))).toThrow(StateError);
  });
});
