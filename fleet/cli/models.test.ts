/**
 * A real model in a fleet of processes: on a device with onnxruntime, moved between two computations, and borrowed by one without a JIT.
 * TSWASM_ONNXRUNTIME names a folder whose node_modules has onnxruntime-node and openwakeword-js.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, modelGuest } from '../testing/modules';
import { Processes } from '../testing/processes';

const folder = process.env['TSWASM_ONNXRUNTIME'];
if (folder === undefined)
  console.warn(
    'SKIPPED: no TSWASM_ONNXRUNTIME names a folder with onnxruntime-node, so no real model runs in the fleet',
  );

const INPUTS = 25 * 96;
/** What the guest makes up as its input: fractions of 17. */
const inputs = Float32Array.from({ length: INPUTS }, (_, k) => (k % 17) / 17);

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

describe.skipIf(folder === undefined)('a wake word', () => {
  const processes = new Processes();
  beforeAll(() => processes.build());
  afterAll(() => processes.close());

  it('is told from the same numbers by every device, with its own runtime and with a borrowed one', async () => {
    const root = path.resolve(folder!);
    const model = readFileSync(path.join(root, 'node_modules/openwakeword-js/models/hello_deepa.onnx'));
    const { InferenceSession, Tensor } = createRequire(path.join(root, 'package.json'))(
      'onnxruntime-node',
    ) as Runtime;
    const session = await InferenceSession.create(model);
    const fed = { [session.inputNames[0]]: new Tensor('float32', inputs, [1, 25, 96]) };
    const expected = (await session.run(fed))[session.outputNames[0]].data[0];

    const up = await processes.up();
    const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
    for (const name of ['ash', 'birch'])
      await processes.agent(name, up, [], 'orchestrator', ['--models', root]);
    await processes.agent('cedar', up, ['--jitless'], 'orchestrator', ['--models', 'none']);
    const file = path.join(processes.folder, 'wake.wasm');
    writeFileSync(file, await assemble(modelGuest(model, [1, 25, 96])));
    await fleet('push', file);
    const document = path.join(processes.folder, 'wake.json');
    const executions = [{ name: 'main', module: 'wake', permissions: ['nn'], device: 'ash' }];
    writeFileSync(document, JSON.stringify({ id: 'w', executions }));
    await fleet('deploy', document);
    expect(await fleet('exec', 'w~main', 'open')).toBe('0');
    const told: number[] = [];
    for (const device of ['ash', 'birch', 'cedar']) {
      await fleet('move', 'w~main', device);
      told.push(Number(await fleet('exec', 'w~main', 'infer')));
    }
    for (const value of told) expect(Math.abs(value - expected)).toBeLessThan(1e-5);
  });
});
