/** Misuse of the public API: a TypeError or RangeError that says what was expected, whatever hostile values come, and nothing has changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configureStack,
  EXTERNREF,
  Exception,
  Execution,
  F32,
  F64,
  FUNCREF,
  Func,
  f64,
  Global,
  type HostCall,
  I32,
  I64,
  i32,
  i64,
  instantiate,
  Memory,
  Module,
  reference,
  runAsync,
  Store,
  Table,
  Tag,
} from './index';
import {
  applyDeltas,
  Checkpoints,
  Departure,
  decode,
  describe as describeSnapshot,
  diff,
  encode,
  extractSnapshot,
  restoreStore,
  snapshot,
  snapshotStore,
  verify,
} from './snapshot';
import { compile, wat } from './testing';
import { Wasi, type WasiOptions } from './wasi';
import { createWebAssembly } from './webassembly';

const text = `(module (import "h" "f" (func $f)) (memory (export "m") 1)
  (func (export "add") (param i32 i64 f32 f64) (result i64) (i64.add (local.get 1) (i64.extend_i32_s (local.get 0))))
  (func (export "take") (param funcref externref) (result externref) (local.get 1))
  (func (export "spin") (loop (br 0)))
  (func (export "call") (call $f)))`;
const module = compile(text);

function fresh(callback: (call: HostCall) => void = () => {}) {
  const store = new Store();
  const host = Func.host(store, { params: [], results: [] }, callback);
  const { exports } = instantiate(store, module, [host]);
  return { store, host, func: (name: string) => exports.get(name) as Func, exports };
}

/** Runs something that must be refused. */
function refused(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    // ToBigInt of a text that is no number is a SyntaxError, as the JS API has it.
    expect([TypeError, RangeError, SyntaxError]).toContain((error as Error).constructor);
    expect((error as Error).message.length).toBeGreaterThan(8);
    return (error as Error).message;
  }
  throw new Error('was not refused');
}

/** No amount and no count. */
const hostileNumber = fc.oneof(
  fc.constantFrom<unknown>(
    Number.NaN,
    -1,
    -0.5,
    Number.NEGATIVE_INFINITY,
    null,
    '5',
    '',
    true,
    {},
    [],
    5n,
    () => 5,
  ),
  fc.double({ max: -Number.MIN_VALUE, noNaN: true }),
  fc.string(),
  fc.object(),
);
const hostileFunction = fc.constantFrom<unknown>(null, 0, 1, 'f', {}, [], true, 5n, Symbol('f'));

