/** Models that another device runs. */
import { describe, expect, it } from 'vitest';
import { Execution } from '../index';
import type { ModelSource } from './backend';
import { WasiNn } from './nn';
import { NnServer, remoteBackend } from './remote';
import { FactorBackend, factorModel, finished, NnGuest } from './testing';

const model = (factor: number): ModelSource => ({
  encoding: 'onnx',
  target: 'cpu',
  parts: [factorModel(factor)],
});
const floats = (...values: number[]) => ({
  type: 'f32' as const,
  dimensions: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
});

/** A server and one that asks it, with the bytes that went there. */
function connected(options: { maxModels?: number; maxBytes?: number } = {}) {
  const backend = new FactorBackend();
  const server = new NnServer({ backends: [backend], ...options });
  const sent: Uint8Array[] = [];
  const ask = (request: Uint8Array) => {
    sent.push(request);
    return server.answer(request);
  };
  return { backend, server, sent, client: remoteBackend({ encodings: ['onnx'], ask }) };
}

describe('a borrowed runtime', () => {
  it('runs the models of a guest', async () => {
    const { client, backend } = connected();
    const guest = new NnGuest(new WasiNn({ backends: [client] }));
    guest.put(256, factorModel(7));
    guest.words(600, 1);
    guest.put(640, new Uint8Array(Float32Array.of(2).buffer));
    guest.words(512, 600, 1, 1, 640, 4);
    expect(await finished(new Execution(guest.instance.func('infer'), [256, 2, 512, 1]))).toBe(0);
    expect(guest.floats(1024, 1)).toEqual([14]);
    expect(backend.computes).toBe(2);
  });

  it('takes messages as Node has them, in the middle of a pool', async () => {
    const server = new NnServer({ backends: [new FactorBackend()] });
    const pooled = async (bytes: Uint8Array) => Buffer.concat([Buffer.of(0), bytes]).subarray(1);
    const client = remoteBackend({
      encodings: ['onnx'],
      ask: async (request) => pooled(await server.answer(await pooled(request))),
    });
    const [output] = await (await client.load(model(3))).compute([floats(5)]);
    expect([...new Float32Array(output.data.slice().buffer)]).toEqual([15]);
  });

  it('is sent a model once, however many use it', async () => {
    const { client, sent, backend } = connected();
    for (let k = 0; k < 3; k++) await client.load(model(4));
    // Asked three times whether it is there, sent once.
    expect(sent.length).toBe(4);
    expect(backend.loads).toBe(1);
  });

  it('gives up the model that was not used for longest, and is sent it again', async () => {
    const { client, backend } = connected({ maxModels: 2 });
    const loaded = await Promise.all([2, 3].map((factor) => client.load(model(factor))));
    const compute = async (k: number) => {
      const [output] = await loaded[k].compute([floats(10)]);
      return new Float32Array(output.data.slice().buffer)[0];
    };
    expect(await compute(0)).toBe(20);
    loaded.push(await client.load(model(5)));
    expect(backend.alive).toBe(2);
    expect([await compute(0), await compute(2)]).toEqual([20, 50]);
    expect(backend.loads).toBe(3);
    expect(await compute(1)).toBe(30);
    expect(backend.loads).toBe(4);
    expect(backend.alive).toBe(2);
  });

  it('says what is wrong', async () => {
    const { client, server } = connected({ maxBytes: 5 });
    await expect(client.load({ ...model(1), parts: [Uint8Array.of(9)] })).rejects.toThrow('not a model');
    await expect(client.load({ ...model(1), parts: [new Uint8Array(6)] })).rejects.toThrow(
      'more than 5 bytes',
    );
    await expect(client.load({ ...model(1), encoding: 'pytorch' })).rejects.toThrow('encoding pytorch');
    const loaded = await client.load(model(1));
    await expect(loaded.compute([])).rejects.toThrow('the other device: f32 is expected');
    const deaf = remoteBackend({ encodings: ['onnx'], ask: async () => Uint8Array.of(1, 2, 3) });
    await expect(deaf.load(model(1))).rejects.toThrow('not a message of wasi-nn');
    expect((await server.answer(new Uint8Array(0)))[4]).toBe(2);
  });

  it('answers whatever it is sent', async () => {
    const { client, sent, server } = connected();
    const loaded = await client.load(model(3));
    await Promise.resolve(loaded.compute([undefined, floats(1), floats(2)])).catch(() => {});
    await loaded.compute([floats(1)]);
    for (const request of sent.slice()) {
      for (let at = 0; at < request.length; at++) {
        const damaged = request.slice();
        damaged[at] ^= 0x41;
        expect((await server.answer(damaged)).subarray(0, 3)).toEqual(Uint8Array.of(0x4e, 0x4e, 0x41));
        expect((await server.answer(request.subarray(0, at)))[4]).toBe(2);
      }
    }
    const [output] = await loaded.compute([floats(2)]);
    expect(new Float32Array(output.data.slice().buffer)[0]).toBe(6);
  });
});
