/** The calls of both interfaces, as a guest makes them. */
import { describe, expect, it } from 'vitest';
import { Execution } from '../index';
import { NN_ERRNO, type Tensor } from './abi';
import type { NnBackend } from './backend';
import type { WasiNnOptions } from './graphs';
import { WasiNn } from './nn';
import { FactorBackend, factorModel, finished, NnGuest } from './testing';

const MODEL = 256;
const TENSOR = 512;
const SHAPE = 600;
const DATA = 640;
const OUT = 32;
const RESULT = 1024;
const E = NN_ERRNO;

function guestOf(options: Partial<WasiNnOptions> = {}, module?: 'wasi_nn'): NnGuest {
  const guest = new NnGuest(new WasiNn({ backends: [new FactorBackend()], ...options }), module);
  guest.put(MODEL, factorModel(3));
  guest.words(0, MODEL, 2);
  guest.words(SHAPE, 2, 1);
  guest.put(DATA, new Uint8Array(Float32Array.of(1.5, -2).buffer));
  guest.words(TENSOR, SHAPE, 2, 1, DATA, 8);
  return guest;
}

const call = (guest: NnGuest, name: string, ...args: number[]) =>
  finished(new Execution(guest.instance.func(name), args));

/** A graph and a context of it. */
async function loaded(guest: NnGuest): Promise<void> {
  expect(await call(guest, 'load', 0, 1, 1, 0, OUT)).toBe(NN_ERRNO.SUCCESS);
  expect(await call(guest, 'init_execution_context', 0, OUT)).toBe(NN_ERRNO.SUCCESS);
}

