/** tswasm itself, through its bit-exact calling convention. One store a script. */
import { DEFAULT_FEATURES, type Features } from '../../src/decoder/features';
import { Module, UnsupportedError } from '../../src/decoder/index';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  isRef,
  type ValType,
  valTypeName,
} from '../../src/decoder/types';
import { CompileError, LinkError, RuntimeError } from '../../src/errors';
import { Store, type StoreOptions } from '../../src/interpreter/index';
import {
  type Extern,
  Func,
  Global,
  type Instance,
  instantiate,
  Memory,
  Table,
  v128,
  type Value as WasmValue,
} from '../../src/runtime/index';
import {
  type Engine,
  type EngineExports,
  type EngineExtern,
  type EngineModule,
  type Failure,
  MissingFeature,
  type Registry,
  ScriptFailure,
  type Session,
} from '../engine';
import type { NumType, RefValue, Value } from '../script/values';
import { f32ToBits, f64ToBits } from './bits';
import { HostRef, hostRef } from './host-refs';

const NUM_TYPES: Record<NumType, ValType> = { i32: I32, i64: I64, f32: F32, f64: F64 };

function numeric(type: NumType, bits: bigint): WasmValue {
  return {
    type: NUM_TYPES[type],
    lo: Number(BigInt.asIntN(32, bits)),
    hi: Number(BigInt.asIntN(32, bits >> 32n)),
    ref: undefined,
  };
}

/** Sixteen bytes, the lowest first. */
function bytesOf(bits: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, k) => Number((bits >> BigInt(8 * k)) & 0xffn));
}

export function toWasm(value: Value): WasmValue {
  if (value.type === 'v128') return v128(bytesOf(value.bits));
  if (value.type !== 'ref') return numeric(value.type, value.bits);
  if (value.kind === 'null') {
    const type = value.heap === 'func' || value.heap === 'nofunc' ? FUNCREF : EXTERNREF;
    return { type, lo: 0, hi: 0, ref: null };
  }
  return { type: EXTERNREF, lo: 0, hi: 0, ref: hostRef(value.host ?? 0) };
}

function refFromWasm(ref: unknown): RefValue {
  if (ref === null) return { type: 'ref', kind: 'null' };
  if (ref instanceof HostRef) return { type: 'ref', kind: 'extern', host: ref.n };
  if (ref instanceof Func) return { type: 'ref', kind: 'func' };
  return { type: 'ref', kind: 'gc' };
}

export function fromWasm(value: WasmValue): Value {
  if (isRef(value.type)) return refFromWasm(value.ref);
  if (value.bytes !== undefined) {
    const bits = value.bytes.reduceRight((above, byte) => (above << 8n) | BigInt(byte), 0n);
    return { type: 'v128', bits };
  }
  const type = valTypeName(value.type) as NumType;
  const lo = BigInt(value.lo >>> 0);
  return { type, bits: type === 'i32' || type === 'f32' ? lo : (BigInt(value.hi >>> 0) << 32n) | lo };
}

/** The suite runs with the host's NaNs, as programs do; our scripts say which bits those have. */
export function storeFor(script: string): StoreOptions {
  return { canonicalNans: !isOfficial(script) };
}

export class TswasmSession implements Session {
  readonly store: Store;
  readonly spectest: EngineExports;

  constructor(
    readonly features: Partial<Features>,
    options: StoreOptions = {},
  ) {
    this.store = new Store(options);
    this.spectest = tswasmSpectest(this.store);
  }

  compile(bytes: Uint8Array): EngineModule {
    return Module.decode(bytes, { features: this.features });
  }

  instantiate(module: EngineModule, registry: Registry): EngineExports {
    const decoded = module as Module;
    const imports = decoded.imports.map((item) => {
      const found = registry.get(item.module)?.get(item.name);
      if (!found) throw new LinkError(`unknown import "${item.module}" "${item.name}"`);
      return found as Extern;
    });
    return this.link(decoded, imports).exports;
  }
  protected link(module: Module, imports: readonly Extern[]): Instance {
    return instantiate(this.store, module, imports);
  }

