/** Hostile snapshots for tests: bytes that were changed, documents that lie, and what must come of both. */
import { RuntimeError, SnapshotError } from '../errors';
import type { Execution } from '../interpreter';
import type { Instance } from '../runtime';
import { snapshot } from './capture';
import { decode } from './decode';
import type { Activation, SnapshotDocument, TypedValue } from './document';
import { encode } from './encode';
import { restore } from './restore';
import { Random } from './testing';

/** A few bytes changed, most of them behind Meta's hash, so that the deeper checks have work. */
export function mutate(r: Random, bytes: Uint8Array): Uint8Array {
  const out = Array.from(bytes);
  for (let n = 1 + r.below(3); n > 0; n--) {
    const at = r.oneIn(20) ? r.below(out.length) : 26 + r.below(Math.max(1, out.length - 26));
    const byte = r.pick([0, 1, 2, 3, 4, 5, 0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f, 0x80, 0xff, r.below(256)]);
    const way = r.below(8);
    if (way === 0) out.splice(at, 1);
    else if (way === 1) out.splice(at, 0, byte);
    else out[at] = r.oneIn(2) ? byte : ((out[at] ?? 0) + r.pick([1, -1, 2, 8, 64])) & 255;
  }
  return Uint8Array.from(out, (value) => value ?? 0);
}

export type ForgeValue = (r: Random, value: TypedValue) => TypedValue;

/** Frames of which one or two lie, come twice, or are missing. */
export function forgeFrames(r: Random, frames: readonly Activation[], forgeValue: ForgeValue): Activation[] {
  const activations = [...frames];
  for (let n = 1 + r.below(2); n > 0; n--) {
    const i = r.below(activations.length);
    activations[i] = forgeFrame(r, activations[i], forgeValue);
    if (r.oneIn(10)) activations.splice(i, 0, activations[r.below(activations.length)]);
    if (r.oneIn(10) && activations.length > 1) activations.splice(i, 1);
  }
  return activations;
}
function forgeFrame(r: Random, frame: Activation, forgeValue: ForgeValue): Activation {
  const offsets = frame.offset + r.pick([-3, -2, -1, 1, 2, 3, 7]);
  switch (r.below(7)) {
    case 0:
      return { ...frame, offset: Math.max(0, offsets) };
    case 1:
      return { ...frame, func: r.below(5) };
    case 2:
      return { ...frame, site: r.pick(['loop', 'entry', 'call'] as const), targetLoop: -1 };
    case 3:
      return { ...frame, targetLoop: frame.site === 'loop' ? r.below(frame.offset) : -1 };
    case 4:
      return { ...frame, values: frame.values.slice(r.below(2), frame.values.length - r.below(2)) };
    default:
      return { ...frame, values: frame.values.map((value) => (r.oneIn(2) ? forgeValue(r, value) : value)) };
  }
}

/** The bytes of a forged document; those of a changed snapshot when the writer already refuses the forgery. */
export function forgedOrMutated(
  r: Random,
  good: Uint8Array,
  forge: (r: Random, document: SnapshotDocument) => SnapshotDocument,
): Uint8Array {
  if (r.oneIn(2)) return mutate(r, good);
  try {
    return encode(forge(r, decode(good)));
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return mutate(r, good);
  }
}

export interface Attack {
  readonly fresh: () => Instance;
  readonly hostile: (r: Random, good: Uint8Array) => Uint8Array;
  /** Of memory 0 of a fresh instance. */
  readonly pages: number;
}

/** Restores so many of them. Gives how often what came of it; throws when anything else did. */
export function survive(
  count: number,
  good: readonly Uint8Array[],
  { fresh, hostile, pages }: Attack,
): Record<string, number> {
  const outcomes: Record<string, number> = {};
  const tally = (what: string) => {
    outcomes[what] = (outcomes[what] ?? 0) + 1;
  };
  for (let seed = 0; seed < count; seed++) {
    const r = new Random(seed * 104729);
    const bytes = hostile(r, r.pick(good));
    const instance = fresh();
    let execution: Execution;
    try {
      execution = restore(bytes, instance, { bindExternRef: (name) => ({ name }) });
    } catch (error) {
      if (!(error instanceof SnapshotError) && !(error instanceof RuntimeError)) throw error;
      tally(error instanceof SnapshotError ? error.kind : 'exhausted');
      if (instance.unusable !== undefined || instance.hasRun || instance.memories[0].pages !== pages) {
        throw new Error(`seed ${seed}: the refused instance has changed`, { cause: error });
      }
      continue;
    }
    // What has been accepted can be written again, and runs.
    snapshot(execution, { nameExternRef: (ref) => (ref as { name: { lo: number; hi: number } }).name });
    tally(execution.run({ fuel: 500 }).kind);
  }
  return outcomes;
}
