/**
 * Fuel: what is counted, and by which rules. Each safepoint that is passed costs one unit: a branch back to a loop, the entry of a function
 * that is not quiet (decoder/quiet.ts: one with a loop, recursion, a call of an import or through a table, or too many instructions). Work
 * that one instruction does in bulk costs units in proportion, beyond a free part, in quiet functions too; they are a debt that the next
 * safepoint finds, since an execution stops nowhere else (DESIGN.md, law 2).
 *
 * What has been used is exact at every pause, at every call of the host, when an execution returns and, in this machine, when it traps.
 * After a trap in a tier that counts ahead it may be too high by what one stretch of code between two safepoints costs.
 *
 * | version | since | what is counted |
 * |---|---|---|
 * | 1 | commit 3f88375 | safepoints |
 * | 2 | commit 1e82b8e | safepoints, but not the entries of quiet functions; growth, bulk operations and large frames by their size |
 * | 3 | 0.1.0 | the same; quiet functions have at most 100 instructions in place of 10,000, and none where a function has over 20,000 calls |
 *
 * What instantiation writes (segments) is no work of an execution and costs nothing.
 */
import { registers } from './registers';

/** A budget or a count of fuel means something only together with the version of the rules it was made by. */
export const FUEL_VERSION = 3;

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
