/**
 * What `error.stack` of a trap says: the wasm frames, then those of who called, and nothing of our machinery between. A trap that passes
 * through a host function into another execution has a part for each of the two.
 *
 * Engines that have `Error.captureStackTrace` tell who called a function; of the others all frames are shown.
 */
import { type BacktraceFrame, type Door, printable, type RuntimeError } from '../errors';
import { fold } from './fold';
import { hostCalls, runningHost } from './hostcall';
import { placeOf, positionOf, positionText } from './positions';

interface Part {
  readonly frames: readonly BacktraceFrame[];
  /** Lines of the host's own. Made when they are read: whoever prepares stack traces needs time, and room on the host's stack. */
  callers: () => readonly string[];
}
const NOBODY = (): readonly string[] => [];
const parts = new WeakMap<Error, Part[]>();

/** The part that `captureStackTrace` of V8 and its followers has in common. */
interface StackTraces {
  captureStackTrace?: (holder: object, door: Door) => void;
  stackTraceLimit?: number;
}
/** Frames of the host that are looked at between two host calls: what lies there is ours to a large part. */
const LOOKED_AT = 200;
/** Host calls inside each other up to which it is looked at who called. A trap may pass through a thousand of them, and each look costs. */
const MOST_LOOKED_AT = 8;

/** How this host writes stacks: whether they begin with the message, and whether lines have ` at ` in them. */
interface Manner {
  readonly headed: boolean;
  readonly at: boolean;
}
let known: Manner | undefined;

/** Found out when the first trace is shown: it takes a millisecond, which most runs have no use for. */
function manner(): Manner {
  if (known === undefined) {
    const headed = String(new Error('m').stack).startsWith('Error: m');
    known = { headed, at: headed || !String(new Error().stack).includes('@') };
  }
  return known;
}

/** The host's frames below the innermost call of `door`, as they are now. */
function linesBelow(door: Door): () => string[] {
  const holder: { stack?: unknown } = {};
  const { captureStackTrace } = Error as StackTraces;
  if (captureStackTrace === undefined) holder.stack = new Error().stack;
  else captureStackTrace(holder, door);
  return () => {
    // Whoever prepares stack traces (source maps) may have made something else than text.
    const text = typeof holder.stack === 'string' ? holder.stack.split('\n') : [];
    return text.slice(captureStackTrace && manner().headed ? 1 : 0).filter((line) => line !== '');
  };
}

function withLimit<T>(limit: number, action: () => T): T {
  const traces = Error as StackTraces;
  const before = traces.stackTraceLimit;
  try {
    traces.stackTraceLimit = limit;
  } catch {
    // Frozen: then it stays as it is.
  }
  try {
    return action();
  } finally {
    if (traces.stackTraceLimit !== before) traces.stackTraceLimit = before;
  }
}

/** Who called `door`, up to the wasm code that did if a host function did. */
function callersOf(door: Door): () => readonly string[] {
  const host = runningHost();
  if (host === undefined) return linesBelow(door);
  const wanted = (Error as StackTraces).stackTraceLimit ?? LOOKED_AT;
  return withLimit(LOOKED_AT, () => {
    const all = linesBelow(door);
    const belowHost = linesBelow(host.door);
    return () => {
      const lines = all();
      const [ours] = belowHost();
      const end = ours === undefined ? -1 : lines.indexOf(ours);
      return (end < 0 ? lines : lines.slice(0, Math.max(0, end - host.doors))).slice(0, wanted);
    };
  });
}

/** Gives a trap the frames of an execution that it ended. */
export function addFrames(error: RuntimeError, frames: readonly BacktraceFrame[]): void {
  const known = parts.get(error);
  if (known === undefined) {
    parts.set(error, [{ frames, callers: NOBODY }]);
    showParts(error);
  } else known.push({ frames, callers: NOBODY });
}

/** Says who called: everything below `door`, the function of ours that was called. */
export function addCallers(error: unknown, door: Door): void {
  const known = parts.get(error as Error);
  if (known === undefined || hostCalls.length > MOST_LOOKED_AT) return;
  try {
    known[known.length - 1].callers = callersOf(door);
  } catch {
    // The host's stack is used up, or what prepares stack traces throws: the trap counts, not who called.
  }
}

/** An error that stands for a trap has its stack. */
export function copyTrace(from: Error, to: Error): void {
  const known = parts.get(from);
  if (known === undefined) return;
  parts.set(to, known);
  showParts(to);
}

/** Sources are looked for only when somebody reads the stack. */
function showParts(error: Error): void {
  // V8 would make the text of the one that is replaced, which nobody reads.
  Reflect.deleteProperty(error, 'stack');
  Object.defineProperty(error, 'stack', {
    configurable: true,
    enumerable: false,
    get: () => stackText(error),
    set: (value: unknown) => {
      Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
    },
  });
}

function stackText(error: Error): string {
  const lines = parts
    .get(error)!
    .flatMap(({ frames, callers }) => [
      ...fold(frames, frameLine, (note) => (manner().at ? `    ... ${note}` : `... ${note}`)),
      ...callers(),
    ]);
  return [...(manner().headed ? [`${error.name}: ${error.message}`] : []), ...lines].join('\n');
}

function frameLine(frame: BacktraceFrame): string {
  const source = positionOf(frame);
  const place = placeOf(frame);
  const where = source === undefined ? place : `${place}, ${positionText(source)}`;
  const name = frame.name === undefined ? undefined : printable(frame.name);
  if (!manner().at) return `${name ?? ''}@${where}`;
  return name === undefined ? `    at ${where}` : `    at ${name} (${where})`;
}
