/** Function instances and module instances (spec "exec/runtime"): data, without a machine. Each knows the other, so they share a file. */

import { CALLBACK, check, checkClass } from '../checks';
import {
  type ConstExpr,
  canonicalFuncType,
  type Export,
  type ExternKind,
  type ExternTypeByKind,
  externTypeName,
  type FuncType,
  isRef,
  type Limits,
  type Module,
  matchesDefType,
  type ValType,
  valTypeName,
} from '../decoder';
import { RuntimeError } from '../errors';
import { summarize } from '../summary';
import { wordsOf, wordsOfAll } from './cells';
import { evaluateConst } from './constexpr';
import { Tag } from './exception';
import {
  type FunctionIn,
  type JsFunction,
  type NamesOf,
  noExport,
  type UntypedExports,
  type UntypedFunction,
} from './exports';
import { Global } from './global';
import { Memory } from './memory';
import { Store } from './store';
import { MAX_TABLE_ELEMENTS, Table } from './table';
import { FuncReference, fromJs, ownValue, toJs, type Value, valueFor } from './values';
import { checkJsForm, hasVectors } from './vector-values';

/**
 * What a host function reads its arguments from and writes its results to, by index. An index that there is not is a RangeError; so is
 * everything once the call has ended: a TypeError.
 */
export interface HostCall {
  /** The function that is called. */
  readonly func: Func;
  /** The instance whose function makes the call, if wasm makes it. */
  readonly instance: Instance | undefined;
  /** An argument, signed. */
  i32(k: number): number;
  /** An argument, unsigned. */
  u32(k: number): number;
  /** Low word of an i64, as int32. */
  lo(k: number): number;
  /** High word of an i64, as int32. */
  hi(k: number): number;
  /** An i64 taken as unsigned, as a double: exact below 2^53. */
  u64(k: number): number;
  /** An argument. */
  f32(k: number): number;
  /** An argument. */
  f64(k: number): number;
  /** An argument that is a reference. */
  ref(k: number): unknown;
  /** The argument, bit exact. */
  value(k: number, type: ValType): Value;
  /** All arguments, bit exact. */
  args(): Value[];
  /** @internal A result that has been converted already. */
  put(k: number, value: Value): void;
  /** The setters throw a TypeError for a result of another type, a RangeError for one that there is not. */
  setValue(k: number, value: Value): void;
  /** Sets a result. */
  setI32(k: number, value: number): void;
  /** Sets a result, in two words. */
  setI64(k: number, lo: number, hi: number): void;
  /** Sets a result. */
  setF32(k: number, value: number): void;
  /** Sets a result. */
  setF64(k: number, value: number): void;
  /** Sets a result that is a reference. */
  setRef(k: number, ref: unknown): void;
}

/** Reads its arguments and writes its results by index. When it returns a promise, the guest waits for it. */
export type HostCallback = (call: HostCall) => void | PromiseLike<void>;

/** A function instance: defined by a module, or by the host. `F` is its type as JavaScript calls it. */
export class Func<F extends JsFunction = UntypedFunction> extends FuncReference {
  // Bundlers rename a class that names itself.
  static override readonly name = 'Func';
  get [Symbol.toStringTag](): string {
    return 'tswasm.Func';
  }
  /** The store that it is in. */
  readonly store: Store;
  /** Its type. */
  readonly type: FuncType;
  /** @internal Equal for equal function types of any two modules. */
  readonly typeId: number;
  /** Where a wasm function is defined; undefined for a host function. */
  readonly instance: Instance | undefined;
  /** Index in its instance, or -1. */
  readonly funcidx: number;
  /** @internal */
  readonly callback: HostCallback | undefined;
  private readonly label: string | undefined;
  /** @internal What the store's machine keeps with the function; only the machine reads it. */
  readonly code: object;