describe('options', () => {
  const { store, func } = fresh();
  const paused = () => {
    const execution = new Execution(func('spin'), []);
    execution.run({ fuel: 1 });
    return execution;
  };
  const scheduler = { now: () => performance.now(), turn: () => Promise.resolve() };
  type Row = readonly [string, (value: never) => unknown];
  const limits = ['maxMemoryBytes', 'maxTableElements', 'maxFrames', 'maxSlots', 'maxCodeBytes'];
  const numbers: readonly Row[] = [
    ['run fuel', (fuel) => paused().run({ fuel })],
    ...limits.map((name): Row => [`store ${name}`, (value) => new Store({ [name]: value })]),
    ...limits.map(
      (name): Row => [`decode ${name}`, (value) => decode(snapshot(paused()), { [name]: value })],
    ),
    ...limits.map(
      (name): Row => [`drop-in ${name}`, (value) => createWebAssembly({ limits: { [name]: value } })],
    ),
    ['stack slots', (slots) => configureStack({ slots })],
    ['stack nest', (nest) => configureStack({ nest })],
    ['memory.grow', (delta) => new Memory(store, memoryType).grow(delta)],
    ['table.grow', (delta) => new Table(store, tableType).grow(delta)],
    ['table.get', (index) => new Table(store, tableType).get(index)],
  ];

  it.each(numbers)('%s: what is no number that makes sense is refused', (_, action) => {
    fc.assert(
      fc.property(hostileNumber, (value) => {
        refused(() => action(value as never));
      }),
      { numRuns: 60 },
    );
  });

  it.each(['fuel', 'slice', 'timeout'])('runAsync %s', async (name) => {
    for (const value of [Number.NaN, -1, null, '5', {}]) {
      const given = { [name]: value };
      await expect(runAsync(paused(), scheduler, given)).rejects.toThrow(/expected a .*number/);
    }
  });

  it.each(['deadline', 'now'])('run %s is a function', (name) => {
    fc.assert(
      fc.property(hostileFunction, (value) => {
        expect(refused(() => paused().run({ [name]: value }))).toContain('expected a function');
      }),
    );
  });

  it('unknown names are refused with those that there are', () => {
    const names = fc
      .string({ minLength: 1 })
      .filter((name) => !['fuel', 'deadline', 'signal', 'now'].includes(name));
    fc.assert(
      fc.property(names, (name) => {
        const message = refused(() => paused().run(JSON.parse(`{${JSON.stringify(name)}:1}`)));
        expect(message).toContain('there are fuel, deadline, signal, now');
      }),
    );
    expect(refused(() => new Store({ maxMemory: 1 } as object))).toContain('maxMemoryBytes');
    expect(refused(() => Module.decode(new Uint8Array(), { feature: {} } as object))).toContain('features');
    expect(
      refused(() => Module.decode(new Uint8Array(), { features: { stackSwitching: true } as object })),
    ).toContain('multiMemory');
    expect(refused(() => Module.decode([] as unknown as Uint8Array))).toContain('an ArrayBuffer or a view');
    expect(refused(() => paused().run(null as unknown as object))).toContain('an object of options');
  });

  it('are read once', () => {
    let reads = 0;
    const options = {
      get fuel() {
        return reads++ === 0 ? 5 : Number.NaN;
      },
    };
    expect(paused().run(options).kind).toBe('paused');
    expect(reads).toBe(1);
  });
});

const memoryType = { address: 'i32', min: 1, max: 5, shared: false, pageBits: 16 } as const;
const tableType = { address: 'i32', element: FUNCREF, min: 0, max: 5 } as const;

describe('arguments', () => {
  it('are as many as there are parameters, of their types', () => {
    const { func, host } = fresh();
    const right = [i32(1), i64(2, 0), { type: F32, lo: 0, hi: 0, ref: null }, f64(4)];
    const add = func('add');
    const results = [{ type: I64, lo: 3, hi: 0, ref: null }];
    expect(new Execution(add, right).run()).toEqual({ kind: 'done', results });
    expect(new Execution(add, [1, 2n, 3.5, 4]).run()).toEqual({ kind: 'done', results });
    expect(add.callRaw(right)).toEqual(results);
    const values = fc.constantFrom<unknown>(...right, 1, 2n, '7', null, undefined, Symbol('s'), host);
    fc.assert(
      fc.property(fc.array(values, { maxLength: 7 }), (args) => {
        const types = [I32, I64, F32, F64];
        const fits = args.length === 4 && args.every((arg, k) => isFit(arg, types[k]));
        if (fits) expect(new Execution(add, args).run().kind).toBe('done');
        else {
          refused(() => new Execution(add, args));
          refused(() => add.callRaw(args as never));
        }
      }),
      { numRuns: 500 },
    );
    refused(() => new Execution(add, undefined as never));
    refused(() => new Execution({} as Func, []));
  });

  it('forged values become what their type holds', () => {
    const { func } = fresh();
    const forged = { type: I32, lo: 1.5, hi: 'x', ref: 5 };
    const [result] = func('add').callRaw([forged as never, i64(0, 0), 0 as never, 0 as never]);
    expect(result.lo).toBe(1);
  });

  it('functions of another store are refused everywhere', () => {
    const { func, store, exports } = fresh();
    const { func: foreign, exports: others, host: otherHost } = fresh();
    const stranger = foreign('add');
    const table = new Table(store, { ...tableType, min: 2 });
    refused(() => new Execution(func('take'), [stranger, null]));
    refused(() => func('take').callRaw([reference(FUNCREF, stranger), reference(EXTERNREF, null)]));
    refused(() => func('take').call(stranger, null));
    refused(() => table.set(0, stranger));
    refused(() => table.grow(1, stranger));
    refused(() => new Table(store, { ...tableType, min: 1 }, stranger));
    refused(() => new Global(store, { value: FUNCREF, mutable: true }, reference(FUNCREF, stranger)));
    refused(() => instantiate(store, module, [otherHost]));
    refused(() => instantiate(store, importing('memory'), [others.get('m')!]));
    expect(table.get(0)).toBe(null);
    expect(exports.size).toBe(5);
  });

  it('of other kinds are refused', () => {
    const { store } = fresh();
    const global = new Global(store, { value: I32, mutable: true }, i32(1));
    refused(() => global.set(i64(1, 0)));
    refused(() => new Global(store, { value: I64, mutable: true }, i32(1)));
    refused(() => new Table(store, { ...tableType, min: 1 }).set(0, 5));
    refused(() => new Table(store, { ...tableType, min: 1 }).set(1, null));
    refused(() => instantiate(store, module, [{}] as never));
    refused(() => instantiate(store, module, null as never));
    for (const callback of [undefined, null, 5, {}]) {
      refused(() => Func.host(store, { params: [], results: [] }, callback as never));
      refused(() => Func.js(store, { params: [], results: [] }, callback as never));
    }
    refused(() => Func.host(store, { params: ['i32'], results: [] } as never, () => {}));
    expect(global.get()).toEqual(i32(1));
  });
});

