/** For tests: runs emitted modules on Node's own engine with a runtime that only notes what happens. */
import type { Module, ValType } from '../../decoder';
import { typesOfLocals } from '../../decoder/body';
import { typesOf } from '../../decoder/typelist';
import type { FrameShape, Point } from './frame';
import type { HostExports, HostTable, HostWebAssembly } from './host';
import { carrierOf, type Helper, Layout } from './layout';
import { emitModule, shapeOf } from './module';
import { UNWINDING } from './state';

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

/** The high bits of a place that make its sign bits set when there is no room. */
const RAISE = 0x80000000;

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
  private unwinding = false;
  private pushed: Word[] = [];
  private taken: Word[] = [];
  private raw: { funcidx: number; pointidx: number; place: bigint; values: Word[] }[] = [];
  private readonly maxFrames: number;
  private readonly shapes = new Map<number, FrameShape>();

  constructor(module: Module, refuse?: (funcidx: number) => string | undefined, maxFrames = 5000) {
    this.module = module;
    this.maxFrames = maxFrames;
    const emitted = emitModule(new Layout(module, { isShared: false, isExact: false }), 'test', refuse);
    this.bytes = emitted.bytes;
    this.layout = emitted.layout;
    const helpers: Record<Helper, (...args: never[]) => unknown> = {
      enter: (_funcidx: number, fuel: number, place: bigint) => this.refill(fuel, place),
      loop: (_funcidx: number, fuel: number, place: bigint) => this.refill(fuel, place),
      leave: () => {
        throw new Error('no continuations here');
      },
      owe: () => {
        throw new Error('nothing is owed here');
      },
      frame: (funcidx: number, pointidx: number, place: bigint) => {
        this.pushed = [];
        this.raw.push({ funcidx, pointidx, place, values: this.pushed });
      },
      pushI32: (value: number) => void this.pushed.push(value),
      pushI64: (value: bigint) => void this.pushed.push(value),
      pushRef: (value: unknown) => void this.pushed.push(value),
      takeI32: () => this.taken.shift() ?? 0,
      takeI64: () => this.taken.shift() ?? 0n,
      takeRef: () => this.taken.shift() ?? null,
      load: () => 0,
      out: (funcidx: number, fuel: number) => {
        const args = this.pushed;
        this.pushed = [];
        const results = this.host(funcidx, args);
        this.taken = [...results];
        return this.unwinding ? UNWINDING : fuel;
      },
      effect: () => {
        throw new Error('no effects here');
      },
    };
    const memory: Record<string, object> = {};
    module.memories.forEach(({ min }, k) => {
      memory[k] = new HOST.Memory({ initial: min, maximum: 65_536 });
    });
    const table: Record<string, HostTable> = {};
    for (const tableidx of emitted.layout.mirrors) {
      table[tableidx] = new HOST.Table({ element: 'anyfunc', initial: module.tables[tableidx].min });
    }
    const compiled = new HOST.Module(emitted.bytes);
    this.exports = new HOST.Instance(compiled, { runtime: helpers, memory, table }).exports;
    const functions = this.exports.functions as HostTable;
    for (const { table: tableidx, funcs, mode } of module.elements) {
      if (mode !== 'active') continue;
      funcs!.forEach((funcidx, k) => {
        table[tableidx]?.set(k, functions.get(funcidx));
      });
    }
  }

  private refill(fuel: number, place: bigint): number {
    const noRoom = place >> 63n !== 0n;
    const more = noRoom ? undefined : this.refills.shift();
    if (more !== undefined && fuel + more >= 0) return fuel + more;
    this.unwind();
    return -1;
  }

  /** A host function may ask for it as well. */
  unwind(): void {
    this.unwinding = true;
  }

  /** Calls a function; the frames of one that has unwound, innermost first. */
  run(
    funcidx: number,
    args: readonly Word[],
    fuel: number,
  ): { results?: readonly Word[]; frames?: SpilledFrame[] } {
    this.unwinding = false;
    this.raw = [];
    this.pushed = [];
    this.taken = [...args];
    const enter = this.exports[`in ${this.module.funcTypes[funcidx]}`] as (...args: number[]) => number;
    const left = enter(funcidx, fuel, RAISE - 1 - this.maxFrames, 0);
    if (this.unwinding) return { frames: this.raw.map((frame) => this.spilled(frame)) };
    this.fuelLeft = left;
    return { results: this.pushed };
  }

  private spilled(frame: (typeof this.raw)[number]): SpilledFrame {
    const { funcidx, pointidx, place } = frame;
    const values = [...frame.values];
    const shape = this.shapes.get(funcidx) ?? shapeOf(this.layout, funcidx);
    this.shapes.set(funcidx, shape);
    const point = shape.points[pointidx];
    const take = (type: ValType) =>
      carrierOf(type) === 'v128' ? [values.shift(), values.shift()] : values.shift();
    const locals = typesOfLocals(shape.locals).map(take);
    const site = shape.hasSite ? (values.shift() as number) : -1;
    const shadows = shape.shadows.map((shadow) => ({ ...shadow, value: take(shadow.type) }));
    const operands = typesOf(point.operands).map(
      (type, height) =>
        shadows.find((s) => s.height === height && carrierOf(s.type) === carrierOf(type))!.value,
    );
    return {
      funcidx,
      kind: point.kind,
      offset: point.offset < 0 ? site : point.offset,
      targetLoop: point.targetLoop,
      locals,
      operands,
      fp: Number(place & 0xffffffffn) / 2,
      sp: Number(BigInt.asUintN(64, place) >> 32n) - (RAISE - 1 - this.maxFrames),
    };
  }
}
