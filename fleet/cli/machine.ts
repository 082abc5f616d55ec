/** This machine, as the papers' descriptions tell of one. */
import { arch, cpus, freemem, loadavg, totalmem } from 'node:os';
import type { Machine } from '../papers/supervisor-routes';

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
