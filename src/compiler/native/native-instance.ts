/**
 * An instance as the native tier has it: the host's instance of its program, with the memories of the runtime's instance, copies of its
 * globals while it runs, and mirrors of the tables that it calls through.
 */
import type { TierMachine } from '../../interpreter/tiers';
import type { Bulk, EffectWork } from '../../lowering';
import { Func, type Global, type Instance, jsFunctionOf, type Table } from '../../runtime';
import type { Charge } from '../../runtime/ledger';
import { type Listeners, NOBODY, withOne, without } from '../../runtime/listeners';
import type { Watcher } from '../../runtime/table';
import { GLOBALS_IN, GLOBALS_OUT } from './adapters';
import type { Crossing } from './crossing';
import { GuestExceptions } from './exceptions';
import { HandedGlobals } from './handed-globals';
import type { HeldMemories } from './held-memories';
import type { HostExports, HostGlobal, HostTable, HostWebAssembly } from './host';
import { KnownGlobals } from './known-globals';
import { CELL_NAMES, type Cell, type HelpedInstruction, type Helper } from './layout';
import { LoopRuns } from './loop-runs';
import type { CompiledContinuation, CompiledGroup, CompiledSide, Program } from './program';
import { isPlainType } from './refusals';
import { emitForeign } from './side-module';
import { ThrowRate } from './throw-rate';

/** What main modules import of the runtime. */
export type RuntimeImports = Readonly<Record<Helper, (...args: never[]) => unknown>>;
/**
 * What a main module imports for an import of the original that it calls directly, with fuel, place and the globals that are handed over before
 * the arguments.
 */
export type DirectImport = (
  fuel: number,
  place: number,
  g: number,
  h: number,
  i: number,
  j: number,
  ...args: unknown[]
) => unknown;
/**
 * Calls a function in the table of functions: its index there, fuel, place, and the arguments if they cross directly. Returns the result then,
 * and else the fuel.
 */
export type EnterNative = (index: number, fuel: number, place: number, ...args: unknown[]) => unknown;

const NOWHERE: readonly number[] = [];

export class NativeInstance {
  readonly instance: Instance;
  readonly program: Program;
  readonly held: HeldMemories;
  /** Of its code, in the store. */
  readonly room: Charge;
  private readonly host: HostWebAssembly;
  /** By the indices of the tables that they mirror. */
  private readonly mirrors: (HostTable | undefined)[];
  /** What it hands over at direct calls, where it does that itself. */
  readonly handed: HandedGlobals | undefined;
  /** Globals that its functions set, and that others may. */
  private readonly written: readonly Global[];
  private readonly knownWritten: HandedGlobals | KnownGlobals;
  private readonly knownOthers: KnownGlobals;
  private readonly functions: HostTable;
  private readonly exports: HostExports;
  private readonly crossing: Crossing;
  private readonly effects: ((word: number) => void)[] = [];
  private readonly bulks: ((word: number) => boolean)[] = [];

  /** Of exceptions that it throws, or that come out of its calls. */
  readonly throwRate = new ThrowRate();

  // What few instances have is made when it is needed: there may be thousands.

  /** Where continuations are in the table of functions. */
  private continued: Map<CompiledContinuation, number> | undefined;
  /** What stands in tables for functions of other instances, by the table and their type. */
  private foreign: Map<string, unknown> | undefined;
  private loaded: Set<CompiledGroup> | undefined;
  private runs: LoopRuns | undefined;
  /** By table: where functions of the instance stand in it, by their indices; when somebody has asked, until the table changes. */
  private readonly places: (ReadonlyMap<number, readonly number[]> | undefined)[] = [];
  /** Of tables that have a mirror. */
  private watchers: Listeners<{ readonly table: Table; readonly update: Watcher }> = NOBODY;

