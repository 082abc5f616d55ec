/**
 * The host's own WebAssembly, for calibration and for differential tests. Numbers cross the JS boundary as integers through a
 * small wrapper module per signature, so that NaN bits and v128 survive.
 */
import { CODE, code, functype, moduleBytes, name, section, type TypeName, u32, vec } from '../binary';
import {
  type Engine,
  type EngineExports,
  type EngineExtern,
  type EngineModule,
  type Failure,
  type Registry,
  type ResultType,
  ScriptFailure,
  type Session,
} from '../engine';
import type { NumType, RefValue, Value } from '../script/values';
import { f32FromBits, f32ToBits, f64FromBits, f64ToBits } from './bits';
import { HostRef, hostRef } from './host-refs';
import { Native, type NativeModule } from './native-api';

type NumericType = NumType | 'v128';
type Callable = (...args: unknown[]) => unknown;

/** How a value of a type crosses: its carriers, code that makes it of carriers, code that makes carriers of it. */
const CARRIERS: Record<NumericType, readonly TypeName[]> = {
  i32: ['i32'],
  i64: ['i64'],
  f32: ['i32'],
  f64: ['i64'],
  v128: ['i64', 'i64'],
};
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;

function fromCarriers(type: NumericType, local: number): number[] {
  const get = [LOCAL_GET, ...u32(local)];
  if (type === 'f32') return [...get, 0xbe];
  if (type === 'f64') return [...get, 0xbf];
  // i64x2.splat, then i64x2.replace_lane 1
  if (type === 'v128') return [...get, 0xfd, 0x12, LOCAL_GET, ...u32(local + 1), 0xfd, 0x1e, 1];
  return get;
}
function toCarriers(type: NumericType, local: number): number[] {
  const get = [LOCAL_GET, ...u32(local)];
  if (type === 'f32') return [...get, 0xbc];
  if (type === 'f64') return [...get, 0xbd];
  if (type === 'v128') return [...get, 0xfd, 0x1d, 0, ...get, 0xfd, 0x1d, 1];
  return get;
}

function wrapperModule(params: readonly NumericType[], results: readonly NumericType[]): NativeModule {
  const carrierParams = params.flatMap((t) => CARRIERS[t]);
  const carrierResults = results.flatMap((t) => CARRIERS[t]);
  const body: number[] = [];
  let local = 0;
  for (const type of params) {
    body.push(...fromCarriers(type, local));
    local += CARRIERS[type].length;
  }
  body.push(0x10, 0);
  for (let i = results.length - 1; i >= 0; i--) body.push(LOCAL_SET, ...u32(local + i));
  for (let i = 0; i < results.length; i++) body.push(...toCarriers(results[i], local + i));
  const bytes = moduleBytes([
    section(1, vec([functype(params, results), functype(carrierParams, carrierResults)])),
    section(2, vec([[...name('m'), ...name('f'), 0, 0]])),
    section(3, vec([[1]])),
    section(7, vec([[...name('call'), 0, 1]])),
    section(10, vec([code(results, body)])),
  ]);
  return new Native.Module(bytes);
}

const wrapperModules = new Map<string, NativeModule>();
const wrapped = new WeakMap<Callable, { readonly key: string; readonly call: Callable | undefined }>();

/** The function with carriers for parameters and results; undefined when its signature is another. */
function wrap(
  func: Callable,
  params: readonly NumericType[],
  results: readonly NumericType[],
): Callable | undefined {
  const key = `${params.join()}>${results.join()}`;
  let entry = wrapped.get(func);
  if (entry?.key !== key) {
    entry = { key, call: link(func, key, params, results) };
    wrapped.set(func, entry);
  }
  return entry.call;
}

function link(
  func: Callable,
  key: string,
  params: readonly NumericType[],
  results: readonly NumericType[],
): Callable | undefined {
  let module = wrapperModules.get(key);
  if (!module) {
    module = wrapperModule(params, results);
    wrapperModules.set(key, module);
  }
  try {
    return new Native.Instance(module, { m: { f: func } }).exports['call'] as Callable;
  } catch {
    return undefined;
  }
}

function carriersOf(value: Value): unknown[] {
  if (value.type === 'ref') return [toJs(value)];
  if (value.type === 'i32' || value.type === 'f32') return [Number(value.bits) | 0];
  if (value.type === 'v128') return [value.bits & 0xffff_ffff_ffff_ffffn, value.bits >> 64n];
  return [value.bits];
}
function readCarriers(types: readonly NumericType[], raw: readonly unknown[]): Value[] {
  const word = (i: number): bigint =>
    typeof raw[i] === 'bigint' ? BigInt.asUintN(64, raw[i]) : BigInt((raw[i] as number) >>> 0);
  let at = 0;
  return types.map((type) => {
    const bits = type === 'v128' ? word(at) | (word(at + 1) << 64n) : word(at);
    at += CARRIERS[type].length;
    return { type, bits };
  });
}

export function toJs(value: Value): unknown {
  switch (value.type) {
    case 'i32':
      return Number(value.bits) | 0;
    case 'i64':
      return value.bits;
    case 'f32':
      return f32FromBits(value.bits);
    case 'f64':
      return f64FromBits(value.bits);
    case 'v128':
      throw new ScriptFailure('v128 does not cross the JS boundary');
    case 'ref':
      return value.kind === 'null' ? null : hostRef(value.host ?? 0);
  }
}

