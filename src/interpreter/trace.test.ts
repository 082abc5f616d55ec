/** What `error.stack` says of a trap. */
import { afterEach, describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { wat } from '../decoder/testing';
import {
  Execution,
  Func,
  instantiate,
  instantiatePaused,
  RuntimeError,
  runAsync,
  Store,
  useSourcePositions,
} from '../index';
import { WebAssembly } from '../webassembly';

const bytes = await wat(`(module $trace.test
  (import "host" "back" (func $back (param i32)))
  (memory 1)
  (func $evil (param i32) (result i32) (i32.load (local.get 0)))
  (func $middle (param i32) (result i32) (i32.add (i32.const 1) (call $evil (local.get 0))))
  (func (export "oob") (param i32) (result i32) (i32.add (i32.const 1) (call $middle (local.get 0))))
  (func $deep (export "deep") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then unreachable))
    (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then unreachable))
    (i32.add (i32.const 1) (call $odd (i32.sub (local.get 0) (i32.const 1)))))
  (func $odd (param i32) (result i32)
    (i32.add (i32.const 1) (call $even (i32.sub (local.get 0) (i32.const 1)))))
  (func $forever (export "forever") (call $forever) (call $forever))
  (func $outer (export "outer") (param i32) (call $back (local.get 0))))`);

/** Frames of ours would be in one of these files. */
const OURS = /src\/(interpreter|runtime|lowering|js-api|decoder)\/(?!trace\.test)/;

function stackOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).stack!;
  }
  throw new Error('nothing was thrown');
}

const names = (stack: string) => [...stack.matchAll(/^ +at (\S+)/gm)].map(([, name]) => name);

type Call = (...args: unknown[]) => unknown;
interface Guest {
  readonly how: string;
  readonly exports: Record<string, Call>;
  back: (k: number) => void;
}

function throughCore(): Guest {
  const guest: Guest = { how: 'Func.call', exports: {}, back: () => {} };
  const module = Module.decode(bytes);
  const store = new Store();
  const [{ type }] = module.imports;
  function back(k: number): void {
    guest.back(k);
  }
  if (type.kind !== 'func') throw new Error('a function is imported');
  const imported = Func.js(store, type.type, back, 'back');
  for (const [name, func] of instantiate(store, module, [imported]).exports) {
    if (func instanceof Func) guest.exports[name] = func.call.bind(func) as Call;
  }
  return guest;
}

function throughNamespace(): Guest {
  const guest: Guest = { how: 'WebAssembly', exports: {}, back: () => {} };
  const module = new WebAssembly.Module(bytes);
  const host = {
    back(k: number): void {
      guest.back(k);
    },
  };
  Object.assign(guest.exports, new WebAssembly.Instance(module, { host }).exports);
  return guest;
}

