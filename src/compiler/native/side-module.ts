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

/** These functions, all of which can run natively. */
export function emitGroup(base: Layout, members: readonly number[], name: string): SideModule {
  const layout = new SideLayout(base, members, base.copiesLoops);
  const bodies = members.map((funcidx): SideBody => {
    return { funcidx, originOf: (offset) => new Body(layout, funcidx).originOf(offset) };
  });
  const codes = members.map((funcidx) => new Body(layout, funcidx).instrument().code);
  const types = members.map((funcidx) => layout.calledTypeidx(base.module.funcTypes[funcidx]));
  const { bytes, codeStarts } = new SideWriter(layout, types).write(codes, name, members);
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
  name: string,
): ContinuationModule {
  const layout = new SideLayout(base, [], true);
  const body = new Continuation(layout, funcidx, id, entries).instrument();
  const writer = new SideWriter(layout, [layout.calledTypeidx(base.module.funcTypes[funcidx])]);
  const { bytes, codeStarts } = writer.write([body.code], name);
  const originOf = (offset: number) => new Continuation(layout, funcidx, id, entries).originOf(offset);
  const bodies = [{ funcidx, originOf }];
  return { bytes, layout, bodies, codeStarts, funcidx, shape: body.shape };
}

/** A module whose function is of this type and calls out: a function of another instance, of which the runtime is told the number `id`. */
export function emitForeign(base: Layout, type: FuncType, id: number): Uint8Array {
  const layout = new SideLayout(base, [], false);
  const body = callsOut(layout, type, id).body(id);
  return new SideWriter(layout, [layout.calledType(type)]).write([body], NO_NAME).bytes;
}
const NO_NAME = '';
const NO_HELPERS: readonly number[] = [];
/** A segment's flags: it is active in the first table, and holds function indices. */
const ACTIVE_IN_FIRST_TABLE = 0;

/** What side modules begin with, by their mirrors: types and imports, with as many added types as there were. */
type Beginnings = Map<string, { readonly types: number; readonly sections: Emitter }>;
/** By the main module: it is the same for most of them, and so written once. */
const known = new WeakMap<Layout, Beginnings>();

class SideWriter extends SectionWriter<SideLayout> {
  /** Of its functions. */
  private readonly typeidxs: readonly number[];

  constructor(layout: SideLayout, typeidxs: readonly number[]) {
    super(layout, 1024);
    this.typeidxs = typeidxs;
  }

  /** `members`: functions of the original which these are, and which they replace in the table of all functions. */
  write(
    bodies: readonly Emitter[],
    name: string,
    members?: readonly number[],
  ): { bytes: Uint8Array; codeStarts: number[] } {
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
    this.name(name);
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