function isFit(arg: unknown, type: number): boolean {
  if (typeof arg === 'object' && arg !== null && 'type' in arg && 'lo' in arg) return arg.type === type;
  if (typeof arg === 'symbol') return false;
  // BigInt() takes strings of digits; ToNumber takes no BigInt.
  if (type === I64) return typeof arg === 'bigint' || arg === '7';
  return typeof arg !== 'bigint';
}

function importing(kind: 'memory'): Module {
  return Module.decode(wat(`(module (import "a" "b" (${kind} 1)))`));
}

describe('whatever is in the place of a thing of ours', () => {
  const strangers = fc.constantFrom<unknown>(
    undefined,
    null,
    5,
    'x',
    true,
    5n,
    Symbol('x'),
    () => 1,
    {},
    {
      memories: 5,
    },
  );
  const lists = fc.oneof(
    strangers,
    strangers.map((stranger) => [stranger]),
  );
  const doors: readonly (readonly [string, fc.Arbitrary<unknown>, (value: never) => unknown])[] = [
    ['Global', strangers, (store) => new Global(store, { value: I32, mutable: true }, i32(1))],
    [
      'type of a Global',
      fc.constantFrom(undefined, null, 5),
      (type) => new Global(new Store(), type, i32(1)),
    ],
    ['Tag', fc.constantFrom(undefined, null, 5), (type) => new Tag(type)],
    ['Exception.of', strangers, (tag) => Exception.of(new Store(), tag)],
    ['Execution', strangers, (func) => new Execution(func, [])],
    ['instantiate', strangers, (store) => instantiate(store, module, [])],
    ['module of instantiate', strangers, (other) => instantiate(new Store(), other, [])],
    ['snapshotStore', lists, (instances) => snapshotStore(instances)],
    ['Departure', lists, (instances) => new Departure(instances)],
    ['Checkpoints', strangers, (instance) => new Checkpoints(instance)],
    ['restoreStore', strangers, (store) => restoreStore(new Uint8Array(8), store, [])],
    ['modules of restoreStore', lists, (modules) => restoreStore(new Uint8Array(8), new Store(), modules)],
    ['applyDeltas', strangers, (deltas) => applyDeltas(new Uint8Array(8), deltas)],
    ['encode', strangers, (document) => encode(document)],
    ['verify', strangers, (document) => verify(document, module)],
    ['describe', strangers, (document) => describeSnapshot(document)],
    ['diff', strangers, (document) => diff(document, document)],
    [
      'name of a snapshot',
      strangers.filter((name) => typeof name !== 'string' && name !== undefined),
      (name) => extractSnapshot(new Uint8Array(8), name),
    ],
    ['Wasi', strangers, (options) => new Wasi(options)],
    ['arguments of Wasi', lists.filter(isGiven), (args) => new Wasi({ host: {} as never, args })],
    [
      'variables of Wasi',
      strangers.filter((value) => typeof value !== 'string'),
      (env) => new Wasi({ host: {} as never, env: { a: env } }),
    ],
    ['preopens of Wasi', lists.filter(isGiven), (preopens) => new Wasi({ host: {} as never, preopens })],
  ];
  it.each(doors)('%s says what was expected', (_, values, enter) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(refused(() => enter(value as never))).toMatch(/expected .*, not |unknown option|must not/);
      }),
    );
  });
  it('a variable has a name that stays one', () => {
    const hostile: readonly WasiOptions['env'][] = [{ 'a=b': 'c' }, { '': 'c' }, [['a=b', 'c']]];
    for (const env of hostile) {
      refused(() => new Wasi({ host: {} as never, env }));
    }
  });
});

