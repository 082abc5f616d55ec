/** What a program that was run and stopped is recorded as (record.ts). */
import type { Fixture, Point } from './fixture';
import type { Observation } from './observe';

/** A point whose expectation is what an unmoved run gave, as far as it can be observed there. */
export interface Recorded {
  readonly point: Omit<Point, 'expected' | 'recaptures'>;
  readonly unmoved: Partial<Observation>;
}
export type Record = (
  name: string,
  what: Pick<Fixture, 'kind' | 'about'>,
  modules: readonly Uint8Array[],
  recorded: readonly Recorded[],
) => Promise<void>;
