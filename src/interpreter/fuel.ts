/**
 * Fuel: what is counted, and by which rules. Each safepoint that is passed (a branch back to a loop, a function entry) costs one unit. Work
 * that one instruction does in bulk costs units in proportion, beyond a free part; they are a debt that the next safepoint finds, since an
 * execution stops nowhere else (DESIGN.md, law 2).
 *
 * | version | since | what is counted |
 * |---|---|---|
 * | 1 | commit 3f88375 | safepoints |
 * | 2 | 0.1.0 | safepoints; growth, bulk operations and large frames by their size |
 *
 * What instantiation writes (segments) is no work of an execution and costs nothing.
 */
import { registers } from './registers';

/** A budget or a count of fuel means something only together with the version of the rules it was made by. */
export const FUEL_VERSION = 2;

/** Bytes of a linear memory that are added, filled or copied for a unit: about what a loop of a few instructions does to them. */
export const BYTES_PER_UNIT = 4096;
/** Elements of a table for a unit. */
export const ELEMENTS_PER_UNIT = 256;
/** Slots of a frame that are zeroed at entry for a unit. */
const SLOTS_PER_UNIT = 512;

export function chargeBytes(bytes: number): void {
  registers.fuel -= Math.floor(bytes / BYTES_PER_UNIT);
}
export function chargeElements(count: number): void {
  registers.fuel -= Math.floor(count / ELEMENTS_PER_UNIT);
}
/** What an entry costs beside its safepoint. */
export function frameUnits(slots: number): number {
  return Math.floor(slots / SLOTS_PER_UNIT);
}
export function charge(units: number): void {
  registers.fuel -= units;
}