  invoke(func: EngineExtern, args: readonly Value[]): Value[] {
    if (!(func instanceof Func)) throw new ScriptFailure('export is not a function');
    return this.call(func, args.map(toWasm)).map(fromWasm);
  }
  protected call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    return func.callRaw(args);
  }

  get(global: EngineExtern): Value {
    if (!(global instanceof Global)) throw new ScriptFailure('export is not a global');
    return fromWasm(global.get());
  }
}

export function tswasmSpectest(store: Store): EngineExports {
  const prints: [string, ValType[]][] = [
    ['print', []],
    ['print_i32', [I32]],
    ['print_i64', [I64]],
    ['print_f32', [F32]],
    ['print_f64', [F64]],
    ['print_i32_f32', [I32, F32]],
    ['print_f64_f64', [F64, F64]],
  ];
  const exports = new Map<string, EngineExtern>();
  for (const [name, params] of prints) {
    exports.set(
      name,
      Func.host(store, { params, results: [] }, () => undefined, name),
    );
  }
  const constants: [NumType, bigint][] = [
    ['i32', 666n],
    ['i64', 666n],
    ['f32', f32ToBits(666.6)],
    ['f64', f64ToBits(666.6)],
  ];
  for (const [type, bits] of constants) {
    const globalType = { value: NUM_TYPES[type], mutable: false };
    exports.set(`global_${type}`, new Global(store, globalType, numeric(type, bits)));
  }
  const memory = { address: 'i32', min: 1, max: 2, shared: false, pageBits: 16 } as const;
  exports.set('memory', new Memory(store, memory));
  exports.set('shared_memory', new Memory(store, { ...memory, shared: true }));
  const table = { min: 10, max: 20, element: FUNCREF };
  exports.set('table', new Table(store, { ...table, address: 'i32' }));
  exports.set('table64', new Table(store, { ...table, address: 'i64' }));
  return exports;
}

/** The script that programs made at random stand for. */
export const DIFFERENTIAL = 'own/differential';

/** Whether a script is of the suite; ours say more, such as which NaN it is that arithmetic makes. */
export function isOfficial(script: string): boolean {
  return !script.includes('/') || script.startsWith('proposals/');
}

/**
 * The suite's own files call malformed what only a proposal defines; the scripts of that proposal have their own copies. Those of the
 * threads proposal are older than several memories and tables, and call them invalid.
 */
export function featuresFor(script: string): Partial<Features> {
  if (!isOfficial(script)) return {};
  if (script.startsWith('proposals/custom-page-sizes/')) return { customPageSizes: true };
  const isThreads = script.startsWith('proposals/threads/');
  return {
    customPageSizes: false,
    legacyExceptions: false,
    ...(isThreads ? { multiMemory: false, referenceTypes: false } : {}),
  };
}

/** A feature switched off is no missing feature: its error has the text that the suite wants, malformed or invalid. */
function classifyUnsupported({ feature, message }: UnsupportedError): Failure {
  const isSwitch = feature in DEFAULT_FEATURES;
  return isSwitch ? { kind: 'rejected', message } : { kind: 'malformed', message, missing: feature };
}

export const tswasmEngine: Engine = {
  name: 'tswasm',
  exactMessages: true,
  open: (script) => new TswasmSession(featuresFor(script)),
  classify,
};

function classify(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof MissingFeature) return { kind: 'script', message, missing: error.feature };
  if (error instanceof ScriptFailure) return { kind: 'script', message };
  if (error instanceof UnsupportedError) return classifyUnsupported(error);
  if (error instanceof CompileError) return { kind: error.kind, message };
  if (error instanceof LinkError) return { kind: 'link', message };
  if (error instanceof RuntimeError) {
    if (error.code === 'uncaughtException') return { kind: 'exception', message };
    return { kind: error.code === 'callStackExhausted' ? 'exhaustion' : 'trap', message };
  }
  return { kind: 'internal', message: error instanceof Error ? (error.stack ?? message) : message };
}
