/** The engines that need nothing of their host. */
import type { Engine } from '../engine';
import { migrateEngine } from '../engines/migrate';
import { mixedEngine } from '../engines/mixed';
import { tswasmEngine } from '../engines/tswasm';

export function portableEngine(name: string): Engine | undefined {
  if (name === 'tswasm') return tswasmEngine;
  if (name === 'mixed') return mixedEngine();
  const migrate = /^migrate([1-9]\d*)?$/.exec(name);
  return migrate ? migrateEngine(Number(migrate[1] ?? 1)) : undefined;
}
