/** The worker of a page that is a device: timers of a page in the background are slowed down, a worker's are not. */
import { measuredSpeed } from '../agent/speed';
import { FleetError } from '../protocol/errors';
import { startRelayedAgent } from './agent';
import { IndexedFiles } from './files';
import type { FromWorker, ToWorker } from './messages';
import { fetchTransport } from './wire';
import { browserWorld } from './world';

/** Bytes that executions may take where the browser does not say how much memory there is. */
const MEMORY = 2 ** 31;
/** Milliseconds between two looks at what runs. */
const PACE = 500;

let hidden = false;

function tell(message: FromWorker): void {
  postMessage(message);
}

async function start({ base, name, token }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  const {
    deviceMemory,
    hardwareConcurrency: cores,
    userAgent,
  } = navigator as Navigator & { deviceMemory?: number };
  const memoryBytes = deviceMemory === undefined ? MEMORY : deviceMemory * 2 ** 30;
  const [, engine = 'browser'] = /((?:Chrome|Firefox|Version)\/\d+)/.exec(userAgent) ?? [];
  const { agent } = await startRelayedAgent({
    name,
    token,
    base,
    world: browserWorld,
    files: await IndexedFiles.open(`tswasm-fleet ${name}`),
    transport: fetchTransport,
    machine: { memoryBytes, cores, fuelPerSecond: measuredSpeed(), engine },
    conditions: () => ({ load: 0, freeMemoryBytes: memoryBytes, throttled: hidden }),
    log: (text, execution) =>
      tell({ kind: 'line', text: execution === undefined ? text : `${execution}: ${text}` }),
  });
  agent.onState = ({ id, state, epoch }) =>
    tell({ kind: 'line', text: `${id}: ${state.kind}, epoch ${epoch}` });
  tell({ kind: 'running', name });
  setInterval(() => {
    const executions = [...agent.executions.values()].filter(({ state }) => state.kind !== 'gone');
    tell({
      kind: 'executions',
      executions: executions.map(({ id, state, fuelUsed, memoryBytes: bytes }) => ({
        id,
        state: state.kind,
        fuelUsed,
        memoryBytes: bytes,
      })),
    });
  }, PACE);
}

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'hidden') hidden = data.hidden;
  else
    start(data).catch((error) => {
      const reason = error instanceof FleetError || error instanceof Error ? error.message : String(error);
      tell({ kind: 'failed', reason });
    });
});
