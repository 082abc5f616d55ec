/**
 * Modules beside a program's main one: a group of its functions, one continuation, or a function that leads to another instance. They
 * import its globals and the table of all functions, through which they call what is not in them. A group puts what it holds into that table;
 * the others export it by position.
 */
import type { FuncType } from '../../decoder';
import { callsOut } from './adapters';
import { Body } from './body';
import { Continuation } from './continuation';
import { Emitter, emittedType, entryOf } from './emitter';
import type { Entries } from './entries';
import type { FrameShape } from './frame';
import { type KeptGroup, type KeptPiece, membersOf, type SideBytes } from './kept';
import { type Layout, SideLayout } from './layout';
import { anyTable, type EmittedImport, KINDS, SectionWriter } from './section-writer';

/** An instruction of the original. */
export interface SideOrigin {
  readonly funcidx: number;
  /** Module offset. */
  readonly offset: number;
}
export interface SideModule {
  readonly bytes: Uint8Array;
  /** Tables of the original that it calls through. */
  readonly mirrors: readonly number[];
  /** Of what stands at an offset in `bytes`; undefined for what the original has not. */
  originAt(offset: number): SideOrigin | undefined;
}
export interface GroupModule extends SideModule {
  readonly members: readonly number[];
  /** It as data. */
  readonly kept: KeptGroup;
}

/** Functions as they stand behind each other in a side module: some of the original's, and those that have been added for them. */
interface Functions {
  readonly layout: SideLayout;
  /** Of the original. */
  readonly members: readonly number[];
  /** Of all of them. */
  readonly typeidxs: readonly number[];
  /** Code entries of all of them. */
  readonly code: Uint8Array;
  /** Where in these the members' begin, and where the last one ends. */
  readonly starts: readonly number[];
}
/** A group that has just been emitted. */
export interface EmittedGroup extends GroupModule {
  readonly functions: Functions;
}
/** Groups that will stand in one module (`linked`): how many functions the ones before have, and the tables that they call through. */
export interface Unit {
  readonly first: number;
  readonly mirrors: readonly number[];
}
const ALONE: Unit = { first: 0, mirrors: [] };

/** These functions, all of which can run natively. `unit`: what it will be linked with. */
export function emitGroup(base: Layout, members: readonly number[], unit = ALONE): EmittedGroup {
  const layout = new SideLayout(base, members, base.copiesLoops, unit.first);
  layout.mirrors.push(...unit.mirrors);
  const codes = members.map((funcidx) => new Body(layout, funcidx).instrument().code);
  const types = members.map((funcidx) => layout.calledTypeidx(base.module.funcTypes[funcidx]));
  const functions = functionsOf(layout, members, types, codes);
  const { kept, code } = written([functions]);
  return { ...keptGroup(base, kept), functions: { ...functions, code } };
}

/** The unit that is to be linked with this group as well. */
export function behind({ functions: { layout, typeidxs } }: EmittedGroup): Unit {
  return { first: layout.firstFunc + typeidxs.length, mirrors: layout.mirrors };
}

/**
 * Groups of one unit, in one module. An instance of it takes as long as that of one of them: V8 copies the tables into each (before version 12.3 or so).
 * Nothing in them changes: each has been emitted for the place where it stands.
 */
export function linked(groups: readonly EmittedGroup[]): KeptGroup {
  return groups.length === 1 ? groups[0].kept : written(groups.map(({ functions }) => functions)).kept;
}

/** `code`: that of the first ones, as it lies in the bytes. */
function written(list: readonly Functions[]): { kept: KeptGroup; code: Uint8Array } {
  const { layout } = list[list.length - 1];
  const { bytes, codeAt } = new SideWriter(layout).write(list, true);
  const pieces = list.map(({ layout, members, starts }, k): KeptPiece => {
    const codeStarts = starts.map((start) => codeAt[k] + start);
    return { members, first: layout.firstFunc, codeStarts, added: layout.addedKeys };
  });
  return {
    kept: { bytes, mirrors: layout.mirrors, pieces },
    code: bytes.subarray(codeAt[0], codeAt[0] + list[0].code.length),
  };
}