  constructor(
    instance: Instance,
    program: Program,
    host: HostWebAssembly,
    runtime: RuntimeImports,
    crossing: Crossing,
    held: HeldMemories,
    room: Charge,
    directImport: (instance: Instance, id: number) => DirectImport,
  ) {
    this.instance = instance;
    this.program = program;
    this.host = host;
    this.crossing = crossing;
    this.held = held;
    this.room = room;
    const { mirrors, direct: called, plain, handed } = program.emitted.layout;
    this.handed = handed && new HandedGlobals(handed.map((k) => instance.globals[k]));
    const { globals, written } = program.module;
    this.written = instance.globals.filter((_, k) => written.has(globals[k]));
    const others = instance.globals.filter((_, k) => globals[k].mutable && !written.has(globals[k]));
    this.knownWritten = this.handed ?? new KnownGlobals(this.written);
    this.knownOthers = new KnownGlobals(others);
    this.mirrors = new Array(instance.tables.length);
    for (const tableidx of mirrors) this.mirrors[tableidx] = this.emptyMirror(tableidx);
    const direct: Record<number, DirectImport> = {};
    for (const funcidx of called) direct[funcidx] = directImport(instance, funcidx);
    const exception = GuestExceptions.of(host);
    const imports = { direct, runtime, memory: held.memories, table: this.mirrors, exception };
    this.exports = new host.Instance(program.compiled, imports).exports;
    this.functions = this.exports.functions as HostTable;
    if (plain.length > 0) {
      this.globalOf('plain').value = plain.reduce(
        (bits, funcidx, k) => bits | (Number(jsFunctionOf(instance.funcAt(funcidx)) !== undefined) << k),
        0,
      );
    }
    this.globalsIn();
    for (const tableidx of mirrors) this.watch(tableidx);
  }

  /** Makes a group's functions the ones that are called from now on. */
  load(group: CompiledGroup): void {
    this.instantiate(group);
    this.loaded ??= new Set();
    this.loaded.add(group);
    for (const tableidx of Object.keys(this.mirrors)) this.replace(Number(tableidx), group.side.members);
  }
  has(group: CompiledGroup): boolean {
    return this.loaded?.has(group) ?? false;
  }

  /** Lets go of what is the runtime's: it will not run any more. */
  giveUp(): void {
    for (const { table, update } of this.watchers) table.watchers = without(table.watchers, update);
    this.held.letGo();
    this.room.release();
  }

  /** It had better not run natively any more, or not on these memories. */
  get isBetterElsewhere(): boolean {
    return this.held.areCramped || this.throwRate.isHigh;
  }

  enter(typeidx: number): EnterNative {
    return this.exports[`in ${typeidx}`] as EnterNative;
  }
  /** With arguments and result as JavaScript has them, of a type of which calls begin so (`isBrief`). */
  enterDirectly(typeidx: number): EnterNative {
    return (this.exports[`directly in ${typeidx}`] ?? this.enter(typeidx)) as EnterNative;
  }

  /** What emitted code has kept there. */
  cell(cell: Cell): unknown {
    return this.globalOf(cell).value;
  }
  private globalOf(cell: Cell): HostGlobal {
    const at = this.program.module.globals.length + CELL_NAMES.indexOf(cell);
    return this.exports[`global ${at}`] as HostGlobal;
  }

  /** What a direct call out goes on with is another fuel than it has given: it asks for that. */
  tellOfFuel(): void {
    this.globalOf('fuel').value = 1;
  }

  /** Whether the frames of long functions take more of the host's stack than they may. */
  get isStackFull(): boolean {
    return (this.cell('stack') as number) < 0;
  }

  /** A slice of fuel has ended in a loop of a body: see LoopRuns. */
  sliceEnded(id: number, pointidx: number, sp: number, isAlone: boolean): boolean {
    this.runs ??= new LoopRuns();
    return this.runs.ended(id, pointidx, sp, isAlone);
  }

  /** An activation has returned whose first frame had this `sp`. */
  returned(sp: number): void {
    this.runs?.returned(sp);
  }

  // Globals: the runtime's are true, but while native code runs.

  globalsIn(): void {
    if (this.instance.globals.length === 0) return;
    const { crossing } = this;
    crossing.clear();
    for (const global of this.instance.globals) crossing.pushGlobal(global);
    crossing.offerPushed();
    (this.exports[GLOBALS_IN] as () => void)();
    this.knownWritten.agree();
    this.knownOthers.agree();
  }
  /** Before something else runs, and after. */
  giveGlobals(): void {
    if (this.written.length === 0) return;
    const { crossing } = this;
    // What frames have pushed that leave stays where it is.
    let slot = crossing.count;
    (this.exports[GLOBALS_OUT] as () => void)();
    for (const global of this.written) slot = crossing.toGlobal(slot, global);
    crossing.clear();
    this.knownWritten.agree();
  }
  takeGlobals(): void {
    if (this.knownWritten.haveChanged || this.knownOthers.haveChanged) this.globalsIn();
  }

  // Tables

  private emptyMirror(tableidx: number): HostTable {
    const { length } = this.instance.tables[tableidx];
    return new this.host.Table({ element: 'anyfunc', initial: length });
  }

