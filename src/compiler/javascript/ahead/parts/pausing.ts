// biome-ignore-all lint/style/useTemplate: what small engines do not have, or have wrong
/**
 * Files that pause: fuel, frames that are saved and entered again, and what runs an instance in turns. A turn that is used up throws `stop`
 * at a safepoint; each function on its way gives its frame to `leave`. The next turn calls them again from the outside in: `next` in the place of
 * the call, and a function finds in `back` what its variables held.
 */
import type { FileState, FuncRecord, SavedFrame } from './frames';
import type { HostCallable } from './shared';
import { type Paused, readSnapshot, writeSnapshot } from './snapshots';

interface Pausable {
  readonly exports: Readonly<Record<string, unknown>>;
  result: unknown;
  start(name: string, args?: readonly unknown[]): void;
  run(units?: number): boolean;
  pause(): void;
  snapshot(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

/** Units until somebody must be asked. */
export let fuel = 0;
/** While saved frames are entered, the values of the next one. */
export let back: unknown = null;
let entered = 0;
let frames: SavedFrame[] = [];
/** Units beyond `fuel` that the turn has. */
let rest = 0;
/** Nothing of the host stands between the turn and what runs. */
let mayStop = false;
let asked = false;
const stop = {};
/** As many units as are given at once. */
const most = 1000000000;

/** The fuel is used up, at a safepoint. */
export function halt(): void {
  if (mayStop && (asked || rest <= 0)) throw stop;
  const more = mayStop ? Math.min(rest, most) : most;
  if (mayStop) rest -= more;
  fuel += more;
}
/** Something is thrown through a function. */
export function leave(error: unknown, record: FuncRecord, site: number, values: unknown[]): unknown {
  if (error === stop) frames.push([record, site, values]);
  return error;
}
/** Enters the next saved frame. */
export function next(fp: number, sp: number): unknown {
  const frame = frames.pop()!;
  back = frame[2];
  entered = frame[0][4][4 * frame[1] + 1] as number;
  return frame[0][1](fp, sp);
}
/** The values are taken; gives where the function is entered. */
export function entrance(): number {
  back = null;
  return entered;
}
/** What has been done in bulk costs fuel; `old` is negative if nothing was done. */
export function paid(old: number, units: number): number {
  if (old >= 0) fuel -= Math.floor(units);
  return old;
}
/** The host is called: nothing can stop in what it calls, nor uses fuel of the turn. */
export function away(): unknown[] {
  const kept = [fuel, rest, mayStop];
  fuel = most;
  mayStop = false;
  return kept;
}
export function home(kept: unknown[]): void {
  fuel = kept[0] as number;
  rest = kept[1] as number;
  mayStop = kept[2] as boolean;
  if (asked && fuel > 0) fuel = 0;
}

function misused(): Error {
  const error = new Error('nothing is paused, or it runs') as Error & { code: string };
  error.code = 'state';
  return error;
}
/** The instance that hosts get. */
export function pausable(instance: Pausable, state: FileState): Pausable {
  let now: Paused = { root: undefined, frames: [] };
  let args: readonly unknown[] = [];
  let owed = 0;
  let runs = false;
  const stand = (paused: Paused, given: readonly unknown[]): void => {
    if (runs || !paused.root) throw misused();
    now = paused;
    args = given;
    owed = 0;
  };
  instance.start = (name, given) => {
    stand({ root: state.roots[state.names.indexOf(name)], frames: [] }, given || []);
  };
  instance.run = (units) => {
    const root = now.root;
    if (runs || !root) throw misused();
    const left = (units === undefined ? 1 / 0 : units) - owed;
    // The safepoint where it stands is passed now.
    const passes = now.frames.length ? 1 : 0;
    if (passes && left < 0) {
      owed = -left;
      return false;
    }
    fuel = Math.min(left, most);
    rest = left - fuel;
    fuel -= passes;
    if (asked && fuel > 0) fuel = 0;
    back = passes ? now : null;
    frames = now.frames.reverse();
    now = { root: undefined, frames: [] };
    mayStop = runs = true;
    try {
      const call = instance.exports[state.names[state.roots.indexOf(root)]] as HostCallable;
      instance.result = call.apply(null, args as never[]);
    } catch (error) {
      if (error !== stop) throw error;
      now = { root, frames: frames.reverse() };
      owed = Math.max(0, -fuel - 1 - (left <= 0 ? passes : 0));
      asked = false;
    } finally {
      frames = [];
      back = null;
      mayStop = runs = false;
    }
    return !now.root;
  };
  instance.pause = () => {
    asked = true;
    if (fuel > 0) fuel = 0;
  };
  instance.snapshot = () => {
    if (!now.frames.length) throw misused();
    return writeSnapshot(state, now);
  };
  instance.restore = (bytes) => {
    if (runs) throw misused();
    stand(readSnapshot(state, bytes), []);
  };
  return instance;
}
