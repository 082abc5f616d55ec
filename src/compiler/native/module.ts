/** Emits the instrumented module: module in, bytes out, for the host's engine to compile. */
import { type FuncType, I32, type Module } from '../../decoder';
import { SECTIONS } from '../../decoder/sections';
import {
  callDirect,
  callDirectlyIn,
  callIn,
  callLoadedOrOut,
  callPlainOrOut,
  callsOut,
  directParams,
  GLOBALS_IN,
  GLOBALS_OUT,
  globalsIn,
  globalsOut,
  handsOn,
  helperWrappers,
  type NumberedBody,
  typeDirectlyInto,
  typeInto,
} from './adapters';
import { Body } from './body';
import { Emitter, emittedType } from './emitter';
import { whyNotFunction } from './facts';
import type { FrameShape } from './frame';
import { HELPER_NAMES, isBrief, isDirect, type Layout } from './layout';
import { NotNative } from './refusals';
import { type EmittedImport, FUNCREF, KINDS, SectionWriter, vector } from './section-writer';
import { STATE_PARAMS, STATE_RESULTS } from './state';

/** What has been emitted, and what the runtime must know of it. */
export interface EmittedModule {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  /** Functions of a whole module whose bodies are not in it, and why. */
  readonly refused: ReadonlyMap<number, string>;
  /** Offsets of the code entries of functions in `bytes`, by function index, and where the last one ends. */
  readonly codeStart: Uint32Array;
}

/** Emits the main module. Functions that cannot run natively, or that `refuse` gives a reason for, call out. */
export function emitModule(
  layout: Layout,
  refuse: (funcidx: number) => string | undefined = () => undefined,
): EmittedModule {
  const writer = new ModuleWriter(layout, refuse);
  const bytes = writer.write();
  return { bytes, layout, refused: writer.refused, codeStart: writer.codeStart };
}

/** A main module whose functions all call out: until they are replaced in its table of functions. */
export function emitHollow(layout: Layout): EmittedModule {
  const writer = new ModuleWriter(layout, () => undefined);
  const bytes = writer.writeHollow();
  return { bytes, layout, refused: writer.refused, codeStart: writer.codeStart };
}

/** What a frame of a function holds that unwinds: found when it is asked for, by emitting the function again. */
export function shapeOf(layout: Layout, funcidx: number): FrameShape {
  return new Body(layout, funcidx).instrument().shape;
}

/** A function behind the original's, and the name that it is exported by. */
interface AddedFunction {
  readonly typeidx: number;
  readonly body: Emitter;
  readonly name?: string;
}
const NONE: readonly AddedFunction[] = [];

class ModuleWriter extends SectionWriter<Layout> {
  readonly codeStart: Uint32Array;
  private readonly module: Module;
  readonly refused = new Map<number, string>();
  private readonly refuse: (funcidx: number) => string | undefined;

  constructor(layout: Layout, refuse: (funcidx: number) => string | undefined) {
    const { module } = layout;
    super(layout, 1024);
    this.module = module;
    this.refuse = refuse;
    this.codeStart = new Uint32Array(module.funcTypes.length + 1);
  }

  write(): Uint8Array {
    const bodies = this.bodies();
    return this.writeWith((funcidx) => bodies[funcidx], NONE);
  }

