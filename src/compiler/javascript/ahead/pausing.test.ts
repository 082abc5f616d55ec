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
import { PAUSING_PROGRAMS } from './testing-pausing';
import { bytesOf, type Call, PROGRAMS } from './testing-programs';

const ALL = { ...PROGRAMS, ...PAUSING_PROGRAMS };
/** Programs of the host's functions are in another test; what a call never ends is not for this one. */
const NAMES = Object.keys(ALL).filter((name) => !ALL[name].wat.includes('(import'));
/** Stops of a call that are looked at. */
const MOST_STOPS = 16;

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

/** Too deep for the file, or its NaNs have bits of their own, which the file's engine does not keep. What hardly stops is tried on one target. */
function isBeyond(name: string, target: Target): boolean {
  if (!(name in PAUSING_PROGRAMS) && target !== 'node') return true;
  return (name.startsWith('NaNs') && !DIALECTS[target].keepsBits) || name.includes('recursion and its end');
}

describe.each(TARGETS)('a file for %s that pauses', (target) => {
  const names = NAMES.filter((name) => !isBeyond(name, target));
  it.each(names)('stops where the interpreter does: %s', (name) => {
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

function instanceOf(wat: string, target: Target, imports: unknown = {}): PausableInstance {
  const made = compileFile(Module.decode(bytesOf(wat)), { target, pausable: true });
  if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
  return loadFile(made.text, target).instantiate(imports) as PausableInstance;
}
const codeOf = (call: () => unknown): string => {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

const LOOPS = PAUSING_PROGRAMS['loops inside of loops, with calls between'].wat;
const HOST = `(import "env" "poll" (func $poll (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (local i32)
    (loop $l (local.set 1 (i32.add (local.get 1) (call $poll (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))
  (func (export "twice") (param i32) (result i32) (local i32)
    (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 2)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))`;

describe.each(TARGETS)('a file for %s', (target) => {
  it('stops when the host asks, and lets it call functions that do not stop', () => {
    const polled: number[] = [];
    const instance: PausableInstance = instanceOf(HOST, target, {
      env: {
        poll: (n: number) => {
          polled.push(n);
          if (n === 5) instance.pause();
          expect(codeOf(() => instance.run())).toBe('state');
          return (instance.exports['twice'] as (n: number) => number)(100);
        },
      },
    });
    instance.start('run', [7]);
    expect(instance.run()).toBe(false);
    expect(polled).toEqual([7, 6, 5]);
    expect(instance.run(2)).toBe(false);
    expect(polled).toEqual([7, 6, 5, 4, 3]);
    expect(instance.run()).toBe(true);
    expect(instance.result).toBe(1400);
  });

  it('refuses calls out of turn, other modules and what is cut off, and is as it was', () => {
    const instance = instanceOf(LOOPS, target);
    expect(codeOf(() => instance.run())).toBe('state');
    expect(codeOf(() => instance.snapshot())).toBe('state');
    expect(codeOf(() => instance.start('nobody'))).toBe('state');
    instance.start('run', [4]);
    instance.run(11);
    const bytes = instance.snapshot();
    expect(codeOf(() => instanceOf(HOST, target, { env: { poll: () => 0 } }).restore(bytes))).toBe(
      'snapshot',
    );
    for (let k = 0; k < bytes.length; k++)
      expect(codeOf(() => instance.restore(bytes.subarray(0, k)))).toBe('snapshot');
    expect(instance.snapshot()).toEqual(bytes);
  });

  it('goes on from a damaged snapshot as from one that somebody meant, or refuses it', () => {
    const instance = instanceOf(LOOPS, target);
    instance.start('run', [4]);
    instance.run(23);
    const bytes = instance.snapshot();
    let refused = 0;
    for (let k = 0; k < bytes.length; k++) {
      const damaged = bytes.slice();
      damaged[k] ^= 1 << (k & 7);
      const code = codeOf(() => instance.restore(damaged));
      expect(['nothing', 'snapshot']).toContain(code);
      if (code === 'snapshot') {
        refused++;
        expect(instance.snapshot()).toEqual(bytes);
      } else {
        const traps = codeOf(() => instance.run(50));
        expect(['nothing', 'memoryBounds', 'callStackExhausted']).toContain(traps);
        instance.restore(bytes);
      }
    }
    expect(refused).toBeGreaterThan(40);
  });
});

it('needs 4 KB beside the functions', () => {
  const made = compileFile(Module.decode(bytesOf(PAUSING_PROGRAMS['a loop'].wat)), {
    target: 'espruino',
    pausable: true,
  });
  const text = made.kind === 'file' ? made.text : '';
  const own = text.slice(text.indexOf('function instantiate'), text.indexOf('\nreturn{instantiate'));
  expect(own.length).toBeGreaterThan(500);
  expect(text.length - own.length).toBeLessThan(4096);
});
