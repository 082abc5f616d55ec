/**
 * The instructions that an instrumented body does not copy as they are. All others mean the same in the emitted module, whose locals, globals,
 * memories and types have the same indices.
 */
import {
  type BulkOp,
  EXTERNREF,
  type ExceptionOp,
  F32,
  F64,
  I32,
  isRef,
  OP,
  type OpName,
  type PlainOp,
  type Reader,
  type ValType,
} from '../../decoder';
import { ATOMIC_ROWS, type AtomicOp } from '../../decoder/atomics';
import { readBodyValType } from '../../decoder/body';
import type { BlockOp, SpecialOp } from '../../decoder/instructions';
import { PLAIN_OPS, readPlain } from '../../decoder/plain';
import { type StraightOps, straightOps } from '../../decoder/straight';
import type { Walk } from '../../decoder/walk';
import { type Emitter, EXTERN_CODE, emittedType } from './emitter';
import type { Layout } from './layout';
import { type Lanes, lanesOf } from './nans';

/** What rewriters are made of: a body that is being written (body.ts). */
export interface RewrittenBody {
  readonly out: Emitter;
  readonly layout: Layout;
  readonly walk: Walk;
  /** Stands at the immediates of the instruction at hand. */
  readonly reader: Reader;
  openBlock(kind: BlockOp): void;
  otherwise(): void;
  endBlock(): void;
  /** A handler of the innermost block, a `try`, of exceptions with a tag or of all (-1). */
  handle(tagidx: number): void;
  delegate(label: number): void;
  openTryTable(): void;
  /** An exception with a tag, whose values are the operands on top. */
  throwTagged(tagidx: number): void;
  /** The exception that is the operand on top, or that the handler at this label has. */
  rethrow(label?: number): void;
  br(label: number): void;
  brIf(label: number): void;
  brTable(labels: readonly number[]): void;
  /** The label that returns from the function. */
  returnLabel(): number;
  /** The machine does the instruction of this number (`Layout.effects`) on canonical slots. */
  helpWith(number: number, operands: readonly ValType[]): void;
  /** The same of one that works in bulk, between whose parts the frame may leave. */
  workInBulk(number: number, operands: readonly ValType[]): void;
  takeResult(type: ValType): void;
  /**
   * The instruction at hand, of three i32 operands without a result, the last of which counts bytes: itself for at most `most` of them that
   * the fuel suffices for, which it takes; else as `rewrite` has it. `bytesPerUnit`: a power of two.
   */
  inPlaceOrHelped(most: number, bytesPerUnit: number, rewrite: Rewrite): void;
  /** The operand of this type on top is kept where a trap can find it. */
  noteOperand(type: ValType): void;
  /** The instruction at hand, and its result with the canonical NaN where that is one that arithmetic has made. */
  withCanonicalNan(lanes: Lanes): void;
  /** Copies the operand of this type on top to a local, whose index it returns. */
  keepTop(type: ValType): number;
  /** The local that a local of the original is. */
  localOf(localidx: number): number;
  /** The instruction at hand writes to it. */
  writesLocal(localidx: number): void;
}

export type Rewrite = (body: RewrittenBody) => void;
/** As it is, although its types are not in the instruction table. */
const COPIED = undefined;
/** The walk tells of it. */
const NOTHING: Rewrite = () => {};

/** References cross as what a host can hold. */
const crossing = (type: ValType): ValType => (isRef(type) ? EXTERNREF : type);

/** The machine does it. */
const helped =
  (op: PlainOp): Rewrite =>
  (body) => {
    const { reader, walk, layout } = body;
    const { x, y, takes, gives } = readPlain(op, reader, layout.module, walk.top);
    body.helpWith(
      layout.effects.number({ op, x, y, offset: walk.offset, funcidx: walk.funcidx }),
      takes.map(crossing),
    );
    for (const type of gives) body.takeResult(crossing(type));
  };
