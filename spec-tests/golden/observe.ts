/** What became of a program, in words that do not depend on how a snapshot is written: what fixtures expect. */

import { createHash } from 'node:crypto';
import { type Execution, FUEL_VERSION, Func, type Instance, type Outcome, type Value } from '../../src/index';
import { WasiExit } from '../../src/wasi';
import type { HostObject } from './host';

/** Fixtures of other versions of the rules keep their results, not their fuel. */
export { FUEL_VERSION };

export interface Fuel {
  readonly version: number;
  /** Used after the restore, to the end. */
  readonly used: number;
}

export interface InstanceState {
  readonly memories: readonly string[];
  readonly tables: readonly (readonly string[])[];
  readonly globals: readonly string[];
  readonly dropped: string;
}

/** Only what applies to the kind of fixture is there. */
export interface Observation {
  /** `done`, `trapped: CODE` or `exited: CODE`. */
  readonly ending?: string;
  readonly results?: readonly string[];
  readonly fuel?: Fuel;
  readonly instances?: readonly InstanceState[];
  /** Calls that the host was asked for after the restore. */
  readonly hostCalls?: readonly string[];
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  /** Files of each root after the end: path -> size and SHA-256. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Host state that the snapshot carried, for snapshots that are not of WASI programs. */
  readonly hostState?: string;
  /** Milliseconds; snapshots that say when they were taken. */
  readonly timestamp?: number;
  /** Sections of a postmortem. */
  readonly store?: InstanceState;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** References of functions by index of their instance's module, of host objects by name. */
export function refText(ref: unknown): string {
  if (ref === null || ref === undefined) return 'null';
  if (ref instanceof Func) return ref.instance === undefined ? `host ${ref.name}` : `func ${ref.funcidx}`;
  return `object ${(ref as HostObject).name}`;
}

const isReference = (value: Value) => value.ref !== null;
export function valueText(value: Value): string {
  return isReference(value) ? refText(value.ref) : `${value.lo} ${value.hi}`;
}

export function instanceState(instance: Instance): InstanceState {
  return {
    memories: instance.memories.map((memory) => `${memory.pages} pages ${sha256(memory.bytes)}`),
    tables: instance.tables.map((table) =>
      Array.from({ length: table.length }, (_, i) => refText(table.get(i))),
    ),
    globals: instance.globals.map((global) => valueText(global.get())),
    dropped: `${[...instance.droppedDatas].join('')} ${[...instance.droppedElems].join('')}`,
  };
}

/** Runs an execution to its end, waiting where it waits. */
export async function runOn(execution: Execution): Promise<Pick<Observation, 'ending' | 'results' | 'fuel'>> {
  const begun = execution.fuelUsed;
  const ending = await endOf(execution);
  const fuel = { version: FUEL_VERSION, used: execution.fuelUsed - begun };
  if (typeof ending === 'number') return { ending: `exited: ${ending}`, fuel };
  if (ending.kind === 'done') return { ending: 'done', results: ending.results.map(valueText), fuel };
  if (ending.kind === 'trapped') return { ending: `trapped: ${ending.error.code}`, fuel };
  throw new Error(`the execution is ${ending.kind} at its end`);
}

/** The last outcome, or the exit code of a WASI program. */
async function endOf(execution: Execution): Promise<Outcome | number> {
  try {
    await execution.waitsFor;
    for (;;) {
      const outcome = execution.run();
      if (outcome.kind !== 'waiting') return outcome;
      await outcome.promise;
    }
  } catch (error) {
    if (error instanceof WasiExit) return error.code;
    throw error;
  }
}
