/** Which plan a run has: that of snapshots is loaded when an option asks for one. */
import { runLimits } from './entry';
import type { Options } from './options';
import { Plan } from './plan';
import { SNAPSHOT_OPTIONS } from './snapshot-options';

/** What the options ask for. */
export async function planOf(options: Options): Promise<Plan> {
  const limits = runLimits(options);
  if (!SNAPSHOT_OPTIONS.some(({ name }) => options.has(name))) return new Plan(options, limits);
  const { SnapshotPlan } = await import('./snapshots');
  return new SnapshotPlan(options, limits);
}