const helpedBulk =
  (op: BulkOp, immediates: 1 | 2, operands: readonly ValType[]): Rewrite =>
  (body) => {
    const { reader, walk, layout } = body;
    const x = reader.u32();
    const y = immediates > 1 ? reader.u32() : 0;
    body.workInBulk(
      layout.effects.number({ op, x, y, offset: walk.offset, funcidx: walk.funcidx }),
      operands,
    );
  };

/**
 * Bytes that the instruction may fill or copy itself. The machine does as many in one part, without a look at who wants to stop it as long as
 * the fuel suffices (src/interpreter/bulk.ts): to ask it gains nothing, and takes longer than to copy 16 KB.
 */
const MOST_BYTES = 2 ** 18;
/** Bytes for a unit of fuel (src/interpreter/fuel.ts). */
const BYTES_PER_UNIT = 4096;
const inPlace =
  (rewrite: Rewrite): Rewrite =>
  (body) =>
    body.inPlaceOrHelped(MOST_BYTES, BYTES_PER_UNIT, rewrite);

const LOCAL_OPS = ['local.get', 'local.set', 'local.tee'] as const;
type LocalOp = (typeof LOCAL_OPS)[number];

/** Conversions that trap for two reasons. */
type TruncOp = Extract<OpName, `i${'32' | '64'}.trunc_f${string}`>;

const truncation =
  (op: TruncOp, type: ValType): Rewrite =>
  (body) => {
    body.noteOperand(type);
    body.out.op(op);
  };

const renumbered =
  (op: LocalOp): Rewrite =>
  (body) => {
    const localidx = body.reader.u32();
    body.out.indexed(op, body.localOf(localidx));
    if (op !== 'local.get') body.writesLocal(localidx);
  };

/** Plain instructions that the emitted module does itself. */
type OwnPlainOp = 'ref.null' | 'memory.size' | AtomicOp;
type RewrittenOp = Exclude<SpecialOp | BulkOp, PlainOp> | ExceptionOp | OwnPlainOp | TruncOp;

/** As they are, but for those that wait: the host's memory may be a shared one. */
const ATOMIC = Object.fromEntries(
  ATOMIC_ROWS.map(([, op]) => [op, op.includes('wait') ? helped(op) : COPIED]),
) as Record<AtomicOp, Rewrite | undefined>;

