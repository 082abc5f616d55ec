/** For `trace.ts` in QuickJS where flash is short: the frames of wasm before all of the host's own, ours among them. */
import { type BacktraceFrame, printable, type RuntimeError } from '../errors';
import { fold } from './fold';
import { placeOf } from './positions';

const traced = new WeakSet<Error>();

export function addFrames(error: RuntimeError, frames: readonly BacktraceFrame[]): void {
  const lines = fold(frames, frameLine, (note) => `    ... ${note}`).join('\n');
  // What passes through a host function has the frames of the outer execution behind the host's.
  const value = traced.has(error) ? `${error.stack}\n${lines}` : `${lines}\n${error.stack}`;
  traced.add(error);
  Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
}

function frameLine(frame: BacktraceFrame): string {
  return `    at ${printable(frame.name ?? '')} (${placeOf(frame)})`;
}

export function addCallers(): void {}
