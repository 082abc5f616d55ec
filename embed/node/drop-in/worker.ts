/** Runs one program in a fresh realm whose `WebAssembly` is the drop-in or the host's own, and posts its outcome. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Moved, Moves } from './moving';

export interface Job {
  /** File URL of the bundled program. */
  readonly program: string;
  /** File URL of the module that exports the namespace object; the host's own is used when undefined. */
  readonly engine: string | undefined;
  readonly input: unknown;
  /** For the engine whose calls move. */
  readonly moves: Moves | undefined;
}

export interface Outcome {
  readonly output: unknown;
  readonly milliseconds: number;
  readonly moved: Moved | undefined;
}

interface Engine {
  readonly WebAssembly: object;
  readonly report?: () => Moved;
}

async function main({ program, engine, input }: Job): Promise<void> {
  const other = engine === undefined ? undefined : ((await import(engine)) as Engine);
  if (other !== undefined) Object.assign(globalThis, { WebAssembly: other.WebAssembly });
  const start = performance.now();
  const { run } = (await import(program)) as { run: (input: unknown) => Promise<unknown> };
  const output = await run(input);
  const milliseconds = performance.now() - start;
  parentPort?.postMessage({ output, milliseconds, moved: other?.report?.() } satisfies Outcome);
}

void main(workerData as Job);
