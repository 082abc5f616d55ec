/** This machine, as the descriptions of ours and of the papers tell of one. */
import { arch, cpus, freemem, loadavg, totalmem } from 'node:os';
import { Execution, instantiate, Module, Store } from 'tswasm';
import type { GraphEncoding } from 'tswasm/wasi-nn';
import type { Devices } from '../agent/host/devices';
import type { Conditions } from '../agent/presence';
import type { Machine } from '../papers/supervisor-routes';
import { PERMISSIONS, type Permission } from '../protocol/deployment';
import type { DeviceDescription } from '../protocol/reports';

const VERSION = '0.1.0';

export function thisMachine(): Machine {
  const [first] = cpus();
  const cores = Math.max(1, cpus().length);
  return {
    memoryBytes: totalmem(),
    cpuName: first?.model ?? 'unknown',
    clockHz: (first?.speed ?? 0) * 1e6,
    cores,
    architecture: arch(),
    usage: () => ({ cpu: Math.min(1, loadavg()[0] / cores), memory: 1 - freemem() / totalmem() }),
  };
}

export function describe(
  name: string,
  url: string,
  devices: Devices,
  models: readonly GraphEncoding[],
): DeviceDescription {
  const has: Readonly<Record<Permission, boolean>> = {
    sys: true,
    communication: true,
    camera: devices.camera !== undefined,
    dht: devices.dht !== undefined,
    network: devices.network !== undefined,
    gpio: devices.gpio !== undefined,
    i2c: devices.i2c !== undefined,
    nn: models.length > 0,
  };
  return {
    name,
    url,
    version: VERSION,
    permissions: PERMISSIONS.filter((one) => has[one]),
    memoryBytes: totalmem(),
    cores: Math.max(1, cpus().length),
    fuelPerSecond: measuredSpeed(),
    engine: `node ${process.versions.node}`,
    models,
  };
}

export function conditions(): Conditions {
  const load = Math.min(1, loadavg()[0] / Math.max(1, cpus().length));
  return { load, freeMemoryBytes: freemem() };
}

/** A loop that counts: 60 bytes of wasm. */
const COUNTER = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 9, 1, 5, 99, 111, 117, 110, 116, 0,
  0, 10, 23, 1, 21, 1, 1, 127, 3, 64, 32, 1, 65, 1, 106, 34, 1, 32, 0, 72, 13, 0, 11, 32, 1, 11,
]);
/** Milliseconds of the measurement: long enough for hot code, too short to be noticed at the start. */
const MEASURED = 40;
/** Fuel before it: the function is hot then. */
const WARM_UP = 200_000;

/** Units of fuel a second. */
function measuredSpeed(): number {
  const instance = instantiate(new Store({ tier: 'interpret' }), Module.decode(COUNTER), []);
  const execution = new Execution(instance.func('count'), [0x7fffffff]);
  // What is compiled and lowered at first is not counted.
  execution.run({ fuel: WARM_UP });
  const before = execution.fuelUsed;
  const start = performance.now();
  execution.run({ now: () => performance.now(), deadline: () => performance.now() - start >= MEASURED });
  return Math.round((execution.fuelUsed - before) / ((performance.now() - start) / 1000));
}