  writeHollow(): Uint8Array {
    const { module, layout } = this;
    const table = layout.mirrors.length;
    const shared: AddedFunction[] = [];
    const known = new Map<number, NumberedBody>();
    const first = layout.funcidx(module.funcTypes.length) + this.adapters().length;
    const body = (funcidx: number): Emitter => {
      const type = module.funcType(funcidx);
      if (funcidx < module.importedFuncs) return this.imported(funcidx);
      const typeidx = module.funcTypes[funcidx];
      let stub = known.get(typeidx);
      if (stub === undefined) {
        const loaded = { typeidx: layout.calledTypeidx(typeidx), table };
        stub = handsOn(type, first + shared.length, module.funcTypes.length);
        shared.push({
          typeidx: layout.typeidx(
            [...type.params, ...STATE_PARAMS, I32],
            [...type.results, ...STATE_RESULTS],
          ),
          body: callLoadedOrOut(layout, type, loaded),
        });
        known.set(typeidx, stub);
      }
      return stub.body(funcidx);
    };
    // All types are known before the first section is written.
    for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++) body(funcidx);
    return this.writeWith(body, shared);
  }

  /** Into the module by each type of a function, and the globals both ways where there are such: each costs every instance an object. */
  private adapters(): AddedFunction[] {
    const { module, layout } = this;
    const nothing = layout.typeidx([], []);
    const table = layout.mirrors.length;
    const adapters = adaptedTypes(module).flatMap((typeidx): AddedFunction[] => {
      const type = module.types[typeidx].composite.func;
      const added = ({ params, results }: FuncType, body: Emitter, name: string): AddedFunction => {
        return { typeidx: layout.typeidx(params, results), body, name };
      };
      const into = added(typeInto(type), callIn(layout, type, typeidx, table), `in ${typeidx}`);
      if (isDirect(type) || !isBrief(type, layout.variant)) return [into];
      const body = callDirectlyIn(layout, type, typeidx, table);
      return [into, added(typeDirectlyInto(type), body, `directly in ${typeidx}`)];
    });
    if (module.globals.length > 0)
      adapters.push({ typeidx: nothing, body: globalsIn(layout), name: GLOBALS_IN });
    if (module.written.size > 0)
      adapters.push({ typeidx: nothing, body: globalsOut(layout), name: GLOBALS_OUT });
    return adapters;
  }

  private writeWith(body: (funcidx: number) => Emitter, shared: readonly AddedFunction[]): Uint8Array {
    const { module, layout } = this;
    const table = layout.mirrors.length;
    const added = [...this.adapters(), ...shared];
    const helpers = this.helperTypes();
    const direct = layout.direct.map((funcidx): EmittedImport => {
      const type = module.funcType(funcidx);
      const typeidx = layout.typeidx(directParams(type), type.results);
      return { from: 'direct', name: String(funcidx), kind: 'func', describe: (to) => to.u32(typeidx) };
    });
    const typeidxs = layout.wrapsHelpers ? [...helpers] : [];
    for (const typeidx of module.funcTypes) typeidxs.push(layout.calledTypeidx(typeidx));
    for (const { typeidx } of added) typeidxs.push(typeidx);
    this.types();
    this.imports(helpers, [], direct);
    this.section('function', (to) => vector(to, typeidxs, (typeidx) => to.u32(typeidx)));
    this.section('table', (to) => {
      to.u32(1);
      to.u8(FUNCREF);
      to.u8(0);
      to.u32(module.funcTypes.length + HELPER_NAMES.length);
    });
    this.section('global', (to) => this.globals(to));
    this.section('export', (to) => this.exports(to, added, table));
    this.section('element', (to) => this.elements(to, table));
    this.code(body, added);
    return this.written();
  }

  /** Of all functions; once more when a quiet one turns out to be outside, since its callers must be able to unwind. */
  private bodies(): Emitter[] {
    const { module, layout, refused } = this;
    for (;;) {
      const before = layout.outside.size;
      const bodies = Array.from(module.funcTypes, (_, funcidx) => this.body(funcidx));
      for (const funcidx of refused.keys()) if (layout.isQuiet(funcidx)) layout.outside.add(funcidx);
      if (layout.outside.size === before) return bodies;
    }
  }

  private body(funcidx: number): Emitter {
    const { module } = this;
    const why = funcidx < module.importedFuncs ? 'it is imported' : this.refuse(funcidx);
    const body = why ?? this.nativeBody(funcidx);
    if (typeof body !== 'string') return body;
    this.refused.set(funcidx, body);
    return this.imported(funcidx);
  }

  /** Of a function that is not in the module. */
  private imported(funcidx: number): Emitter {
    const { module, layout } = this;
    const type = module.funcType(funcidx);
    const direct = layout.direct.indexOf(funcidx);
    if (direct < 0) return callsOut(layout, type, funcidx).body(funcidx);
    const bit = layout.plain.indexOf(funcidx);
    return bit < 0
      ? callDirect(layout, type, direct)
      : callPlainOrOut(layout, type, { direct, bit, id: funcidx });
  }

  /** Or why there is none. */
  private nativeBody(funcidx: number): Emitter | string {
    const why = whyNotFunction(this.layout.module, funcidx, this.layout.variant.isExact);
    if (why !== undefined) return why;
    try {
      return new Body(this.layout, funcidx).instrument().code;
    } catch (error) {
      if (error instanceof NotNative) return error.message;
      throw error;
    }
  }

  private globals(to: Emitter): void {
    vector(to, this.globalTypes(), (type) => {
      to.u8(emittedType(type));
      to.u8(1);
      to.defaultOf(type);
      to.op('end');
    });
  }

  private exports(to: Emitter, added: readonly AddedFunction[], table: number): void {
    const exports: [name: string, kind: number, index: number][] = [['functions', KINDS.table, table]];
    this.globalTypes().forEach((_, k) => {
      exports.push([`global ${k}`, KINDS.global, k]);
    });
    const first = this.layout.funcidx(this.module.funcTypes.length);
    added.forEach(({ name }, k) => {
      if (name !== undefined) exports.push([name, KINDS.func, first + k]);
    });
    vector(to, exports, ([name, kind, index]) => {
      to.name(name);
      to.u8(kind);
      to.u32(index);
    });
  }

  /** All functions, by their indices in the original, and the helpers. */
  private elements(to: Emitter, table: number): void {
    to.u32(1);
    to.u8(2);
    to.u32(table);
    to.i32Const(0);
    to.op('end');
    to.u8(0);
    const { layout } = this;
    const functions = Array.from(this.module.funcTypes.keys(), (funcidx) => layout.funcidx(funcidx));
    const helpers = HELPER_NAMES.map((name) => layout.helper(name));
    vector(to, [...functions, ...helpers], (funcidx) => to.u32(funcidx));
  }

  private code(body: (funcidx: number) => Emitter, added: readonly AddedFunction[]): void {
    const { out, codeStart, layout } = this;
    const { length } = this.module.funcTypes;
    const contents = new Emitter(2 ** 14);
    const wrappers = layout.wrapsHelpers ? helperWrappers(layout) : [];
    contents.u32(wrappers.length + length + added.length);
    for (const wrapper of wrappers) contents.sized(wrapper);
    for (let funcidx = 0; funcidx < length; funcidx++) {
      const code = body(funcidx);
      contents.u32(code.length);
      codeStart[funcidx] = contents.length;
      contents.append(code);
    }
    codeStart[length] = contents.length;
    for (const one of added) contents.sized(one.body);
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