  private watch(tableidx: number): void {
    const table: Table = this.instance.tables[tableidx];
    const mirror = this.mirrors[tableidx]!;
    const update = (from: number, count: number): void => {
      this.places[tableidx] = undefined;
      if (mirror.length < table.length) mirror.grow(table.length - mirror.length);
      for (let k = from; k < from + count; k++) mirror.set(k, this.nativeOf(table.elements[k], tableidx));
    };
    table.watchers = withOne(table.watchers, update);
    this.watchers = withOne(this.watchers, { table, update });
    update(0, table.length);
  }

  /** These functions have other code now. */
  private replace(tableidx: number, funcidxs: readonly number[]): void {
    const mirror = this.mirrors[tableidx]!;
    const { elements } = this.instance.tables[tableidx];
    this.places[tableidx] ??= this.placesIn(elements);
    for (const funcidx of funcidxs) {
      for (const k of this.places[tableidx]!.get(funcidx) ?? NOWHERE)
        mirror.set(k, this.nativeOf(elements[k], tableidx));
    }
  }
  private placesIn(elements: readonly unknown[]): ReadonlyMap<number, readonly number[]> {
    const places = new Map<number, number[]>();
    elements.forEach((element, k) => {
      if (!(element instanceof Func) || element.instance !== this.instance) return;
      const known = places.get(element.funcidx);
      if (known === undefined) places.set(element.funcidx, [k]);
      else known.push(k);
    });
    return places;
  }

  private nativeOf(element: unknown, tableidx: number): unknown {
    // Native code calls by plain types alone, which have no subtypes: a function of any other type is no match for it.
    if (!(element instanceof Func) || !isPlainType(element.type, element.typeId)) return null;
    if (element.instance === this.instance) return this.functions.get(element.funcidx);
    return this.foreignFunction(element, tableidx);
  }

  /**
   * A function of the host that calls out, for all of a type in a table that are not in the module: which one is called the index tells, which
   * emitted code has kept. One for each would be a module of the host for each, and programs that are linked from parts have thousands.
   */
  private foreignFunction({ type, typeId }: Func, tableidx: number): unknown {
    this.foreign ??= new Map();
    const key = `${tableidx} ${typeId}`;
    let made = this.foreign.get(key);
    if (made === undefined) {
      const id = this.program.module.funcTypes.length + tableidx;
      const compiled = new this.host.Module(emitForeign(this.program.emitted.layout, type, id));
      made = new this.host.Instance(compiled, this.sideImports()).exports[0];
      this.foreign.set(key, made);
    }
    return made;
  }

  /** The function that a call out names: by its index, or behind those by the table from which it is called. */
  callee(id: number): Func {
    const { length } = this.program.module.funcTypes;
    if (id < length) return this.instance.funcAt(id);
    const index = (this.cell('element') as number) >>> 0;
    return this.instance.tables[id - length].elements[index] as Func;
  }

  /** What the machine does for emitted code, by its number there. */
  effect(number: number, machine: TierMachine): (word: number) => void {
    this.effects[number] ??= machine.effect(this.instance, this.helped(number) as EffectWork);
    return this.effects[number];
  }
  /** The same in bulk: a part of it, and whether that was the last one. */
  bulk(number: number, machine: TierMachine): (word: number) => boolean {
    let part = this.bulks[number];
    if (part === undefined) {
      const work = { ...this.helped(number), kind: 'bulk', slot: 0, operands: undefined } as Bulk;
      part = machine.bulk(this.instance, work);
      this.bulks[number] = part;
    }
    return part;
  }
  helped(number: number): HelpedInstruction {
    return this.program.emitted.layout.effects.list[number];
  }

  // Continuations

  /** Its index in the table of functions. */
  continuation(continuation: CompiledContinuation): number {
    this.continued ??= new Map();
    let at = this.continued.get(continuation);
    if (at === undefined) {
      const exports = this.instantiate(continuation);
      at = this.functions.grow(1);
      this.functions.set(at, exports[0]);
      this.continued.set(continuation, at);
    }
    return at;
  }

  private instantiate({ side, compiled }: CompiledSide): HostExports {
    for (const tableidx of side.mirrors) {
      if (this.mirrors[tableidx] !== undefined) continue;
      this.mirrors[tableidx] = this.emptyMirror(tableidx);
      this.watch(tableidx);
    }
    return new this.host.Instance(compiled, this.sideImports()).exports;
  }

  private sideImports(): object {
    const { host, held, mirrors, functions, exports, program } = this;
    const globals: Record<string, unknown> = {};
    for (let k = program.module.globals.length + CELL_NAMES.length - 1; k >= 0; k--) {
      globals[k] = exports[`global ${k}`];
    }
    return {
      memory: held.memories,
      table: mirrors,
      functions: { all: functions },
      global: globals,
      exception: GuestExceptions.of(host),
    };
  }
}