function refFromJs(value: unknown): RefValue {
  if (value === null) return { type: 'ref', kind: 'null' };
  if (value instanceof HostRef) return { type: 'ref', kind: 'extern', host: value.n };
  if (typeof value === 'function') return { type: 'ref', kind: 'func' };
  if (typeof value === 'number') return { type: 'ref', kind: 'i31' };
  return { type: 'ref', kind: 'gc' };
}
export function fromJs(value: unknown, type: ResultType): Value {
  if (typeof value === 'bigint') return { type: 'i64', bits: BigInt.asUintN(64, value) };
  if (typeof value !== 'number' || type === undefined) return refFromJs(value);
  if (type === 'f32') return { type, bits: f32ToBits(value) };
  if (type === 'f64') return { type, bits: f64ToBits(value) };
  return { type: 'i32', bits: BigInt(value >>> 0) };
}

function isNumeric(types: readonly ResultType[]): types is NumericType[] {
  return types.every((t) => t !== undefined);
}

class NativeSession implements Session {
  readonly spectest: EngineExports = nativeSpectest();

  compile(bytes: Uint8Array): EngineModule {
    return new Native.Module(Uint8Array.from(bytes));
  }

  instantiate(module: EngineModule, registry: Registry): EngineExports {
    const wasm = module as NativeModule;
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: from, name: item } of Native.Module.imports(wasm)) {
      const found = registry.get(from)?.get(item);
      if (!found) throw new Native.LinkError(`unknown import ${from}.${item}`);
      imports[from] ??= Object.create(null) as Record<string, unknown>;
      imports[from][item] = found;
    }
    const instance = new Native.Instance(wasm, imports);
    return new Map(Object.entries(instance.exports));
  }

  invoke(
    func: EngineExtern,
    args: readonly Value[],
    resultTypes: readonly ResultType[] | undefined,
  ): Value[] {
    if (typeof func !== 'function') throw new ScriptFailure('export is not a function');
    const params = args.map((a) => (a.type === 'ref' ? undefined : a.type));
    if (resultTypes && isNumeric(params) && isNumeric(resultTypes)) {
      const call = wrap(func as Callable, params, resultTypes);
      if (call) return readCarriers(resultTypes, asList(call(...args.flatMap(carriersOf))));
    }
    const results = asList((func as Callable)(...args.map(toJs)));
    return results.map((r, i) => fromJs(r, resultTypes?.[i]));
  }

  get(global: EngineExtern, type: ResultType): Value {
    if (!(global instanceof Native.Global)) throw new ScriptFailure('export is not a global');
    return fromJs(global.value, type);
  }
}

function asList(result: unknown): readonly unknown[] {
  if (result === undefined) return [];
  return Array.isArray(result) ? result : [result];
}

/** The functions of spectest, each with its parameters. */
export const PRINTS: readonly (readonly [string, readonly TypeName[]])[] = [
  ['print', []],
  ['print_i32', ['i32']],
  ['print_i64', ['i64']],
  ['print_f32', ['f32']],
  ['print_f64', ['f64']],
  ['print_i32_f32', ['i32', 'f32']],
  ['print_f64_f64', ['f64', 'f64']],
];

/** spectest as a module, so that its functions and globals have exactly their types. */
function nativeSpectest(): EngineExports {
  const module = new Native.Module(
    moduleBytes([
      section(1, vec(PRINTS.map(([, params]) => functype(params, [])))),
      section(3, vec(PRINTS.map((_, i) => u32(i)))),
      section(7, vec(PRINTS.map(([print], i) => [...name(print), 0, ...u32(i)]))),
      section(10, vec(PRINTS.map(() => code([], [])))),
    ]),
  );
  const exports = new Map(Object.entries(new Native.Instance(module).exports));
  exports.set('global_i32', new Native.Global({ value: 'i32' }, 666));
  exports.set('global_i64', new Native.Global({ value: 'i64' }, 666n));
  exports.set('global_f32', new Native.Global({ value: 'f32' }, 666.6));
  exports.set('global_f64', new Native.Global({ value: 'f64' }, 666.6));
  exports.set('memory', new Native.Memory({ initial: 1, maximum: 2 }));
  exports.set('table', new Native.Table({ initial: 10, maximum: 20, element: 'anyfunc' }));
  const table64 = nativeTable64();
  if (table64) exports.set('table64', table64);
  return exports;
}

/** A 64-bit table of 10 to 20 function references, where the host knows memory64. */
function nativeTable64(): EngineExtern | undefined {
  const bytes = moduleBytes([
    section(4, vec([[CODE.funcref, 0x05, 10, 20]])),
    section(7, vec([[...name('table'), 1, 0]])),
  ]);
  try {
    return new Native.Instance(new Native.Module(bytes)).exports['table'];
  } catch {
    return undefined;
  }
}

export const nativeEngine: Engine = {
  name: 'host',
  exactMessages: false,
  open: () => new NativeSession(),
  classify(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ScriptFailure) return { kind: 'script', message };
    if (error instanceof Native.CompileError) return { kind: 'rejected', message };
    if (error instanceof Native.LinkError) return { kind: 'link', message };
    if (error instanceof Native.RuntimeError) return { kind: 'trap', message };
    if (error instanceof RangeError && message.includes('call stack')) return { kind: 'exhaustion', message };
    if (isException(error)) return { kind: 'exception', message };
    return { kind: 'internal', message };
  },
};

function isException(error: unknown): boolean {
  return Native.Exception !== undefined && error instanceof Native.Exception;
}