describe.each([throughCore(), throughNamespace()])('called by $how', (guest) => {
  function whoCalls(name: string, ...args: unknown[]): unknown {
    return guest.exports[name](...args);
  }

  it('has the frames of the guest, then those of who called, and none of ours', () => {
    const stack = stackOf(() => whoCalls('oob', 70000));
    expect(stack.split('\n')[0]).toBe('RuntimeError: out of bounds memory access');
    expect(names(stack).slice(0, 4)).toEqual(['evil', 'middle', 'oob', 'whoCalls']);
    expect(stack).toMatch(/at evil \(wasm-function\[1\]:0x[0-9a-f]+\)\n/);
    expect(stack).not.toMatch(OURS);
  });

  it('names the byte of the instruction that trapped', () => {
    const [, offset] = /evil \(wasm-function\[1\]:0x([0-9a-f]+)/.exec(stackOf(() => whoCalls('oob', -4)))!;
    expect(bytes[Number.parseInt(offset, 16)]).toBe(0x28);
  });

  it('folds frames that repeat, alone or in turn', () => {
    const deep = stackOf(() => whoCalls('deep', 50));
    expect(names(deep).filter((name) => name === 'deep')).toHaveLength(2);
    expect(deep).toContain('    ... this frame 49 more times\n');
    expect(names(deep)).toContain('whoCalls');
    const turns = stackOf(() => whoCalls('even', 40));
    expect(names(turns).filter((name) => name === 'odd')).toHaveLength(1);
    expect(turns).toContain('    ... these 2 frames 19 more times\n');
  });

  it('tells of a stack that is used up', () => {
    const stack = stackOf(() => whoCalls('forever'));
    expect(stack).toMatch(/^R\w+Error: call stack exhausted\n {4}at forever/);
    expect(names(stack)).toContain('whoCalls');
    expect(stack.split('\n').length).toBeLessThan(40);
    expect(stack).not.toMatch(OURS);
  });

  it('has the parts of all executions, with the host functions between them', () => {
    guest.back = function comesBack(k) {
      whoCalls('oob', k);
    };
    const stack = stackOf(() => whoCalls('outer', -4));
    const shown = names(stack).map((name) => name.split('.').at(-1));
    expect(shown.slice(0, 7)).toEqual(['evil', 'middle', 'oob', 'whoCalls', 'comesBack', 'back', 'outer']);
    expect(stack.indexOf('outer')).toBeLessThan(stack.lastIndexOf('whoCalls'));
    expect(stack).not.toMatch(OURS);
  });

  it('escapes what a terminal would obey', async () => {
    const evil = new WebAssembly.Module(bytesWithName('a\u001b]0;x\u0007'));
    const stack = stackOf(new WebAssembly.Instance(evil, {}).exports['f'] as Call);
    expect(stack).toContain('at a\\u{1b}]0;x\\u{7} (wasm-function[0]:');
  });
});

function bytesWithName(name: string): Uint8Array<ArrayBuffer> {
  const text = [...new TextEncoder().encode(name)];
  const names = [1, text.length + 3, 1, 0, text.length, ...text];
  const custom = [4, ...new TextEncoder().encode('name'), ...names];
  const sections = [
    [1, 4, 1, 0x60, 0, 0],
    [3, 2, 1, 0],
    [7, 5, 1, 1, 0x66, 0, 0],
    [10, 5, 1, 3, 0, 0, 0x0b],
    [0, custom.length, ...custom],
  ];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

function paused(): { readonly execution: Execution } {
  const module = Module.decode(bytes);
  const store = new Store();
  const [{ type }] = module.imports;
  if (type.kind !== 'func') throw new Error('a function is imported');
  const instance = instantiate(store, module, [Func.js(store, type.type, () => {}, 'back')]);
  return { execution: new Execution(instance.exports.get('oob') as Func, [-1]) };
}

it('tells who ran an execution', async () => {
  const { execution } = paused();
  const outcome = execution.run();
  if (outcome.kind !== 'trapped') throw new Error('expected a trap');
  expect(names(outcome.error.stack!).slice(0, 3)).toEqual(['evil', 'middle', 'oob']);
  expect(outcome.error.stack).toMatch(/trace\.test\.ts/);
  expect(outcome.error.stack).not.toMatch(OURS);
  const scheduler = { now: () => 0, turn: () => Promise.resolve() };
  const later = await runAsync(paused().execution, scheduler);
  if (later.kind !== 'trapped') throw new Error('expected a trap');
  expect(later.error.stack).not.toMatch(OURS);
});

it('a trap of a start function shows who instantiated', async () => {
  const module = await wat('(module (func $begin unreachable) (start $begin))');
  const decoded = Module.decode(module);
  const stacks = [
    stackOf(() => instantiate(new Store(), decoded, [])),
    stackOf(() => new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>))),
  ];
  for (const stack of stacks) {
    expect(names(stack)[0]).toBe('begin');
    expect(stack).toMatch(/trace\.test\.ts/);
    expect(stack).not.toMatch(OURS);
  }
});

describe('a program that changes what stacks are', () => {
  const traces = Error as { stackTraceLimit?: number; prepareStackTrace?: unknown };
  const { stackTraceLimit } = traces;
  afterEach(() => {
    traces.stackTraceLimit = stackTraceLimit;
    traces.prepareStackTrace = undefined;
  });
  const guest = throughCore();

  it('may want no frames of the host', () => {
    traces.stackTraceLimit = 0;
    expect(names(stackOf(() => guest.exports['oob'](-1)))).toEqual(['evil', 'middle', 'oob']);
    expect(traces.stackTraceLimit).toBe(0);
  });
  it('may make something else of them', () => {
    traces.prepareStackTrace = () => [1, 2];
    expect(names(stackOf(() => guest.exports['oob'](-1)))).toEqual(['evil', 'middle', 'oob']);
  });
  it('may set the stack', () => {
    const error = new RuntimeError('mine');
    error.stack = 'as I like';
    expect(error.stack).toBe('as I like');
    try {
      guest.exports['oob'](-1);
    } catch (trap) {
      (trap as Error).stack = 'as I like';
      expect((trap as Error).stack).toBe('as I like');
    }
  });
});

describe('with sources', () => {
  afterEach(() => useSourcePositions(undefined));
  it('names file and line, as editors read it', () => {
    useSourcePositions((module, offset) =>
      module.names.module === 'trace.test' && bytes[offset] === 0x28
        ? { file: '/src/a b.c', line: 7, column: 3 }
        : undefined,
    );
    const stack = stackOf(() => throughCore().exports['oob'](-1));
    expect(stack).toMatch(/at evil \(wasm-function\[1\]:0x[0-9a-f]+, \/src\/a b\.c:7:3\)\n/);
    expect(stack).toMatch(/at middle \(wasm-function\[2\]:0x[0-9a-f]+\)\n/);
  });
});

it('modules that are refused, and imports that are missing, show the caller alone', () => {
  const broken = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99]);
  const stacks = [
    stackOf(() => Module.decode(broken)),
    stackOf(() => new WebAssembly.Module(broken)),
    stackOf(() => instantiate(new Store(), Module.decode(bytes), [])),
    stackOf(() => instantiatePaused(new Store(), Module.decode(bytes), [])),
    stackOf(() => new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: {} })),
  ];
  for (const stack of stacks) {
    expect(stack).toMatch(/^(Compile|Link)Error: .*/);
    expect(stack.split('\n')[1]).toMatch(/trace\.test\.ts/);
    expect(stack).not.toMatch(OURS);
  }
});
