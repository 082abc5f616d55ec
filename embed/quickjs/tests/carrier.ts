/** The program that the tests run in every engine: it takes a request and gives a reply. It knows no host but its `Ground`. */
import { EXTERNREF, isRef, valTypeName } from '../../../src/decoder/types';
import { RuntimeError } from '../../../src/errors';
import {
  Execution,
  type Extern,
  Func,
  type HostCall,
  type Instance,
  instantiate,
  instantiatePaused,
  Module,
  type Outcome,
  Store,
  type Value,
  v128,
} from '../../../src/index';
import {
  type NameExternRef,
  postmortem,
  restore,
  restoreStore,
  snapshot,
  snapshotStore,
  type U64,
  u64FromNumber,
  u64ToNumber,
} from '../../../src/snapshot/index';
import type { WasiHost } from '../../../src/wasi/index';
import { spectestImport } from './carrier-spectest';
import { runProgram, SAME_BITS } from './carrier-wasi';
import {
  type CallsReply,
  type CallsRequest,
  type FailedReply,
  fromHex,
  type LegReply,
  type LegRequest,
  type Reply,
  type Request,
  toHex,
  type WireValue,
} from './wire';

/** What differs between the engines' processes. */
export interface Ground {
  /** A turn of the event loop. */
  turn(): PromiseLike<void>;
  now(): number;
  /** For WASI programs; without the standard streams. */
  wasiHost(): WasiHost;
}

export async function serve(line: string, ground: Ground): Promise<string> {
  try {
    return JSON.stringify(await answer(JSON.parse(line) as Request, ground));
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error);
    const failed: FailedReply = { kind: 'failed', message: text };
    return JSON.stringify(failed);
  }
}

async function answer(request: Request, ground: Ground): Promise<Reply> {
  switch (request.kind) {
    case 'define':
      defined.set(request.name, Module.decode(fromHex(request.module), { features: request.features }));
      return { kind: 'defined' };
    case 'forget':
      defined.clear();
      return { kind: 'defined' };
    case 'leg':
      return leg(request, ground);
    case 'calls':
      return calls(request, ground);
    case 'wasi':
      return runProgram(request, ground.wasiHost());
  }
}

// The host's references: objects with a name.

class HostObject {
  readonly name: number;
  constructor(name: number) {
    this.name = name;
  }
}
const objects = new Map<number, HostObject>();
function objectNamed(name: number): HostObject {
  let object = objects.get(name);
  if (object === undefined) {
    object = new HostObject(name);
    objects.set(name, object);
  }
  return object;
}
const nameOf: NameExternRef = (ref) => u64FromNumber((ref as HostObject).name);

function toWire({ type, lo, hi, ref, bytes }: Value): WireValue {
  if (bytes !== undefined) return [valTypeName(type), 0, 0, toHex(bytes)];
  const name = valTypeName(type);
  if (!isRef(type)) return [name, lo, name === 'i64' || name === 'f64' ? hi : 0];
  return [name, ref instanceof HostObject ? ref.name : ref === null ? 0 : 1, 0];
}
function fromWire([, lo, hi, bytes]: WireValue, type: number): Value {
  if (bytes !== undefined) return v128(fromHex(bytes));
  const ref = type === EXTERNREF && lo !== 0 ? objectNamed(lo) : null;
  return { type, lo: isRef(type) ? 0 : lo, hi, ref };
}

// The functions that test programs import from "host".

function hostFunctions(ground: Ground): Record<string, (call: HostCall) => undefined | Promise<void>> {
  return {
    /** i32 -> externref */
    object(call) {
      call.setRef(0, objectNamed(call.i32(0)));
      return undefined;
    },
    /** externref -> i32 */
    name(call) {
      call.setI32(0, (call.ref(0) as HostObject).name);
      return undefined;
    },
    /** i32 -> i32, some time later */
    async later(call) {
      const argument = call.i32(0);
      await ground.turn();
      call.setI32(0, Math.imul(argument, 3) + 1);
    },
    /** i32 i64 -> i64: what a host function does with two words */
    swap(call) {
      call.setI64(0, call.hi(1) + call.i32(0), call.lo(1));
      return undefined;
    },
    /** i32 -> nothing: throws */
    fail(call) {
      throw new Error(`host says ${call.i32(0)}`);
    },
  };
}

const NEVER = new Promise<void>(() => undefined);

function importsOf(module: Module, store: Store, ground: Ground, host?: LegRequest['host']): Extern[] {
  const functions = hostFunctions(ground);
  const shared = new Map<string, Extern>();
  return module.imports.map((item) => {
    if (item.module === 'spectest') return spectestImport(store, item, shared);
    const here = item.module === 'host' ? functions[item.name] : undefined;
    const found = host === 'elsewhere' ? () => NEVER : here;
    if (found === undefined || item.type.kind !== 'func')
      throw new Error(`no import ${item.module}.${item.name}`);
    return Func.host(store, item.type.type, found, item.name);
  });
}