  private constructor(
    store: Store,
    type: FuncType,
    typeId: number,
    instance: Instance | undefined,
    funcidx: number,
    callback: HostCallback | undefined,
    label: string | undefined,
  ) {
    super();
    this.store = store;
    this.type = type;
    this.typeId = typeId;
    this.instance = instance;
    this.funcidx = funcidx;
    this.callback = callback;
    this.label = label;
    this.code = store.machine.prepare(this);
  }

  /** A function of the host. `callback` reads its arguments and writes its results through a `HostCall`. */
  static host(store: Store, type: FuncType, callback: HostCallback, name?: string): Func {
    checkClass('the store', store, Store, 'Store');
    check('the callback', callback, CALLBACK);
    checkFuncType(type);
    return new Func(store, type, canonicalFuncType(type), undefined, -1, callback, name);
  }

  /** A function of the host with the JS API's conversions: BigInt for i64, an iterable for several results. */
  static js(store: Store, type: FuncType, fn: JsFunction, name?: string): Func {
    check('the function', fn, CALLBACK);
    return Func.host(store, type, jsCallback(type, fn as UntypedFunction, false), name);
  }

  /** @internal A function that `instance` defines. */
  static defined(instance: Instance, funcidx: number, type: FuncType, typeId: number): Func {
    return new Func(instance.store, type, typeId, instance, funcidx, undefined, undefined);
  }

  /** @internal Whether it may be called where a function of the type with this canonical id is asked for. */
  isOf(typeId: number): boolean {
    return matchesDefType(this.typeId, typeId);
  }

  /** From the name section, or an export; undefined when it has none. */
  get name(): string | undefined {
    return this.instance === undefined ? this.label : this.instance.module.funcName(this.funcidx);
  }

  /** @internal */
  get externType(): ExternTypeByKind {
    return { kind: 'func', type: this.type };
  }
  /** Calls with the JS API's conversions and runs to the end. Throws `RuntimeError` on a trap. */
  call(...args: Parameters<F>): ReturnType<F> {
    return this.store.machine.invoke(this, args, this.call) as ReturnType<F>;
  }

  /** @internal ToWebAssemblyValue of each parameter; arguments that are not given are undefined. */
  toValues(args: readonly unknown[]): Value[] {
    checkJsForm(this.type);
    const { type, store } = this;
    return type.params.map((param, k) => ownValue('argument', fromJs(param, args[k]), store, k));
  }
  /** @internal ToJSValue of the results: nothing, a value, or an array. */
  toResult(values: readonly Value[]): unknown {
    return values.length > 1 ? values.map(toJs) : values.length === 1 ? toJs(values[0]) : undefined;
  }

  /** Calls with bit-exact values (or what the JS API converts) and runs to the end. Throws `RuntimeError` on a trap. */
  callRaw(args: readonly Value[]): Value[] {
    return this.store.machine.invoke(this, argumentsOf(this, args), this.callRaw, true) as Value[];
  }
}
summarize(Func, ({ name, externType }) => ({ name, type: externTypeName(externType) }));

/** Callbacks that stand before a JavaScript function: no stack trace shows them. Where the guest waits for no promise, that function. */
const adapters = new WeakMap<HostCallback, UntypedFunction | undefined>();
export function isAdapter(callback: HostCallback): boolean {
  return adapters.has(callback);
}
/** The JavaScript function behind one of the host, if all that stands between them are conversions. */
export function jsFunctionOf(func: Func): UntypedFunction | undefined {
  return func.callback && adapters.get(func.callback);
}

/**
 * @internal Calls a JavaScript function. While it runs, this is one small frame of the host's stack; spreading arguments takes another.
 * `waits`: the guest waits for a promise, unless a reference is asked for, which it may be.
 */
export function jsCallback(type: FuncType, fn: UntypedFunction, waits: boolean): HostCallback {
  const callback = adapterOf(type, fn, waits && !type.results.some(isRef) ? awaitResults : giveResults);
  adapters.set(callback, waits ? undefined : fn);
  return callback;
}

