/** The values of an emitted function that its frame has, and how they cross to JavaScript and back. */
import { I32, type ValType } from '../../decoder';
import type { LocalGroup } from '../../decoder/body';
import type { SafepointKind } from '../../decoder/safepoints';
import type { TypeList } from '../../decoder/typelist';
import type { Emitter } from './emitter';
import { type Carrier, carrierOf, type Layout } from './layout';

/** A safepoint at which an emitted function can unwind. Offsets count from the start of the code entry. */
export interface Point {
  /** `bulk`: between two parts of a bulk operation. Only there may a frame of a function that costs nothing stand besides its calls. */
  readonly kind: SafepointKind | 'bulk';
  /** -1 of a loop that several branches go back to: the local `site` holds it. */
  offset: number;
  readonly targetLoop: number;
  readonly operands: TypeList | undefined;
  /** By height: the local that holds the operand, or -1: its shadow does. Undefined: all are in shadows. */
  readonly inLocals?: readonly number[] | undefined;
  /** What a frame pushes that leaves in place: in this order, instead of all that its shape tells. */
  kept?: readonly Kept[] | undefined;
}

/** A value that a frame pushes: the local of the original that holds it, or else its height on the operand stack, or `site`. */
export interface Kept extends EmittedLocal {
  readonly original: number;
  readonly height: number;
}

/** A local that holds the operand at a height of the stack, when code that may unwind runs. */
export interface Shadow {
  readonly height: number;
  readonly type: ValType;
  readonly localidx: number;
}

/** What a frame that unwinds pushes, in this order: locals, `site` if there is one, shadows. */
export interface FrameShape {
  readonly locals: readonly LocalGroup[];
  readonly hasSite: boolean;
  readonly shadows: readonly Shadow[];
  readonly points: readonly Point[];
}

type Cross = (out: Emitter, layout: Layout, localidx: number) => void;

const PUSH: Readonly<Record<Carrier, Cross>> = {
  i32: (out, layout, localidx) => {
    out.indexed('local.get', localidx);
    out.indexed('call', layout.helper('pushI32'));
  },
  i64: (out, layout, localidx) => {
    out.indexed('local.get', localidx);
    out.indexed('call', layout.helper('pushI64'));
  },
  f32: (out, layout, localidx) => {
    out.indexed('local.get', localidx);
    out.op('i32.reinterpret_f32');
    out.indexed('call', layout.helper('pushI32'));
  },
  f64: (out, layout, localidx) => {
    out.indexed('local.get', localidx);
    out.op('i64.reinterpret_f64');
    out.indexed('call', layout.helper('pushI64'));
  },
  v128: (out, layout, localidx) => {
    for (const lane of [0, 1]) {
      out.indexed('local.get', localidx);
      out.copy(I64X2_EXTRACT_LANE, 0, I64X2_EXTRACT_LANE.length);
      out.u8(lane);
      out.indexed('call', layout.helper('pushI64'));
    }
  },
  ref: (out, layout, localidx) => {
    out.indexed('local.get', localidx);
    out.indexed('call', layout.helper('pushRef'));
  },
};
/** 0xfd 0x1d: until the instruction table has it. */
const I64X2_EXTRACT_LANE = Uint8Array.of(0xfd, 0x1d);
/** 0xfd 0x12, and 0xfd 0x1e: i64x2.splat, i64x2.replace_lane. */
const I64X2_SPLAT = Uint8Array.of(0xfd, 0x12);
const I64X2_REPLACE_LANE = Uint8Array.of(0xfd, 0x1e);

/** Hands the values of locals to JavaScript, in this order: integers by the handful, since a frame may have many. */
export function pushLocals(out: Emitter, layout: Layout, locals: readonly EmittedLocal[]): void {
  for (let k = 0; k < locals.length; ) {
    const four = locals.slice(k, k + 4);
    if (four.length === 4 && four.every(({ type }) => type === I32)) {
      for (const { localidx } of four) out.indexed('local.get', localidx);
      out.indexed('call', layout.helper('pushFour'));
      k += 4;
    } else {
      pushLocal(out, layout, locals[k].localidx, locals[k].type);
      k++;
    }
  }
}
export interface EmittedLocal {
  readonly localidx: number;
  readonly type: ValType;
}

/** Hands the value of a local to JavaScript. */
function pushLocal(out: Emitter, layout: Layout, localidx: number, type: ValType): void {
  PUSH[carrierOf(type)](out, layout, localidx);
}

const TAKE: Readonly<Record<Carrier, (out: Emitter, layout: Layout) => void>> = {
  i32: (out, layout) => out.indexed('call', layout.helper('takeI32')),
  i64: (out, layout) => out.indexed('call', layout.helper('takeI64')),
  f32: (out, layout) => {
    out.indexed('call', layout.helper('takeI32'));
    out.op('f32.reinterpret_i32');
  },
  f64: (out, layout) => {
    out.indexed('call', layout.helper('takeI64'));
    out.op('f64.reinterpret_i64');
  },
  v128: (out, layout) => {
    out.indexed('call', layout.helper('takeI64'));
    out.copy(I64X2_SPLAT, 0, I64X2_SPLAT.length);
    out.indexed('call', layout.helper('takeI64'));
    out.copy(I64X2_REPLACE_LANE, 0, I64X2_REPLACE_LANE.length);
    out.u8(1);
  },
  ref: (out, layout) => out.indexed('call', layout.helper('takeRef')),
};

/** Takes the next value from JavaScript: it is then on the operand stack. */
export function takeValue(out: Emitter, layout: Layout, type: ValType): void {
  TAKE[carrierOf(type)](out, layout);
}
