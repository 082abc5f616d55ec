/**
 * Modules beside a program's main one: a group of its functions, one continuation, or a function that leads to another instance. They
 * import its globals and the table of all functions, through which they call what is not in them. A group puts what it holds into that table;
 * the others export it by position.
 */
import type { FuncType } from '../../decoder';
import { callsOut } from './adapters';
import { Body } from './body';
import { Continuation } from './continuation';
import { Emitter, emittedType } from './emitter';
import type { Entries } from './entries';
import type { FrameShape } from './frame';
import { type Layout, SideLayout } from './layout';
import { anyTable, type EmittedImport, KINDS, SectionWriter, vector } from './section-writer';

/** A function of the main module, or a part of one. */
export interface SideBody {
  readonly funcidx: number;
  /** The module offset of the instruction that stands at an offset of the code entry. */
  originOf(offset: number): number;
}
export interface SideModule {
  readonly bytes: Uint8Array;
  readonly layout: SideLayout;
  readonly bodies: readonly SideBody[];
  /** Offsets of their code entries in `bytes`, and where the last one ends. */
  readonly codeStarts: readonly number[];
}

/** What has been emitted of a side module, as data. */
export interface SideBytes {
  readonly bytes: Uint8Array;
  readonly codeStarts: readonly number[];
  /** Tables of the original that it calls through. */
  readonly mirrors: readonly number[];
  /** What its added functions are known by, in their order. */
  readonly added: readonly string[];
}

/** These functions, all of which can run natively. */
export function emitGroup(base: Layout, members: readonly number[]): SideModule {
  const layout = new SideLayout(base, members, base.copiesLoops);
  const codes = members.map((funcidx) => new Body(layout, funcidx).instrument().code);
  const types = members.map((funcidx) => layout.calledTypeidx(base.module.funcTypes[funcidx]));
  return group(layout, members, new SideWriter(layout, types).write(codes, members));
}

/** A group that has been emitted before. */
export function keptGroup(base: Layout, members: readonly number[], kept: SideBytes): SideModule {
  const layout = restored(new SideLayout(base, members, base.copiesLoops), kept);
  return group(layout, members, kept);
}

/** What is to be kept of it. */
export function sideBytes({ bytes, codeStarts, layout }: SideModule): SideBytes {
  return { bytes, codeStarts, mirrors: layout.mirrors, added: layout.addedKeys };
}
function restored(layout: SideLayout, { mirrors, added }: SideBytes): SideLayout {
  layout.mirrors.push(...mirrors);
  layout.knowAdded(added);
  return layout;
}

function group(layout: SideLayout, members: readonly number[], { bytes, codeStarts }: Written): SideModule {
  const bodies = members.map((funcidx): SideBody => {
    return { funcidx, originOf: (offset) => new Body(layout, funcidx).originOf(offset) };
  });
  return { bytes, layout, bodies, codeStarts };
}

export interface ContinuationModule extends SideModule {
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
  const writer = new SideWriter(layout, [layout.calledTypeidx(base.module.funcTypes[funcidx])]);
  return new ContinuationOf(layout, funcidx, id, () => entries, writer.write([code]), shape);
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

class ContinuationOf implements ContinuationModule, SideBody {
  readonly bytes: Uint8Array;
  readonly codeStarts: readonly number[];
  readonly bodies = [this];

  constructor(
    readonly layout: SideLayout,
    readonly funcidx: number,
    private readonly id: number,
    private readonly entriesOf: () => Entries,
    { bytes, codeStarts }: Written,
    private knownShape?: FrameShape,
  ) {
    this.bytes = bytes;
    this.codeStarts = codeStarts;
  }

  get shape(): FrameShape {
    this.knownShape ??= this.body().instrument().shape;
    return this.knownShape;
  }
  originOf(offset: number): number {
    return this.body().originOf(offset);
  }
  private body(): Continuation {
    return new Continuation(this.layout, this.funcidx, this.id, this.entriesOf());
  }
}

/** A module whose function is of this type and calls out: a function of another instance, of which the runtime is told the number `id`. */
export function emitForeign(base: Layout, type: FuncType, id: number): Uint8Array {
  const layout = new SideLayout(base, [], false);
  const body = callsOut(layout, type, id).body(id);
  return new SideWriter(layout, [layout.calledType(type)]).write([body]).bytes;
}
const NO_HELPERS: readonly number[] = [];
/** A segment's flags: it is active in the first table, and holds function indices. */
const ACTIVE_IN_FIRST_TABLE = 0;

/** What side modules begin with, by their mirrors: types and imports, with as many added types as there were. */
type Beginnings = Map<string, { readonly types: number; readonly sections: Emitter }>;
/** By the main module: it is the same for most of them, and so written once. */
const known = new WeakMap<Layout, Beginnings>();

interface Written {
  readonly bytes: Uint8Array;
  readonly codeStarts: readonly number[];
}

class SideWriter extends SectionWriter<SideLayout> {
  /** Of its functions. */
  private readonly typeidxs: readonly number[];

  constructor(layout: SideLayout, typeidxs: readonly number[]) {
    super(layout, 1024);
    this.typeidxs = typeidxs;
  }

  /** `members`: functions of the original which these are, and which they replace in the table of all functions. */
  write(bodies: readonly Emitter[], members?: readonly number[]): Written {
    const { out, layout } = this;
    const { addedFunctions } = layout;
    const typeidxs = [...this.typeidxs, ...addedFunctions.map(({ typeidx }) => typeidx)];
    this.begin();
    this.section('function', (to) => vector(to, typeidxs, (typeidx) => to.u32(typeidx)));
    if (members === undefined) this.exports(bodies.length);
    else this.replaced(members);
    const starts: number[] = [];
    let length = 0;
    this.section('code', (to) => {
      to.u32(bodies.length + addedFunctions.length);
      for (const body of bodies) {
        to.sized(body);
        starts.push(to.length - body.length);
      }
      starts.push(to.length);
      for (const { body } of addedFunctions) to.sized(body);
      length = to.length;
    });
    const from = out.length - length;
    return { bytes: this.written(), codeStarts: starts.map((start) => from + start) };
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

  private exports(count: number): void {
    this.section('export', (to) => {
      to.u32(count);
      for (let k = 0; k < count; k++) {
        to.name(String(k));
        to.u8(KINDS.func);
        to.u32(this.layout.firstFunc + k);
      }
    });
  }

  /** To export them would make an object of the host for each. */
  private replaced(members: readonly number[]): void {
    this.section('element', (to) => {
      to.u32(members.length);
      members.forEach((funcidx, k) => {
        to.u8(ACTIVE_IN_FIRST_TABLE);
        to.i32Const(funcidx);
        to.op('end');
        to.u32(1);
        to.u32(this.layout.firstFunc + k);
      });
    });
  }
}
