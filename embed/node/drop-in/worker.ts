/** Runs one program in a fresh realm whose `WebAssembly` is the drop-in or the host's own, and posts its outcome. */
import { parentPort, workerData } from 'node:worker_threads';

export interface Job {
  /** File URL of the bundled program. */
  readonly program: string;
  /** File URL of the module that exports the namespace object; the host's own is used when undefined. */
  readonly engine: string | undefined;
  readonly input: unknown;
}

export interface Outcome {
  readonly output: unknown;
  readonly milliseconds: number;
}

async function main({ program, engine, input }: Job): Promise<void> {
  if (engine !== undefined) {
    const { WebAssembly } = (await import(engine)) as { WebAssembly: object };
    Object.assign(globalThis, { WebAssembly });
  }
  const start = performance.now();
  const { run } = (await import(program)) as { run: (input: unknown) => Promise<unknown> };
  const output = await run(input);
  parentPort?.postMessage({ output, milliseconds: performance.now() - start } satisfies Outcome);
}

void main(workerData as Job);
