/** Module instances and instantiation (spec "exec/modules"). */
import {
  type Export,
  type ExternType,
  type Import,
  type Limits,
  type Module,
  matches,
  valTypeName,
} from '../decoder';
import { RuntimeError, unlinkable } from '../errors';
import { evaluateConst } from './constexpr';
import { factorySource } from './factories';
import { Func } from './func';
import { Global, Tag } from './global';
import { Memory } from './memory';
import type { Store } from './store';
import { Table } from './table';

export type Extern = Func | Memory | Table | Global | Tag;

export class Instance {
  readonly store: Store;
  readonly module: Module;
  readonly memories: Memory[] = [];
  readonly tables: Table[] = [];
  readonly globals: Global[] = [];
  readonly tags: Tag[] = [];
  readonly exports: ReadonlyMap<string, Extern>;
  /** @internal One byte a segment, 1 = dropped. */
  readonly droppedDatas: Uint8Array;
  /** @internal */
  readonly droppedElems: Uint8Array;
  /** @internal Whether any of its functions has been entered. */
  hasRun = false;
  /** @internal Why it may not run: a restore failed half way. */
  unusable: string | undefined;
  private readonly funcs: (Func | undefined)[];

  /** @internal Use `instantiate`. */
  constructor(store: Store, module: Module, imports: readonly Extern[], sized = true) {
    this.store = store;
    this.module = module;
    this.funcs = new Array(module.funcTypes.length);
    this.droppedDatas = new Uint8Array(module.datas.length);
    this.droppedElems = new Uint8Array(module.elements.length);
    this.link(imports, sized);
    this.allocate();
    const exports = new Map<string, Extern>();
    for (const entry of module.exports) exports.set(entry.name, this.extern(entry));
    this.exports = exports;
  }

  /**
   * @internal Without its contents: its segments are neither written nor dropped, and what it imports may yet be smaller than it asks
   * for. A snapshot gives all of that (src/snapshot/store.ts).
   */
  static allocate(store: Store, module: Module, imports: readonly Extern[]): Instance {
    return new Instance(store, module, imports, false);
  }

  /** The function at an index; made when it is first asked for. */
  func(funcidx: number): Func {
    let func = this.funcs[funcidx];
    if (func === undefined) {
      const typeidx = this.module.funcTypes[funcidx];
      func = Func.defined(this, funcidx, this.module.funcType(funcidx), this.module.types[typeidx].id);
      this.funcs[funcidx] = func;
    }
    return func;
  }

  get startFunc(): Func | undefined {
    return this.module.start === undefined ? undefined : this.func(this.module.start);
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
    return funcs !== undefined ? this.func(funcs[k]) : evaluateConst(this, exprs![k]).ref;
  }

  /** @internal References of an element segment to a table. Traps unless both ranges are in bounds. */
  initTable(table: Table, to: number, index: number, from: number, length: number): void {
    table.checkInit(to, this.elementCount(index), from, length);
    for (let k = 0; k < length; k++) table.elements[to + k] = this.elementAt(index, from + k);
  }

  /** @internal The bytes of a data segment; none once it is dropped. */
  dataOf(index: number): Uint8Array {
    const { start, end } = this.module.datas[index].bytes;
    return this.droppedDatas[index] !== 0
      ? this.module.bytes.subarray(0, 0)
      : this.module.bytes.subarray(start, end);
  }

  /** @internal All functions, when they are next called. */
  lowerAgain(): void {
    for (const func of this.funcs) if (func?.instance === this) func.forget();
  }