describe('wasi_ephemeral_nn', () => {
  it.each([true, false])('computes, with a backend that waits: %s', async (isAsync) => {
    const backend = new FactorBackend(isAsync);
    const guest = guestOf({ backends: [backend] });
    await loaded(guest);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(0);
    expect(await call(guest, 'compute', 0)).toBe(0);
    expect(await call(guest, 'get_output', 0, 0, RESULT, 8, OUT)).toBe(0);
    expect(guest.u32(OUT)).toBe(8);
    expect(guest.floats(RESULT, 2)).toEqual([4.5, -6]);
    expect(backend.alive).toBe(1);
    guest.wasi.dispose();
    expect(backend.alive).toBe(0);
  });

  it('gives handles from 0 on', async () => {
    const guest = guestOf();
    for (let k = 0; k < 3; k++) {
      expect(await call(guest, 'load', 0, 1, 5, 0, OUT)).toBe(0);
      expect(guest.u32(OUT)).toBe(k);
      expect(await call(guest, 'init_execution_context', 2 - k > k ? 0 : k, OUT)).toBe(0);
      expect(guest.u32(OUT)).toBe(k);
    }
  });

  it("loads the host's models by name", async () => {
    const model = { encoding: 'onnx', target: 'cpu', parts: [factorModel(2)] } as const;
    const guest = guestOf({ models: { double: model } });
    guest.put(2000, new TextEncoder().encode('doubletoString'));
    expect(await call(guest, 'load_by_name', 2000, 6, OUT)).toBe(0);
    expect(await call(guest, 'load_by_name', 2000, 5, OUT)).toBe(NN_ERRNO.NOT_FOUND);
    expect(await call(guest, 'load_by_name', 2006, 8, OUT)).toBe(NN_ERRNO.NOT_FOUND);
    expect(await call(guest, 'init_execution_context', 0, OUT)).toBe(0);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(0);
    expect(await call(guest, 'compute', 0)).toBe(0);
    expect(await call(guest, 'get_output', 0, 0, RESULT, 64, OUT)).toBe(0);
    expect(guest.floats(RESULT, 2)).toEqual([3, -4]);
  });

  const nothing = async () => {};
  it.each<[string, number, string, number[], (guest: NnGuest) => Promise<void>]>([
    ['an encoding that nobody reads', E.INVALID_ENCODING, 'load', [0, 1, 4, 0, OUT], nothing],
    ['an encoding that there is not', E.INVALID_ENCODING, 'load', [0, 1, 9, 0, OUT], nothing],
    ['a target that there is not', E.INVALID_ARGUMENT, 'load', [0, 1, 1, 3, OUT], nothing],
    ['no parts', E.INVALID_ARGUMENT, 'load', [0, 0, 1, 0, OUT], nothing],
    ['too many parts', E.INVALID_ARGUMENT, 'load', [0, 17, 1, 0, OUT], nothing],
    ['a model that is none', E.RUNTIME_ERROR, 'load', [TENSOR, 1, 1, 0, OUT], nothing],
    ['a format that cannot be told', E.INVALID_ENCODING, 'load', [TENSOR + 12, 1, 5, 0, OUT], nothing],
    ['a graph that there is not', E.INVALID_ARGUMENT, 'init_execution_context', [0, OUT], nothing],
    ['an input of no context', E.INVALID_ARGUMENT, 'set_input', [0, 0, TENSOR], nothing],
    ['an input far out', E.INVALID_ARGUMENT, 'set_input', [0, 1 << 20, TENSOR], loaded],
    ['a computation of no context', E.INVALID_ARGUMENT, 'compute', [1], loaded],
    ['a computation without an input', E.RUNTIME_ERROR, 'compute', [0], loaded],
    ['an output of no context', E.INVALID_ARGUMENT, 'get_output', [1, 0, RESULT, 8, OUT], loaded],
    ['an output before there is one', E.RUNTIME_ERROR, 'get_output', [0, 0, RESULT, 8, OUT], loaded],
  ])('answers %s with an error', async (_, errno, name, args, before) => {
    const guest = guestOf();
    await before(guest);
    guest.words(OUT, -1);
    expect(await call(guest, name, ...args)).toBe(errno);
    expect(guest.u32(OUT)).toBe(0xffffffff);
  });

  it('answers tensors that are none with an error', async () => {
    const guest = guestOf();
    await loaded(guest);
    const given = async (...tensor: number[]) => {
      guest.words(TENSOR, ...tensor);
      return call(guest, 'set_input', 0, 0, TENSOR);
    };
    expect(await given(SHAPE, 2, 1, DATA, 7)).toBe(E.INVALID_ARGUMENT);
    expect(await given(SHAPE, 2, 6, DATA, 8)).toBe(E.INVALID_ARGUMENT);
    expect(await given(SHAPE, 33, 1, DATA, 8)).toBe(E.INVALID_ARGUMENT);
    expect(await given(SHAPE, 2, 0, DATA, 4)).toBe(E.SUCCESS);
    expect(await given(SHAPE, 2, 3, DATA, 2)).toBe(E.SUCCESS);
    expect(await given(SHAPE, 2, 5, DATA, 16)).toBe(E.SUCCESS);
    guest.words(SHAPE, -1, -1);
    expect(await given(SHAPE, 2, 1, DATA, 8)).toBe(E.INVALID_ARGUMENT);
  });

  it('gives an output whole or not at all', async () => {
    const guest = guestOf();
    await loaded(guest);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(0);
    expect(await call(guest, 'compute', 0)).toBe(0);
    expect(await call(guest, 'get_output', 0, 0, RESULT, 7, OUT)).toBe(E.TOO_LARGE);
    expect(await call(guest, 'get_output', 0, 1, RESULT, 8, OUT)).toBe(E.INVALID_ARGUMENT);
    expect(guest.floats(RESULT, 2)).toEqual([0, 0]);
  });

  it.each<[string, ...number[]]>([
    ['load', 0, 1, 1, 0, 131069],
    ['load', 131065, 1, 1, 0, OUT],
    ['load', 0, 0x20000000, 1, 0, OUT],
    ['load_by_name', 131070, 3, OUT],
    ['load_by_name', 0, 3, 131069],
    ['init_execution_context', 0, 131069],
    ['set_input', 0, 0, 131053],
    ['get_output', 0, 0, 131000, 100, OUT],
    ['get_output', 0, 0, RESULT, 8, 131069],
  ])('traps when %s is given a pointer out of memory', async (name, ...args) => {
    const guest = guestOf();
    await loaded(guest);
    await expect(call(guest, name, ...args)).rejects.toThrow('out of bounds memory access');
  });

  it.each([[{ graphs: 1 }], [{ contexts: 1 }], [{ bytes: 17 }]])('stays within %o', async (limits) => {
    const guest = guestOf({ limits });
    await loaded(guest);
    const answers = [
      await call(guest, 'load', 0, 1, 1, 0, OUT),
      await call(guest, 'init_execution_context', 0, OUT),
      await call(guest, 'set_input', 0, 0, TENSOR),
      await call(guest, 'set_input', 0, 0, TENSOR),
      await call(guest, 'set_input', 0, 1, TENSOR),
    ];
    const { TOO_LARGE } = E;
    const expected = {
      graphs: [TOO_LARGE, 0, 0, 0, 0],
      contexts: [0, TOO_LARGE, 0, 0, 0],
      bytes: [0, 0, 0, 0, TOO_LARGE],
    };
    expect(answers).toEqual(expected[Object.keys(limits)[0] as keyof typeof expected]);
  });

  it('reads types of tensors as before 2023 where it is asked to', async () => {
    const guest = guestOf({ oldTensorTypes: true });
    await loaded(guest);
    guest.words(TENSOR, SHAPE, 2, 2, DATA, 2);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(0);
    guest.words(TENSOR, SHAPE, 2, 4, DATA, 8);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(E.INVALID_ARGUMENT);
  });

  it('tells the host why, and believes no backend', async () => {
    const errors: unknown[] = [];
    const outputs: Tensor[] = [{ type: 'f32', dimensions: [3], data: new Uint8Array(8) }];
    const lying: NnBackend = {
      encodings: ['onnx'],
      load: () => ({ compute: () => outputs, dispose() {} }),
    };
    const guest = guestOf({ backends: [lying], onError: (error) => errors.push(error) });
    await loaded(guest);
    expect(await call(guest, 'compute', 0)).toBe(E.RUNTIME_ERROR);
    expect(String(errors)).toContain('8 bytes, but 3 f32');
  });

  it('refuses options that it does not know', () => {
    expect(() => new WasiNn({ backend: [] } as never)).toThrow('unknown option "backend"');
    expect(() => new WasiNn({} as never)).toThrow('"backends" is missing');
    expect(() => new WasiNn({ backends: [], limits: { graphs: -1 } })).toThrow(RangeError);
  });
});

describe('wasi_nn', () => {
  it('is the interface of older headers', async () => {
    const guest = guestOf({}, 'wasi_nn');
    guest.words(64, 0, 1);
    expect(await call(guest, 'load', 64, 1, 0, OUT)).toBe(0);
    expect(await call(guest, 'init_execution_context', 0, OUT)).toBe(0);
    guest.words(96, SHAPE, 2);
    guest.words(TENSOR, 96, 1, DATA);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(0);
    expect(await call(guest, 'compute', 0)).toBe(0);
    guest.words(OUT, 64);
    expect(await call(guest, 'get_output', 0, 0, RESULT, OUT)).toBe(0);
    expect(guest.u32(OUT)).toBe(8);
    expect(guest.floats(RESULT, 2)).toEqual([4.5, -6]);
    guest.words(TENSOR, 96, 4, DATA);
    expect(await call(guest, 'set_input', 0, 0, TENSOR)).toBe(E.INVALID_ARGUMENT);
  });
});