function entryOf(instance: Instance, name: string): Func {
  const func = instance.exports.get(name);
  if (!(func instanceof Func)) throw new Error(`no function ${name}`);
  return func;
}

function start(instance: Instance, request: Pick<LegRequest, 'entry' | 'args'>): Execution {
  const func = entryOf(instance, request.entry);
  return new Execution(
    func,
    func.type.params.map((type, k) => fromWire(request.args[k], type)),
  );
}

const defined = new Map<string, Module>();
function moduleOf(text: string): Module {
  return defined.get(text) ?? Module.decode(fromHex(text));
}

/** What stands before a leg: all instances, and what runs in them. */
interface Departure {
  readonly instances: readonly Instance[];
  readonly execution: Execution;
}

async function leg(request: LegRequest, ground: Ground): Promise<LegReply> {
  const departure = request.linked === undefined ? alone(request, ground) : together(request, request.linked);
  const { instances, execution } = departure;
  const save = () =>
    request.linked === undefined ? snapshot(execution, naming) : snapshotStore(instances, execution, naming);
  const reply = await drive(execution, request, save);
  if (reply.kind === 'stopped' || !request.wantState) return reply;
  const state =
    request.linked === undefined
      ? postmortem(instances[0], naming)
      : snapshotStore(instances, undefined, naming);
  return { ...reply, state: toHex(state) };
}

const naming = { nameExternRef: nameOf, bindExternRef: (name: U64) => objectNamed(u64ToNumber(name)) };

function alone(request: LegRequest, ground: Ground): Departure {
  const store = new Store(SAME_BITS);
  const module = moduleOf(request.module);
  const instance = instantiatePaused(store, module, importsOf(module, store, ground, request.host));
  const execution =
    request.snapshot === undefined
      ? start(instance, request)
      : restore(fromHex(request.snapshot), instance, naming);
  return { instances: [instance], execution };
}

function together({ snapshot: bytes = '' }: LegRequest, names: readonly string[]): Departure {
  const store = new Store(SAME_BITS);
  const shared = new Map<string, Extern>();
  const { instances, execution } = restoreStore(fromHex(bytes), store, names.map(moduleOf), {
    ...naming,
    importFromHost: (item) => spectestImport(store, item, shared),
  });
  if (execution === undefined) throw new Error('nothing runs in that store');
  return { instances, execution };
}

async function drive(
  execution: Execution,
  { fuel, stopInWait, host }: Pick<LegRequest, 'fuel' | 'stopInWait' | 'host'>,
  save: () => Uint8Array,
): Promise<LegReply> {
  for (;;) {
    const outcome = execution.run(fuel === undefined ? {} : { fuel: Math.max(0, fuel - execution.fuelPaid) });
    const stopsHere = host === 'elsewhere' || (stopInWait && execution.fuelUsed > 0);
    if (outcome.kind === 'waiting' && !stopsHere) {
      await outcome.promise;
      continue;
    }
    if (outcome.kind === 'paused' || outcome.kind === 'waiting') {
      return {
        kind: 'stopped',
        state: outcome.kind,
        snapshot: toHex(save()),
        fuelUsed: execution.fuelUsed,
      };
    }
    return ended(outcome, execution.fuelUsed);
  }
}

function ended(outcome: Extract<Outcome, { kind: 'done' | 'trapped' }>, fuelUsed: number): LegReply {
  if (outcome.kind === 'done') return { kind: 'done', results: outcome.results.map(toWire), fuelUsed };
  const { message, backtrace } = outcome.error;
  return {
    kind: 'trapped',
    message,
    backtrace: backtrace.slice(0, 5).map(({ name, funcidx, offset }) => `${name ?? funcidx}@${offset}`),
  };
}

async function calls(request: CallsRequest, ground: Ground): Promise<CallsReply> {
  const store = new Store(SAME_BITS);
  const module = Module.decode(fromHex(request.module));
  const instance = instantiate(store, module, importsOf(module, store, ground));
  const replies: LegReply[] = [];
  const milliseconds: number[] = [];
  for (const { entry, args } of request.calls) {
    const before = ground.now();
    replies.push(await oneCall(instance, entry, args));
    milliseconds.push(ground.now() - before);
  }
  return { kind: 'called', replies, milliseconds };
}

async function oneCall(instance: Instance, entry: string, args: readonly WireValue[]): Promise<LegReply> {
  try {
    const execution = start(instance, { entry, args });
    return await drive(execution, {}, () => snapshot(execution, naming));
  } catch (error) {
    // An exception of the host passes through the guest unchanged.
    if (error instanceof RuntimeError || !(error instanceof Error)) throw error;
    return { kind: 'trapped', message: `thrown ${error.message}`, backtrace: [] };
  }
}
