/** This machine, as the descriptions of ours and of the papers tell of one. */
import { arch, cpus, freemem, loadavg, totalmem } from 'node:os';
import type { GraphEncoding } from 'tswasm/wasi-nn';
import { type Devices, permissionsOf } from '../agent/host/devices';
import type { Conditions } from '../agent/presence';
import { measuredSpeed } from '../agent/speed';
import type { Machine } from '../papers/supervisor-routes';
import { type DeviceDescription, VERSION } from '../protocol/reports';

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
  /** The engine in which guests run, when that is not this one. */
  engine: Pick<DeviceDescription, 'engine' | 'fuelPerSecond'> = thisEngine(),
): DeviceDescription {
  return {
    name,
    url,
    version: VERSION,
    permissions: permissionsOf(devices, models),
    memoryBytes: totalmem(),
    cores: Math.max(1, cpus().length),
    models,
    ...engine,
  };
}

function thisEngine(): Pick<DeviceDescription, 'engine' | 'fuelPerSecond'> {
  return { fuelPerSecond: measuredSpeed(), engine: `node ${process.versions.node}` };
}

export function conditions(): Conditions {
  const load = Math.min(1, loadavg()[0] / Math.max(1, cpus().length));
  return { load, freeMemoryBytes: freemem() };
}