function adapterOf(type: FuncType, fn: UntypedFunction, give: typeof awaitResults): HostCallback {
  if (hasVectors(type)) return () => checkJsForm(type);
  switch (type.params.length) {
    case 0:
      return (call) => give(call, fn());
    case 1:
      return (call) => give(call, fn(jsArgument(call, 0)));
    case 2:
      return (call) => give(call, fn(jsArgument(call, 0), jsArgument(call, 1)));
    default:
      return (call) => give(call, fn(...call.func.type.params.map((_, k) => jsArgument(call, k))));
  }
}

function awaitResults(call: HostCall, result: unknown): void | PromiseLike<void> {
  if (typeof result !== 'object' || result === null || !('then' in result)) return giveResults(call, result);
  return (result as PromiseLike<unknown>).then((settled) => giveResults(call, settled));
}

function jsArgument(call: HostCall, k: number): unknown {
  return toJs(call.value(k, call.func.type.params[k]));
}

function giveResults(call: HostCall, result: unknown): void {
  const { store, type } = call.func;
  const { results } = type;
  const { length } = results;
  const converted = (value: unknown, k: number) => ownValue('result', fromJs(results[k], value), store, k);
  if (length === 1) call.put(0, converted(result, 0));
  if (length < 2) return;
  const values = [...(result as Iterable<unknown>)];
  if (values.length !== length) {
    throw new TypeError(`expected ${length} results, not ${values.length}`);
  }
  values.map(converted).forEach((value, k) => {
    call.put(k, value);
  });
}

/** The arguments of a call: as many as there are parameters, each of its type. Throws a TypeError that says what was expected. */
export function argumentsOf({ type, store }: Func, given: readonly unknown[]): Value[] {
  const { params } = type;
  if (!Array.isArray(given) || given.length !== params.length) {
    const count = Array.isArray(given) ? given.length : 'no array';
    throw new TypeError(
      `expected ${params.length} arguments [${params.map(valTypeName).join(' ')}], not ${count}`,
    );
  }
  return params.map((param, k) => valueFor('argument', param, given[k], store, k));
}

function checkFuncType({ params, results }: FuncType): void {
  for (const type of [...params, ...results]) {
    if (typeof type !== 'number' || valTypeName(type) === 'bot') {
      throw new TypeError(`a function type holds value types, such as I32, not ${String(type)}`);
    }
  }
}

/** What can be imported and exported. */
export type Extern = Func | Memory | Table | Global | Tag;