/** Left out is not misused; a text is an argument. */
function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && typeof value[0] === 'string');
}

describe('calls of the host', () => {
  const types = { params: [I32, F64], results: [I32, FUNCREF] };
  const calling = (callback: (call: HostCall) => void) => {
    const store = new Store();
    const func = Func.host(store, types, callback);
    return () => func.callRaw([i32(1), f64(2)]);
  };
  it.each<[string, (call: HostCall) => void]>([
    ['an argument that there is not', (call) => call.i32(2)],
    ['a negative index', (call) => call.f64(-1)],
    ['a fraction', (call) => call.lo(0.5)],
    ['no index', (call) => call.ref(Number.NaN)],
    ['a result that there is not', (call) => call.setI32(2, 1)],
    ['a result of another type', (call) => call.setI64(0, 1, 1)],
    ['a number for a reference', (call) => call.setF32(1, 1)],
    ['a reference for a number', (call) => call.setRef(0, null)],
    ['another value for a reference', (call) => call.setRef(1, 5)],
    [
      'a function of another store',
      (call) =>
        call.setRef(
          1,
          Func.host(new Store(), types, () => {}),
        ),
    ],
    ['a value of another type', (call) => call.setValue(0, f64(1))],
  ])('refuse %s', (_, misuse) => {
    refused(calling(misuse));
    expect(calling((call) => call.setI32(0, call.i32(0) + 1))()[0].lo).toBe(2);
  });

  it('are over when they have ended, also by an exception', () => {
    let kept: HostCall | undefined;
    for (const callback of [
      (call: HostCall) => {
        kept = call;
      },
      (call: HostCall) => {
        kept = call;
        throw new Error('no');
      },
    ]) {
      try {
        calling(callback)();
      } catch {}
      expect(refused(() => kept!.i32(0))).toContain('has ended');
      expect(refused(() => kept!.setI32(0, 1))).toContain('has ended');
    }
  });
});

describe('executions', () => {
  it('run in the states that the protocol allows', () => {
    let inner: string | undefined;
    const { func } = fresh(() => {
      inner = refused(() => execution.run());
    });
    const execution: Execution = new Execution(func('call'), []);
    refused(() => execution.frames());
    execution.pause();
    expect(execution.run()).toEqual({ kind: 'paused', reason: 'request' });
    expect(execution.run().kind).toBe('done');
    expect(inner).toContain('running');
    expect(refused(() => execution.run())).toContain('done');
    execution.pause();
    expect(execution.state).toBe('done');
  });
});