  private extern(entry: Export): Extern {
    switch (entry.kind) {
      case 'func':
        return this.func(entry.index);
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

  private link(imports: readonly Extern[], sized: boolean): void {
    this.module.imports.forEach((wanted, k) => {
      const given = imports[k];
      checkImport(this.module, wanted, given, sized);
      if (given instanceof Func) this.funcs[this.funcCount++] = given;
      else if (given instanceof Table) this.tables.push(given);
      else if (given instanceof Memory) this.memories.push(given);
      else if (given instanceof Global) this.globals.push(given);
      else this.tags.push(given);
    });
  }
  private funcCount = 0;

  private allocate(): void {
    const { module, store } = this;
    const cells = new Int32Array(2 * module.globalDefs.length);
    module.globalDefs.forEach((def, k) => {
      const value = evaluateConst(this, def.init);
      this.globals.push(new Global(store, def.type, { ...value, type: def.type.value }, cells, 2 * k));
    });
    for (const def of module.tableDefs) {
      const init = def.init === undefined ? null : evaluateConst(this, def.init).ref;
      this.tables.push(limited(() => new Table(store, def.type, init)));
    }
    const first = this.memories.length;
    for (const type of module.memories.slice(first))
      this.memories.push(limited(() => new Memory(store, type)));
    for (const memory of this.memories) memory.users.add(this);
    for (const type of module.tags.slice(this.tags.length)) this.tags.push(new Tag(type));
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

  private offset(expr: { start: number; end: number }, limits: Limits): number {
    const { lo, hi } = evaluateConst(this, expr);
    return limits.address === 'i64' ? (hi >>> 0) * 4294967296 + (lo >>> 0) : lo >>> 0;
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

function matchLimits(given: { min: number; max: number | undefined }, wanted: Limits): boolean {
  if (given.min < wanted.min) return false;
  return wanted.max === undefined || (given.max !== undefined && given.max <= wanted.max);
}

function externKind(given: Extern): ExternType['kind'] {
  if (given instanceof Func) return 'func';
  if (given instanceof Table) return 'table';
  if (given instanceof Memory) return 'memory';
  return given instanceof Global ? 'global' : 'tag';
}

/** Import matching (spec "valid/matching"). Not `sized`: memories and tables will be as large as the module declares them. */
function checkImport(module: Module, wanted: Import, given: Extern | undefined, sized: boolean): void {
  const name = `"${wanted.module}" "${wanted.name}"`;
  if (given === undefined) throw unlinkable(`unknown import: ${name}`);
  const { type } = wanted;
  const fail = (detail: string): never => {
    throw unlinkable(`incompatible import type: ${name} ${detail}`);
  };
  const kind = externKind(given);
  if (kind !== type.kind) fail(`is a ${kind}, not a ${type.kind}`);
  if (given instanceof Func && type.kind === 'func') {
    if (given.typeId !== module.types[type.typeidx].id) fail('has another function type');
  } else if (given instanceof Table && type.kind === 'table') {
    const actual = given.type;
    if (actual.address !== type.type.address) fail(`has address type ${actual.address}`);
    if (actual.element !== type.type.element) fail(`holds ${valTypeName(actual.element)}`);
    if (!matchLimits({ min: sized ? given.length : type.type.min, max: actual.max }, type.type))
      fail('has other limits');
  } else if (given instanceof Memory && type.kind === 'memory') {
    const actual = given.type;
    if (actual.address !== type.type.address) fail(`has address type ${actual.address}`);
    if (actual.pageBits !== type.type.pageBits) fail('has another page size');
    if (actual.shared !== type.type.shared) fail('differs in being shared');
    if (!matchLimits({ min: sized ? given.pages : type.type.min, max: actual.max }, type.type))
      fail('has other limits');
  } else if (given instanceof Global && type.kind === 'global') {
    const actual = given.type;
    if (actual.mutable !== type.type.mutable) fail(`is ${actual.mutable ? '' : 'not '}mutable`);
    const fits = actual.mutable
      ? actual.value === type.type.value
      : matches(actual.value, type.type.value, module.types);
    if (!fits) fail(`holds ${valTypeName(actual.value)}`);
  }
}

/** Instantiates up to, but without, the start function (spec "exec/modules", "instantiation"). Imports in the module's order. */
export function instantiatePaused(store: Store, module: Module, imports: readonly Extern[]): Instance {
  const instance = new Instance(store, module, imports);
  // Loading the factories takes milliseconds on a cold engine, which no deadline should have to wait for.
  factorySource(false);
  instance.initialize();
  return instance;
}

/** Instantiates and runs the start function to its end. Throws `LinkError`, or `RuntimeError` for a trap. */
export function instantiate(store: Store, module: Module, imports: readonly Extern[]): Instance {
  const instance = instantiatePaused(store, module, imports);
  instance.startFunc?.callRaw([]);
  return instance;
}