/** An instance of a module: what the module defines, and its imports, in a store. `E` tells TypeScript what it exports. */
export class Instance<E extends object = UntypedExports> {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Instance';
  }
  /** The store that it is in. */
  readonly store: Store;
  /** What it is an instance of. */
  readonly module: Module;
  /** Its memories, imports first. */
  readonly memories: Memory[] = [];
  /** Its tables, imports first. */
  readonly tables: Table[] = [];
  /** Its globals, imports first. */
  readonly globals: Global[] = [];
  /** Its tags, imports first. */
  readonly tags: Tag[] = [];
  /** @internal One byte a segment, 1 = dropped. */
  readonly droppedDatas: Uint8Array;
  /** @internal */
  readonly droppedElems: Uint8Array;
  /** @internal Whether any of its functions has been entered. */
  hasRun = false;
  /** @internal Why it may not run: a restore failed half way. */
  unusable: string | undefined;
  private readonly funcs: (Func | undefined)[];

  /** @internal Use `instantiate`. The imports have been checked (instantiate.ts). */
  constructor(store: Store, module: Module, imports: readonly Extern[]) {
    this.store = store;
    this.module = module;
    this.funcs = new Array(module.funcTypes.length);
    this.droppedDatas = marks(module.datas.length);
    this.droppedElems = marks(module.elements.length);
    this.link(imports);
    try {
      this.allocate();
    } catch (error) {
      this.release();
      throw error;
    }
    // As long as they are: an array that has grown has room for 16 more.
    this.memories = this.memories.slice();
    this.tables = this.tables.slice();
    this.globals = this.globals.slice();
  }

  /** Its exports by name. */
  get exports(): ReadonlyMap<string, Extern> {
    this.lazyExports ??= new Map(this.module.exports.map((entry) => [entry.name, this.exported(entry)]));
    return this.lazyExports;
  }
  private lazyExports: ReadonlyMap<string, Extern> | undefined;

  /** The exported function of this name. Throws a TypeError that says which there are. */
  func<K extends NamesOf<E, JsFunction>>(name: K): Func<FunctionIn<E, K>> {
    return this.named(name, 'func') as unknown as Func<FunctionIn<E, K>>;
  }
  /** The exported memory of this name. Throws a TypeError that says which there are. */
  memory(name: NamesOf<E, Memory>): Memory {
    return this.named(name, 'memory') as Memory;
  }
  /** The exported table of this name. Throws a TypeError that says which there are. */
  table(name: NamesOf<E, Table>): Table {
    return this.named(name, 'table') as Table;
  }
  /** The exported global of this name. Throws a TypeError that says which there are. */
  global(name: NamesOf<E, Global>): Global {
    return this.named(name, 'global') as Global;
  }
  /** The exported tag of this name. Throws a TypeError that says which there are. */
  tag(name: NamesOf<E, Tag>): Tag {
    return this.named(name, 'tag') as Tag;
  }

  /** @internal The function at an index; made when it is first asked for. */
  funcAt(funcidx: number): Func {
    let func = this.funcs[funcidx];
    if (func === undefined) {
      const typeidx = this.module.funcTypes[funcidx];
      func = Func.defined(
        this as Instance<never> as Instance,
        funcidx,
        this.module.funcType(funcidx),
        this.module.types[typeidx].id,
      );
      this.funcs[funcidx] = func;
    }
    return func;
  }

  /** The start function, which `instantiate` has run. */
  get startFunc(): Func | undefined {
    return this.module.start === undefined ? undefined : this.funcAt(this.module.start);
  }

  /** @internal How many references an element segment has; none once it is dropped. */
  elementCount(index: number): number {
    const { funcs, exprs } = this.module.elements[index];
    return this.droppedElems[index] !== 0 ? 0 : (funcs ?? exprs!).length;
  }

  /**
   * @internal A reference of an element segment, evaluated when it is asked for: a segment may have millions. No constant instruction
   * makes a new reference, so it is the same one each time; with struct.new and its like this will have to keep what it made.
   */
  elementAt(index: number, k: number): unknown {
    const { funcs, exprs } = this.module.elements[index];
    return funcs !== undefined ? this.funcAt(funcs[k]) : evaluateConst(this, exprs![k]).ref;
  }

  /** @internal References of an element segment to a table. Traps unless both ranges are in bounds. */
  initTable(table: Table, to: number, index: number, from: number, length: number): void {
    table.checkInit(to, this.elementCount(index), from, length);
    table.write(to, length, (k) => this.elementAt(index, from + k));
  }

  /** @internal The bytes of a data segment; none once it is dropped. */
  dataOf(index: number): Uint8Array {
    const { start, end } = this.module.datas[index].bytes;
    return this.droppedDatas[index] !== 0
      ? this.module.bytes.subarray(0, 0)
      : this.module.bytes.subarray(start, end);
  }

  /** @internal It is a program's, whose host reads memories in place: nobody is expected to ask for their buffers. */
  hideMemories(): void {
    for (const memory of this.memories) memory.isPrivate = true;
  }

  /** @internal The defined functions that have been asked for. */
  *knownFuncs(): Generator<Func> {
    for (const func of this.funcs) if (func?.instance === this) yield func;
  }

  /** @internal What is exported there. */
  exported(entry: Export): Extern {
    switch (entry.kind) {
      case 'func':
        return this.funcAt(entry.index);
      case 'table':
        return this.tables[entry.index];
      case 'memory':
        return this.memories[entry.index];
      case 'global':
        return this.globals[entry.index];
      case 'tag':
        return this.tags[entry.index];
    }
  }

  private named(name: unknown, kind: ExternKind): Extern {
    const found = this.exports.get(name as string);
    if (found?.externType.kind !== kind) throw noExport(this.module, name, kind);
    return found;
  }

  private link(imports: readonly Extern[]): void {
    for (const given of imports) {
      if (given instanceof Func) this.funcs[this.funcCount++] = given;
      else if (given instanceof Table) this.tables.push(given);
      else if (given instanceof Memory) this.memories.push(given);
      else if (given instanceof Global) this.globals.push(given);
      else this.tags.push(given);
    }
  }
  private funcCount = 0;
  private importedMemories = 0;
  private importedTables = 0;

  /** @internal Gives back what its own memories and tables have been charged: nobody can reach them any more. */
  release(): void {
    for (const memory of this.memories.slice(this.importedMemories)) memory.release();
    for (const table of this.tables.slice(this.importedTables)) table.release();
  }

  private allocate(): void {
    const { module, store } = this;
    this.importedMemories = this.memories.length;
    this.importedTables = this.tables.length;
    checkElements(module);
    const cells = new Int32Array(wordsOfAll(module.globalDefs.map(({ type }) => type.value)));
    let word = 0;
    for (const def of module.globalDefs) {
      const value = evaluateConst(this, def.init.start);
      this.globals.push(new Global(store, def.type, { ...value, type: def.type.value }, cells, word));
      word += wordsOf(def.type.value);
    }
    for (const def of module.tableDefs) {
      const init = def.init === undefined ? null : evaluateConst(this, def.init.start).ref;
      this.tables.push(limited(() => new Table(store, def.type, init)));
    }
    const first = this.memories.length;
    for (const type of module.memories.slice(first))
      this.memories.push(limited(() => new Memory(store, type)));
    for (const type of module.tags.slice(this.tags.length)) this.tags.push(new Tag(type.type, type.typeId));
  }

  /** @internal Active segments, in order. A trap leaves what came before it. */
  initialize(): void {
    this.module.elements.forEach((segment, k) => {
      if (segment.mode === 'active') {
        const table = this.tables[segment.table];
        const at = this.offset(segment.offset!, table.type);
        this.initTable(table, at, k, 0, this.elementCount(k));
      }
      if (segment.mode !== 'passive') this.droppedElems[k] = 1;
    });
    this.module.datas.forEach((segment, k) => {
      if (segment.mode !== 'active') return;
      const memory = this.memories[segment.memory];
      const at = this.offset(segment.offset!, memory.type);
      const bytes = this.dataOf(k);
      memory.init(at, bytes, 0, bytes.length);
      this.droppedDatas[k] = 1;
    });
  }

  private offset({ start }: ConstExpr, limits: Limits): number {
    const { lo, hi } = evaluateConst(this, start);
    return limits.address === 'i64' ? (hi >>> 0) * 4294967296 + (lo >>> 0) : lo >>> 0;
  }
}
summarize(Instance, ({ module, exports }) => ({ name: module.names.module, exports }));

const NO_MARKS = new Uint8Array(0);
/** A byte for each: many instances have none. */
function marks(count: number): Uint8Array {
  return count === 0 ? NO_MARKS : new Uint8Array(count);
}

/** One module's tables together are no larger than one table can be, whatever the store allows: they are allocated at once. */
function checkElements({ tableDefs }: Module): void {
  let elements = 0;
  for (const { type } of tableDefs) elements += type.min;
  if (elements > MAX_TABLE_ELEMENTS) {
    const cause = new RangeError(`tables of ${elements} elements exceed the limit of ${MAX_TABLE_ELEMENTS}`);
    throw new RuntimeError(cause.message, { cause });
  }
}

/** What the store or the host cannot give is an error of the instantiation. */
function limited<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new RuntimeError(error.message, { cause: error });
    throw error;
  }
}