/** A group that has been emitted before. */
export function keptGroup(base: Layout, kept: KeptGroup): GroupModule {
  const { bytes, mirrors, pieces } = kept;
  return {
    ...{ bytes, mirrors, kept },
    members: membersOf(kept),
    originAt(offset) {
      for (const { members, first, codeStarts, added } of pieces) {
        const at = codeStarts.findIndex((start) => start > offset) - 1;
        if (at < 0) continue;
        const layout = restored(new SideLayout(base, members, base.copiesLoops, first), { mirrors, added });
        const funcidx = members[at];
        return { funcidx, offset: new Body(layout, funcidx).originOf(offset - codeStarts[at]) };
      }
      return undefined;
    },
  };
}

/** What is to be kept of it. */
export function sideBytes({ bytes, codeStarts, layout }: ContinuationModule): SideBytes {
  return { bytes, codeStarts, mirrors: layout.mirrors, added: layout.addedKeys };
}
function restored(layout: SideLayout, { mirrors, added }: Pick<SideBytes, 'mirrors' | 'added'>): SideLayout {
  layout.mirrors.push(...mirrors);
  layout.knowAdded(added);
  return layout;
}

export interface ContinuationModule extends SideModule {
  readonly layout: SideLayout;
  readonly codeStarts: readonly number[];
  readonly funcidx: number;
  readonly shape: FrameShape;
}

/** The continuation of a function from these loops on. `id`: by what the runtime knows its frames. */
export function emitContinuation(
  base: Layout,
  funcidx: number,
  id: number,
  entries: Entries,
): ContinuationModule {
  const layout = new SideLayout(base, [], true);
  const { code, shape } = new Continuation(layout, funcidx, id, entries).instrument();
  const typeidx = layout.calledTypeidx(base.module.funcTypes[funcidx]);
  return new ContinuationOf(layout, funcidx, id, () => entries, writeOne(layout, typeidx, code), shape);
}

/** One that has been emitted before. */
export function keptContinuation(
  base: Layout,
  funcidx: number,
  id: number,
  entriesOf: () => Entries,
  kept: SideBytes,
): ContinuationModule {
  const layout = restored(new SideLayout(base, [], true), kept);
  return new ContinuationOf(layout, funcidx, id, entriesOf, kept);
}

class ContinuationOf implements ContinuationModule {
  readonly bytes: Uint8Array;
  readonly codeStarts: readonly number[];

  constructor(
    readonly layout: SideLayout,
    readonly funcidx: number,
    private readonly id: number,
    private readonly entriesOf: () => Entries,
    { bytes, codeStarts }: Pick<SideBytes, 'bytes' | 'codeStarts'>,
    private knownShape?: FrameShape,
  ) {
    this.bytes = bytes;
    this.codeStarts = codeStarts;
  }

  get shape(): FrameShape {
    this.knownShape ??= this.body().instrument().shape;
    return this.knownShape;
  }
  get mirrors(): readonly number[] {
    return this.layout.mirrors;
  }
  originAt(offset: number): SideOrigin | undefined {
    const [start, end] = this.codeStarts;
    if (offset < start || offset >= end) return undefined;
    return { funcidx: this.funcidx, offset: this.body().originOf(offset - start) };
  }
  private body(): Continuation {
    return new Continuation(this.layout, this.funcidx, this.id, this.entriesOf());
  }
}

/** A module whose function is of this type and calls out: a function of another instance, of which the runtime is told the number `id`. */
export function emitForeign(base: Layout, type: FuncType, id: number): Uint8Array {
  const layout = new SideLayout(base, [], false);
  const body = callsOut(layout, type, id).body(id);
  return writeOne(layout, layout.calledType(type), body).bytes;
}

/** A module that exports one function. */
function writeOne(
  layout: SideLayout,
  typeidx: number,
  code: Emitter,
): Pick<SideBytes, 'bytes' | 'codeStarts'> {
  const functions = functionsOf(layout, [NOBODY], [typeidx], [code]);
  const { bytes, codeAt } = new SideWriter(layout).write([functions], false);
  return { bytes, codeStarts: functions.starts.map((start) => codeAt[0] + start) };
}
/** No function of the original. */
const NOBODY = -1;

