/** For tests: runs emitted modules on Node's own engine with a runtime that only notes what happens. */
import type { Module, ValType } from '../../decoder';
import { typesOfLocals } from '../../decoder/body';
import { Reader } from '../../decoder/reader';
import { SECTIONS } from '../../decoder/sections';
import { typesOf } from '../../decoder/typelist';
import type { FrameShape, Point } from './frame';
import { PART_SIZES } from './groups';
import type { HostExports, HostTable, HostWebAssembly } from './host';
import { carrierOf, type Helper, isDirect, Layout } from './layout';
import { emitModule, shapeOf } from './module';
import type { DirectImport } from './native-instance';
import { Program } from './program';
import { depthAt, firstPlace, MOST_MEASURE, slotsAt } from './state';

export const HOST = (globalThis as unknown as { WebAssembly: HostWebAssembly & { Memory: MemoryClass } })
  .WebAssembly;
type MemoryClass = new (descriptor: { initial: number; maximum: number }) => object;

export type Word = number | bigint | unknown;

/** A frame as it has been spilled: what the snapshot format would hold. */
export interface SpilledFrame {
  readonly funcidx: number;
  readonly kind: Point['kind'];
  readonly offset: number;
  readonly targetLoop: number;
  readonly locals: readonly Word[];
  readonly operands: readonly Word[];
  /** Slot of the frame and number of frames below it. */
  readonly fp: number;
  readonly sp: number;
}

const unused = (): never => {
  throw new Error('no effects here, and no exceptions');
};

/** In the place of a point: the last one. */
const ENTRY = -2;
const leaving = {};

export class Harness {
  readonly module: Module;
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  readonly exports: HostExports;
  /** Units that are left when `loop` and `enter` have none. */
  refills: number[] = [];
  fuelLeft = 0;
  /** Called for functions that are not in the module. */
  host: (funcidx: number, args: readonly Word[]) => readonly Word[] = () => [];
  private pushed: Word[] = [];
  private taken: Word[] = [];
  private raw: { funcidx: number; pointidx: number; base: number; values: Word[] }[] = [];
  private leftFrom = -1;
  private readonly place: number;
  private readonly shapes = new Map<number, FrameShape>();

  /** `most`: what native frames may measure. */
  constructor(module: Module, refuse?: (funcidx: number) => string | undefined, most = MOST_MEASURE) {
    this.module = module;
    this.place = firstPlace(most);
    const emitted = emitModule(new Layout(module, { isShared: false, isExact: false }, true), refuse);
    this.bytes = emitted.bytes;
    this.layout = emitted.layout;
    const helpers: Record<Helper, (...args: never[]) => unknown> = {
      enter: (_funcidx: number, fuel: number, base: number) => {
        this.leftFrom = ENTRY;
        const more = this.refill(fuel, base);
        this.leftFrom = -1;
        return more;
      },
      loop: (_funcidx: number, pointidx: number, fuel: number, base: number) => {
        this.leftFrom = pointidx;
        const more = this.refill(fuel, base);
        this.leftFrom = -1;
        return more;
      },
      owe: () => 0,
      frame: (funcidx: number, pointidx: number, base: number) => {
        this.pushed = [];
        this.raw.push({
          funcidx,
          pointidx: this.leftFrom === -1 ? pointidx : this.leftFrom,
          base,
          values: this.pushed,
        });
        this.leftFrom = -1;
      },
      throwOn: unused,
      pushI32: (value: number) => void this.pushed.push(value),
      pushFour: (...values: number[]) => void this.pushed.push(...values),
      pushI64: (value: bigint) => void this.pushed.push(value),
      pushRef: (value: unknown) => void this.pushed.push(value),
      entry: () => -1,
      takeI32: () => this.taken.shift() ?? 0,
      takeI64: () => this.taken.shift() ?? 0n,
      takeRef: () => this.taken.shift() ?? null,
      load: () => 0,
      done: (fuel: number) => {
        this.fuelLeft = fuel;
      },
      fuel: () => this.fuelLeft,
      out: (funcidx: number, fuel: number) => {
        const args = this.pushed;
        this.pushed = [];
        const results = this.host(funcidx, args);
        this.taken = [...results];
        return fuel;
      },
      effect: unused,
      throwing: unused,
      raising: unused,
      caught: unused,
      bulk: unused,
    };
    const direct: Record<number, DirectImport> = {};
    for (const funcidx of emitted.layout.direct) {
      direct[funcidx] = (fuel, _place, _g, _h, _i, _j, ...args) => {
        const [result] = this.host(funcidx, args as Word[]);
        this.fuelLeft = fuel;
        return result;
      };
    }
    const memory: Record<string, object> = {};
    module.memories.forEach(({ min }, k) => {
      memory[k] = new HOST.Memory({ initial: min, maximum: 65_536 });
    });
    const table: Record<string, HostTable> = {};
    for (const tableidx of emitted.layout.mirrors) {
      table[tableidx] = new HOST.Table({ element: 'anyfunc', initial: module.tables[tableidx].min });
    }
    const compiled = new HOST.Module(emitted.bytes);
    this.exports = new HOST.Instance(compiled, {
      direct,
      runtime: helpers,
      memory,
      table,
    }).exports;
    const functions = this.exports.functions as HostTable;
    for (const { table: tableidx, funcs, mode } of module.elements) {
      if (mode !== 'active') continue;
      funcs!.forEach((funcidx, k) => {
        table[tableidx]?.set(k, functions.get(funcidx));
      });
    }
  }

