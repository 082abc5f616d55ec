/** Emits the instrumented module: module in, bytes out, for the host's engine to compile. */
import type { Module, ValType } from '../../decoder';
import { SECTIONS } from '../../decoder/sections';
import { callIn, callOut, globalsIn, globalsOut, IN_PARAMS, IN_RESULTS } from './adapters';
import { Body } from './body';
import { Emitter, emittedType } from './emitter';
import type { FrameShape } from './frame';
import { CELL_NAMES, CELLS, HELPER_NAMES, HELPERS, type HelpedInstruction, Layout } from './layout';

/** What has been emitted, and what the runtime must know of it. */
export interface EmittedModule {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  /** By function index: whether its body is in the module. */
  readonly isNative: (funcidx: number) => boolean;
  /** Offsets of the code entries of functions in `bytes`, by function index. */
  readonly codeStart: Uint32Array;
  readonly effects: readonly HelpedInstruction[];
}

const FUNC = 0x60;
const FUNCREF = 0x70;
const KINDS = { func: 0, table: 1, memory: 2, global: 3 } as const;
const PAGE_LIMIT = 65_536;

/** Emits a module with the functions for which `isNative` holds; the others call out. */
export function emitModule(module: Module, isNative: (funcidx: number) => boolean): EmittedModule {
  const writer = new ModuleWriter(module, isNative);
  const bytes = writer.write();
  const { layout, codeStart } = writer;
  return { bytes, layout, isNative, codeStart, effects: layout.effects };
}

/** What a frame of a function holds that unwinds: found when it is asked for, by emitting the function again. */
export function shapeOf(module: Module, funcidx: number): FrameShape {
  return new Body(new Layout(module), funcidx).instrument().shape;
}

class ModuleWriter {
  readonly layout: Layout;
  readonly codeStart: Uint32Array;
  private readonly module: Module;
  private readonly isNative: (funcidx: number) => boolean;
  private readonly out: Emitter;

  constructor(module: Module, isNative: (funcidx: number) => boolean) {
    this.module = module;
    this.isNative = isNative;
    this.layout = new Layout(module);
    this.codeStart = new Uint32Array(module.funcTypes.length);
    this.out = new Emitter(2 * module.bytes.length + 1024);
  }

  write(): Uint8Array {
    const { out, module, layout } = this;
    const bodies: Emitter[] = [];
    module.funcTypes.forEach((_, funcidx) => {
      bodies.push(
        this.isNative(funcidx) ? new Body(layout, funcidx).instrument().code : callOut(layout, funcidx),
      );
    });
    const adapted = adaptedTypes(module);
    const table = layout.mirrors.length;
    for (const typeidx of adapted) {
      bodies.push(callIn(layout, module.types[typeidx].composite.func, typeidx, table));
    }
    bodies.push(globalsIn(layout), globalsOut(layout));
    const added = [
      ...adapted.map(() => layout.typeidx(IN_PARAMS, IN_RESULTS)),
      layout.typeidx([], []),
      layout.typeidx([], []),
    ];
    const helpers = HELPER_NAMES.map((name) => layout.typeidx(HELPERS[name].params, HELPERS[name].results));
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.u8(byte);
    this.section('type', (to) => this.types(to));
    this.section('import', (to) => this.imports(to, helpers));
    this.section('function', (to) =>
      vector(to, [...module.funcTypes, ...added], (typeidx) => to.u32(typeidx)),
    );
    this.section('table', (to) => {
      to.u32(1);
      to.u8(FUNCREF);
      to.u8(0);
      to.u32(module.funcTypes.length);
    });
    this.section('global', (to) => this.globals(to));
    this.section('export', (to) => this.exports(to, adapted, table));
    this.section('element', (to) => this.elements(to, table));
    this.code(bodies);
    return out.bytes.slice(0, out.length);
  }

  private section(name: keyof typeof SECTIONS, write: (to: Emitter) => void): void {
    const contents = new Emitter();
    write(contents);
    this.out.u8(SECTIONS[name]);
    this.out.sized(contents);
  }

  private types(to: Emitter): void {
    const { module, layout } = this;
    const types = [...module.types.map(({ composite }) => composite.func), ...layout.added];
    vector(to, types, ({ params, results }) => {
      to.u8(FUNC);
      to.types(params);
      to.types(results);
    });
  }

  private imports(to: Emitter, helpers: readonly number[]): void {
    const { module, layout } = this;
    to.u32(HELPER_NAMES.length + module.memories.length + layout.mirrors.length);
    HELPER_NAMES.forEach((name, k) => {
      to.name('runtime');
      to.name(name);
      to.u8(KINDS.func);
      to.u32(helpers[k]);
    });
    module.memories.forEach((_, k) => {
      to.name('memory');
      to.name(String(k));
      to.u8(KINDS.memory);
      to.u8(1);
      to.u32(0);
      to.u32(PAGE_LIMIT);
    });
    for (const tableidx of layout.mirrors) {
      to.name('table');
      to.name(String(tableidx));
      to.u8(KINDS.table);
      to.u8(FUNCREF);
      to.u8(0);
      to.u32(0);
    }
  }

  private globals(to: Emitter): void {
    const types: ValType[] = this.module.globals.map(({ value }) => value);
    types.push(...CELL_NAMES.map((name) => CELLS[name]));
    vector(to, types, (type) => {
      to.u8(emittedType(type));
      to.u8(1);
      to.defaultOf(type);
      to.op('end');
    });
  }

  private exports(to: Emitter, adapted: readonly number[], table: number): void {
    const { module, layout } = this;
    const exports: [name: string, kind: number, index: number][] = [['functions', KINDS.table, table]];
    for (const cell of CELL_NAMES) exports.push([cell, KINDS.global, layout.globalidx(cell)]);
    let funcidx = layout.funcidx(module.funcTypes.length);
    for (const typeidx of adapted) exports.push([`in ${typeidx}`, KINDS.func, funcidx++]);
    exports.push(['globals in', KINDS.func, funcidx++], ['globals out', KINDS.func, funcidx]);
    vector(to, exports, ([name, kind, index]) => {
      to.name(name);
      to.u8(kind);
      to.u32(index);
    });
  }

  /** All functions, by their indices in the original. */
  private elements(to: Emitter, table: number): void {
    to.u32(1);
    to.u8(2);
    to.u32(table);
    to.i32Const(0);
    to.op('end');
    to.u8(0);
    vector(to, Array.from(this.module.funcTypes.keys()), (funcidx) => to.u32(this.layout.funcidx(funcidx)));
  }

  private code(bodies: readonly Emitter[]): void {
    const { out, codeStart } = this;
    const contents = new Emitter(this.module.bytes.length);
    contents.u32(bodies.length);
    bodies.forEach((body, k) => {
      contents.u32(body.length);
      if (k < codeStart.length) codeStart[k] = contents.length;
      contents.append(body);
    });
    out.u8(SECTIONS.code);
    out.u32(contents.length);
    codeStart.forEach((_, k) => {
      codeStart[k] += out.length;
    });
    out.append(contents);
  }
}

function vector<T>(to: Emitter, items: readonly T[], write: (item: T) => void): void {
  to.u32(items.length);
  for (const item of items) write(item);
}

/** The types of functions, each once, by their indices. */
export function adaptedTypes(module: Module): number[] {
  return [...new Set(module.funcTypes)].sort((a, b) => a - b);
}