const REWRITE: Readonly<Record<RewrittenOp, Rewrite | undefined>> = {
  ...ATOMIC,
  unreachable: COPIED,
  block: (body) => body.openBlock('block'),
  loop: (body) => body.openBlock('loop'),
  if: (body) => body.openBlock('if'),
  else: (body) => body.otherwise(),
  try: (body) => body.openBlock('try'),
  catch: (body) => body.handle(body.reader.u32()),
  catch_all: (body) => body.handle(-1),
  delegate: (body) => body.delegate(body.reader.u32()),
  try_table: (body) => body.openTryTable(),
  throw: (body) => body.throwTagged(body.reader.u32()),
  rethrow: (body) => body.rethrow(body.reader.u32()),
  throw_ref: (body) => body.rethrow(),
  end: (body) => body.endBlock(),
  br: (body) => body.br(body.reader.u32()),
  br_if: (body) => body.brIf(body.reader.u32()),
  br_table: (body) => {
    const { reader } = body;
    const labels: number[] = [];
    for (let more = reader.u32(); more >= 0; more--) labels.push(reader.u32());
    body.brTable(labels);
  },
  return: (body) => body.out.indexed('br', body.returnLabel()),
  call: NOTHING,
  call_indirect: NOTHING,
  return_call: NOTHING,
  return_call_indirect: NOTHING,
  drop: COPIED,
  call_ref: NOTHING,
  return_call_ref: NOTHING,
  br_on_null: (body) => {
    const ref = body.keepTop(EXTERNREF);
    body.out.op('ref.is_null');
    body.brIf(body.reader.u32());
    body.out.indexed('local.get', ref);
  },
  br_on_non_null: (body) => {
    const ref = body.keepTop(EXTERNREF);
    body.out.indexed('local.get', ref);
    body.out.op('ref.is_null');
    body.out.op('i32.eqz');
    body.brIf(body.reader.u32());
    body.out.op('drop');
  },
  select: COPIED,
  'select t': ({ reader, out, layout }) => {
    reader.u32();
    out.op('select t');
    out.u32(1);
    out.u8(emittedType(readBodyValType(reader, layout.module)));
  },
  'local.get': renumbered('local.get'),
  'local.set': renumbered('local.set'),
  'local.tee': renumbered('local.tee'),
  'global.get': COPIED,
  'global.set': COPIED,
  'ref.null': ({ out }) => {
    out.op('ref.null');
    out.u8(EXTERN_CODE);
  },
  'ref.is_null': COPIED,
  'memory.size': COPIED,
  'memory.fill': inPlace(helpedBulk('memory.fill', 1, [I32, I32, I32])),
  'memory.copy': inPlace(helpedBulk('memory.copy', 2, [I32, I32, I32])),
  'memory.init': helpedBulk('memory.init', 2, [I32, I32, I32]),
  'table.fill': helpedBulk('table.fill', 1, [I32, EXTERNREF, I32]),
  'table.copy': helpedBulk('table.copy', 2, [I32, I32, I32]),
  'table.init': helpedBulk('table.init', 2, [I32, I32, I32]),
  'i32.trunc_f32_s': truncation('i32.trunc_f32_s', F32),
  'i32.trunc_f32_u': truncation('i32.trunc_f32_u', F32),
  'i32.trunc_f64_s': truncation('i32.trunc_f64_s', F64),
  'i32.trunc_f64_u': truncation('i32.trunc_f64_u', F64),
  'i64.trunc_f32_s': truncation('i64.trunc_f32_s', F32),
  'i64.trunc_f32_u': truncation('i64.trunc_f32_u', F32),
  'i64.trunc_f64_s': truncation('i64.trunc_f64_s', F64),
  'i64.trunc_f64_u': truncation('i64.trunc_f64_u', F64),
};

/** By dense id. */
export type Rewrites = readonly (Rewrite | undefined)[];
const REWRITERS: (Rewrite | undefined)[] = [];
for (const op of PLAIN_OPS) REWRITERS[OP[op]] = helped(op);
for (const name of Object.keys(REWRITE) as (keyof typeof REWRITE)[]) REWRITERS[OP[name]] = REWRITE[name];
/** The same, with those that make NaNs. */
const EXACT_REWRITERS = REWRITERS.slice();
lanesOf.forEach((lanes, op) => {
  if (lanes !== undefined) EXACT_REWRITERS[op] = (body) => body.withCanonicalNan(lanes);
});

/** Straight code that is copied as it is, but for the indices of locals; and without what names locals. */
export interface StraightCopies {
  readonly withLocals: StraightOps;
  readonly others: StraightOps;
}
function straightCopies(rewriters: Rewrites): StraightCopies {
  const isCopied = (op: number) => rewriters[op] === undefined;
  const locals = new Set(LOCAL_OPS.map((name) => OP[name]));
  return {
    withLocals: straightOps((op) => isCopied(op) || locals.has(op)),
    others: straightOps(isCopied),
  };
}
const STRAIGHT_COPIES = straightCopies(REWRITERS);
const EXACT_STRAIGHT_COPIES = straightCopies(EXACT_REWRITERS);
export function straightCopiesOf({ variant }: Layout): StraightCopies {
  return variant.isExact ? EXACT_STRAIGHT_COPIES : STRAIGHT_COPIES;
}

export function rewritersOf({ variant }: Layout): Rewrites {
  return variant.isExact ? EXACT_REWRITERS : REWRITERS;
}
