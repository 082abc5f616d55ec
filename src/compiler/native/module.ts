/** Emits the instrumented module: module in, bytes out, for the host's engine to compile. */
import type { Module } from '../../decoder';
import { SECTIONS } from '../../decoder/sections';
import { callIn, callOut, globalsIn, globalsOut, IN_PARAMS, IN_RESULTS } from './adapters';
import { Body } from './body';
import { Emitter, emittedType } from './emitter';
import type { FrameShape } from './frame';
import { Layout } from './layout';
import { FUNCREF, KINDS, SectionWriter, vector } from './section-writer';

/** What has been emitted, and what the runtime must know of it. */
export interface EmittedModule {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  /** By function index: whether its body is in the module. */
  readonly isNative: (funcidx: number) => boolean;
  /** Offsets of the code entries of functions in `bytes`, by function index. */
  readonly codeStart: Uint32Array;
}

/** Emits a module of this name with the functions for which `isNative` holds; the others call out. */
export function emitModule(
  module: Module,
  isNative: (funcidx: number) => boolean,
  name: string,
): EmittedModule {
  const layout = new Layout(module);
  const writer = new ModuleWriter(layout, isNative);
  const bytes = writer.write(name);
  return { bytes, layout, isNative, codeStart: writer.codeStart };
}

/** What a frame of a function holds that unwinds: found when it is asked for, by emitting the function again. */
export function shapeOf(layout: Layout, funcidx: number): FrameShape {
  return new Body(layout, funcidx).instrument().shape;
}

class ModuleWriter extends SectionWriter<Layout> {
  readonly codeStart: Uint32Array;
  private readonly module: Module;
  private readonly isNative: (funcidx: number) => boolean;

  constructor(layout: Layout, isNative: (funcidx: number) => boolean) {
    const { module } = layout;
    super(layout, 2 * module.bytes.length + 1024);
    this.module = module;
    this.isNative = isNative;
    this.codeStart = new Uint32Array(module.funcTypes.length);
  }

  write(name: string): Uint8Array {
    const { module, layout } = this;
    const bodies: Emitter[] = [];
    module.funcTypes.forEach((_, funcidx) => {
      bodies.push(
        this.isNative(funcidx)
          ? new Body(layout, funcidx).instrument().code
          : callOut(layout, module.funcType(funcidx), funcidx),
      );
    });
    const adapted = adaptedTypes(module);
    const table = layout.mirrors.length;
    for (const typeidx of adapted) {
      bodies.push(callIn(layout, module.types[typeidx].composite.func, typeidx, table));
    }
    bodies.push(globalsIn(layout), globalsOut(layout));
    const nothing = layout.typeidx([], []);
    const added = [...adapted.map(() => layout.typeidx(IN_PARAMS, IN_RESULTS)), nothing, nothing];
    const helpers = this.helperTypes();
    this.types();
    this.imports(helpers, []);
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
    this.name(name);
    return this.written();
  }

  private globals(to: Emitter): void {
    vector(to, this.globalTypes(), (type) => {
      to.u8(emittedType(type));
      to.u8(1);
      to.defaultOf(type);
      to.op('end');
    });
  }

  private exports(to: Emitter, adapted: readonly number[], table: number): void {
    const { module, layout } = this;
    const exports: [name: string, kind: number, index: number][] = [['functions', KINDS.table, table]];
    this.globalTypes().forEach((_, k) => {
      exports.push([`global ${k}`, KINDS.global, k]);
    });
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

/** The types of functions, each once, by their indices. */
export function adaptedTypes(module: Module): number[] {
  return [...new Set(module.funcTypes)].sort((a, b) => a - b);
}