  private refill(fuel: number, base: number): number {
    if (fuel >= 0 && base >= 0) return fuel;
    const more = base < 0 ? undefined : this.refills.shift();
    return more !== undefined && fuel + more >= 0 ? fuel + more : this.unwind();
  }

  /** A host function may ask for it as well. */
  unwind(): never {
    throw leaving;
  }

  /** Calls a function; the frames of one that has unwound, innermost first. */
  run(
    funcidx: number,
    args: readonly Word[],
    fuel: number,
  ): { results?: readonly Word[]; frames?: SpilledFrame[] } {
    this.raw = [];
    this.pushed = [];
    this.taken = [...args];
    const enter = this.exports[`in ${this.module.funcTypes[funcidx]}`] as (...args: unknown[]) => Word;
    const type = this.module.funcType(funcidx);
    try {
      if (isDirect(type)) {
        const result = enter(funcidx, fuel, this.place, ...args);
        return { results: type.results.map(() => result) };
      }
      this.fuelLeft = enter(funcidx, fuel, this.place) as number;
      return { results: this.pushed };
    } catch (error) {
      if (error !== leaving) throw error;
      return { frames: this.raw.map((frame) => this.spilled(frame)) };
    }
  }

  private spilled(frame: (typeof this.raw)[number]): SpilledFrame {
    const { funcidx, pointidx, base } = frame;
    const values = [...frame.values];
    const shape = this.shapes.get(funcidx) ?? shapeOf(this.layout, funcidx);
    this.shapes.set(funcidx, shape);
    const point = shape.points.at(pointidx === ENTRY ? -1 : pointidx)!;
    const take = (type: ValType) =>
      carrierOf(type) === 'v128' ? [values.shift(), values.shift()] : values.shift();
    const locals = typesOfLocals(shape.locals).map(take);
    const site = shape.hasSite ? (values.shift() as number) : -1;
    const shadows = shape.shadows.map((shadow) => ({ ...shadow, value: take(shadow.type) }));
    const operands = typesOf(point.operands).map((type, height) => {
      const local = point.inLocals?.[height] ?? -1;
      if (local >= 0) return locals[local];
      return shadows.find((s) => s.height === height && carrierOf(s.type) === carrierOf(type))!.value;
    });
    return {
      funcidx,
      kind: point.kind,
      offset: point.offset < 0 ? site : point.offset,
      targetLoop: point.targetLoop,
      locals,
      operands,
      fp: slotsAt(base, this.place) - this.layout.frameSizes.get(funcidx)!.localSlots,
      sp: depthAt(base) - 1,
    };
  }
}

const HEADER = 8;
/** Bytes of the code section. */
function codeBytes(bytes: Uint8Array): number {
  const reader = new Reader(bytes, HEADER);
  while (reader.pos < bytes.length) {
    const id = reader.u8();
    const size = reader.u32();
    if (id === SECTIONS.code) return size;
    reader.pos += size;
  }
  return 0;
}

/** Bytes of code of a module, and of what is emitted for all its functions, in all parts together. */
export function codeGrowth(module: Module): { readonly before: number; readonly after: number } {
  let after = 0;
  const Counted = class {
    constructor(bytes: Uint8Array) {
      after += codeBytes(bytes);
    }
  };
  const host = Object.assign(Object.create(HOST), { Module: Counted });
  const program = new Program(module, host, PART_SIZES, { isShared: false, isExact: false });
  for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++)
    program.group(funcidx, true);
  return { before: codeBytes(module.bytes), after };
}