/** `codes`: of the members; the functions that have been added meanwhile come behind them. */
function functionsOf(
  layout: SideLayout,
  members: readonly number[],
  types: readonly number[],
  codes: readonly Emitter[],
): Functions {
  const { addedFunctions } = layout;
  const to = new Emitter(1024);
  const starts: number[] = [];
  for (const code of codes) {
    to.sized(code);
    starts.push(to.length - code.length);
  }
  starts.push(to.length);
  for (const { body } of addedFunctions) to.sized(body);
  const typeidxs = [...types, ...addedFunctions.map(({ typeidx }) => typeidx)];
  return { layout, members, typeidxs, code: to.bytes.subarray(0, to.length), starts };
}
/** Code entries of functions that stand in the place of a unit's other groups. */
const EMPTY_BODY = entryOf([], () => {});

const NO_HELPERS: readonly number[] = [];
/** A segment's flags: it is active in the first table, and holds function indices. */
const ACTIVE_IN_FIRST_TABLE = 0;

/** What side modules begin with, by their mirrors: types and imports, with as many added types as there were. */
type Beginnings = Map<string, { readonly types: number; readonly sections: Emitter }>;
/** By the main module: it is the same for most of them, and so written once. */
const known = new WeakMap<Layout, Beginnings>();

class SideWriter extends SectionWriter<SideLayout> {
  constructor(layout: SideLayout) {
    super(layout, 1024);
  }

  /**
   * Functions by their places, and where their code begins. `areReplaced`: the members are functions of the original which these replace in
   * the table of all functions; else they are exported.
   */
  write(
    list: readonly Functions[],
    areReplaced: boolean,
  ): { readonly bytes: Uint8Array; readonly codeAt: readonly number[] } {
    const { out } = this;
    const nothing = this.layout.typeidx([], []);
    this.begin();
    /** With what there is for those that are missing before each. */
    const all = (to: Emitter, missing: () => void, present: (functions: Functions) => void): void => {
      const last = list[list.length - 1];
      to.u32(last.layout.firstFunc + last.typeidxs.length);
      let count = 0;
      for (const functions of list) {
        for (; count < functions.layout.firstFunc; count++) missing();
        present(functions);
        count += functions.typeidxs.length;
      }
    };
    this.section('function', (to) => {
      const missing = () => to.u32(nothing);
      all(to, missing, ({ typeidxs }) => {
        for (const typeidx of typeidxs) to.u32(typeidx);
      });
    });
    if (areReplaced) this.replaced(list);
    else this.exported(list);
    const starts: number[] = [];
    let length = 0;
    this.section('code', (to) => {
      const missing = () => to.sized(EMPTY_BODY);
      all(to, missing, ({ code }) => {
        starts.push(to.length);
        to.copy(code, 0, code.length);
      });
      length = to.length;
    });
    const from = out.length - length;
    return { bytes: this.written(), codeAt: starts.map((start) => from + start) };
  }

  /** Types and imports. */
  private begin(): void {
    const { out, layout } = this;
    const types = layout.added.length;
    const key = layout.mirrors.join();
    const beginnings: Beginnings = known.get(layout.base) ?? new Map();
    known.set(layout.base, beginnings);
    const beginning = beginnings.get(key);
    if (beginning?.types === types) {
      out.append(beginning.sections);
      return;
    }
    const from = out.length;
    this.types();
    const globals = this.globalTypes().map((type, k): EmittedImport => {
      const describe = (to: Emitter) => {
        to.u8(emittedType(type));
        to.u8(1);
      };
      return { from: 'global', name: String(k), kind: 'global', describe };
    });
    this.imports(NO_HELPERS, [
      { from: 'functions', name: 'all', kind: 'table', describe: anyTable },
      ...globals,
    ]);
    const sections = new Emitter(out.length);
    sections.copy(out.bytes, from, out.length);
    beginnings.set(key, { types, sections });
  }

  private exported([{ layout, members }]: readonly Functions[]): void {
    this.section('export', (to) => {
      to.u32(members.length);
      members.forEach((_, k) => {
        to.name(String(k));
        to.u8(KINDS.func);
        to.u32(layout.firstFunc + k);
      });
    });
  }

  /** To export them would make an object of the host for each. */
  private replaced(list: readonly Functions[]): void {
    this.section('element', (to) => {
      to.u32(list.reduce((count, { members }) => count + members.length, 0));
      for (const { layout, members } of list) {
        members.forEach((funcidx, k) => {
          to.u8(ACTIVE_IN_FIRST_TABLE);
          to.i32Const(funcidx);
          to.op('end');
          to.u32(1);
          to.u32(layout.firstFunc + k);
        });
      }
    });
  }
}
