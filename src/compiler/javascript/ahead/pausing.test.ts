/** Files that pause, beside the interpreter: the same stops, the same bytes of snapshots, and each goes on from what the other has written. */
import { describe, expect, it } from 'vitest';
import { I64, Module, type ValType } from '../../../decoder';
import { Execution, Store } from '../../../interpreter';
import {
  type Extern,
  type Func,
  fromJs,
  type Instance,
  instantiatePaused,
  toJs,
  type Value,
} from '../../../runtime';
import { restore, snapshot } from '../../../snapshot';
import { compileFile, TARGETS } from '.';
import { DIALECTS, type Target } from './dialects';
import { loadFile, type PausableInstance } from './testing';
import { bytesOf, type Call, PAUSING_PROGRAMS, PROGRAMS } from './testing-programs';

const ALL = { ...PROGRAMS, ...PAUSING_PROGRAMS };
/** Programs of the host's functions are in another test; what a call never ends is not for this one. */
const NAMES = Object.keys(ALL).filter((name) => !ALL[name].wat.includes('(import'));
/** Stops of a call that are looked at. */
const MOST_STOPS = 24;

class Interpreter {
  private instance: Instance;
  private execution: Execution | undefined;
  constructor(readonly module: Module) {
    this.instance = this.fresh();
  }
  private fresh(): Instance {
    return instantiatePaused(new Store(), this.module, [] as Extern[]);
  }
  start(name: string, args: readonly unknown[]): void {
    const func = this.instance.exports.get(name) as Func;
    const values: Value[] = args.map((arg, k) => fromJs(func.type.params[k], arg));
    this.execution = new Execution(func, values);
  }
  /** What it comes to, or undefined: it has stopped. */
  run(fuel?: number): string | undefined {
    const outcome = this.execution!.run({ fuel });
    if (outcome.kind === 'done') return shown(outcome.results.map((value) => toJs(value)));
    if (outcome.kind === 'trapped') return `trap: ${outcome.error.message.split('\n')[0]}`;
    if (!this.execution!.atSafepoint) return this.run(0);
    return undefined;
  }
  snapshot(): Uint8Array {
    return snapshot(this.execution!);
  }
  /** In an instance that has just been made. */
  restore(bytes: Uint8Array): void {
    this.instance = this.fresh();
    this.execution = restore(bytes, this.instance);
  }
}

class File {
  private readonly text: string;
  private instance: PausableInstance;
  private results: readonly ValType[] = [];
  constructor(
    readonly module: Module,
    readonly target: Target,
  ) {
    const made = compileFile(module, { target, pausable: true });
    if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
    this.text = made.text;
    this.instance = this.fresh();
  }
  private fresh(): PausableInstance {
    return loadFile(this.text, this.target).instantiate({}) as PausableInstance;
  }
  start(name: string, args: readonly unknown[]): void {
    const { index } = this.module.exports.find((entry) => entry.name === name)!;
    this.results = this.module.types[this.module.funcTypes[index]].composite.func.results;
    const pairs = !DIALECTS[this.target].bigInts;
    this.instance.start(
      name,
      args.map((arg) => (pairs && typeof arg === 'bigint' ? wordsOf(arg) : arg)),
    );
  }
  run(fuel?: number): string | undefined {
    try {
      if (!this.instance.run(fuel)) return undefined;
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code === undefined || code === 'state' || code === 'snapshot') throw error;
      return `trap: ${message}`;
    }
    const { result } = this.instance;
    if (this.results.length === 0) return '';
    const list = this.results.length === 1 ? [result] : (result as unknown[]);
    return shown(list.map((value, k) => (this.results[k] === I64 ? bigOf(value) : value)));
  }
  snapshot(): Uint8Array {
    return this.instance.snapshot();
  }
  restore(bytes: Uint8Array): void {
    this.instance = this.fresh();
    this.instance.restore(bytes);
  }
}

const wordsOf = (value: bigint): number[] => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
];
function bigOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return BigInt(value[1]) * 2n ** 32n + BigInt(value[0] >>> 0);
}
function shown(values: readonly unknown[]): string {
  return values.map((value) => (Object.is(value, -0) ? '-0' : String(value))).join();
}

type Runner = Interpreter | File;

/** Both do the call; at each stop they are compared, and may change places. */
function together(right: Interpreter, file: File, [name, ...args]: Call, { fuel, moves }: Way): number {
  right.start(name, args);
  file.start(name, args);
  for (let stops = 0; ; stops++) {
    const given = stops < MOST_STOPS ? fuel : undefined;
    const expected = right.run(given);
    const found = file.run(given);
    if (expected?.startsWith('trap') && file.target !== 'node' && file.target !== 'quickjs') {
      expect(found?.startsWith('trap')).toBe(true);
    } else {
      expect(found, `${name} after ${stops} stops`).toBe(expected);
    }
    if (expected !== undefined) return stops;
    const bytes = right.snapshot();
    expect(hex(file.snapshot()), `${name} at stop ${stops}`).toBe(hex(bytes));
    if (moves && stops % 2 === 0) for (const runner of [right, file] as Runner[]) runner.restore(bytes);
  }
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Way {
  readonly fuel: number;
  readonly moves: boolean;
}

const EACH: Way = { fuel: 1, moves: true };
/** Other fuel is the same for all targets. */
const MORE: readonly Way[] = [
  { fuel: 3, moves: false },
  { fuel: 0, moves: true },
];

/** Too deep for the file, or its NaNs have bits of their own, which the file's engine does not keep. */
function isBeyond(name: string, target: Target): boolean {
  return (name.startsWith('NaNs') && !DIALECTS[target].keepsBits) || name.includes('recursion and its end');
}

describe.each(TARGETS)('a file for %s that pauses', (target) => {
  it.each(NAMES)('stops where the interpreter does: %s', (name) => {
    if (isBeyond(name, target)) return;
    const { wat, calls } = ALL[name];
    const module = Module.decode(bytesOf(wat));
    let stops = 0;
    for (const way of target === 'node' ? [EACH, ...MORE] : [EACH]) {
      const right = new Interpreter(module);
      const file = new File(module, target);
      for (const call of calls) stops += together(right, file, call, way);
    }
    if (name in PAUSING_PROGRAMS) expect(stops).toBeGreaterThan(4);
  });
});
