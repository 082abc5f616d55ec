/**
 * The instructions that an instrumented body does not copy as they are. All others mean the same in the emitted module, whose locals, globals,
 * memories and types have the same indices.
 */
import { EXTERNREF, F32, F64, I32, OP, type OpName, type Reader, type ValType } from '../../decoder';
import { readBodyValType } from '../../decoder/body';
import type { BlockOp, SpecialOp } from '../../decoder/instructions';
import type { Walk } from '../../decoder/walk';
import type { BulkOp, EffectOp } from '../../lowering';
import { type Emitter, EXTERN_CODE, emittedType } from './emitter';
import type { Layout } from './layout';
import { HANDLES_EXCEPTIONS, NotNative } from './refusals';

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
  br(label: number): void;
  brIf(label: number): void;
  brTable(labels: readonly number[]): void;
  /** The label that returns from the function. */
  returnLabel(): number;
  /** The machine does the instruction of this number (`Layout.effects`) on canonical slots. */
  helpWith(number: number, operands: readonly ValType[]): void;
  takeResult(type: ValType): void;
  /** The instruction at hand, of three i32 operands without a result, itself for a last operand below `few`, else as `rewrite` has it. */
  inPlaceOrHelped(few: number, rewrite: Rewrite): void;
  /** The operand of this type on top is kept where a trap can find it. */
  noteOperand(type: ValType): void;
  /** Copies the operand of this type on top to a local, whose index it returns. */
  keepTop(type: ValType): number;
}

export type Rewrite = (body: RewrittenBody) => void;
type HelpedOp = Exclude<
  EffectOp | BulkOp,
  'ref.global.get' | 'ref.global.set' | 'ref.select' | 'ref.null' | 'ref.is_null' | 'memory.size'
>;

/** As it is, although its types are not in the instruction table. */
const COPIED = undefined;
/** The walk tells of it. */
const NOTHING: Rewrite = () => {};

const helped =
  (op: HelpedOp, immediates: 0 | 1 | 2, operands: readonly ValType[], result?: ValType): Rewrite =>
  (body) => {
    const { reader, walk, layout } = body;
    const x = immediates > 0 ? reader.u32() : 0;
    const y = immediates > 1 ? reader.u32() : 0;
    body.helpWith(layout.effects.number({ op, x, y, offset: walk.offset }), operands);
    if (result !== undefined) body.takeResult(result);
  };

/** Fewer cost no fuel (src/interpreter/fuel.ts), so that the instruction may do them itself. */
const FEW_BYTES = 4096;

/** Conversions that trap for two reasons. */
type TruncOp = Extract<OpName, `i${'32' | '64'}.trunc_f${string}`>;

const truncation =
  (op: TruncOp, type: ValType): Rewrite =>
  (body) => {
    body.noteOperand(type);
    body.out.op(op);
  };

const REFUSED: Rewrite = () => {
  throw new NotNative(HANDLES_EXCEPTIONS);
};

const REWRITE: Readonly<Record<SpecialOp | HelpedOp | TruncOp, Rewrite | undefined>> = {
  unreachable: COPIED,
  block: (body) => body.openBlock('block'),
  loop: (body) => body.openBlock('loop'),
  if: (body) => body.openBlock('if'),
  else: (body) => body.otherwise(),
  end: (body) => body.endBlock(),
  try: REFUSED,
  catch: REFUSED,
  catch_all: REFUSED,
  delegate: REFUSED,
  throw: REFUSED,
  rethrow: REFUSED,
  throw_ref: REFUSED,
  try_table: REFUSED,
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
  'ref.as_non_null': helped('ref.as_non_null', 0, [EXTERNREF], EXTERNREF),
  select: COPIED,
  'select t': ({ reader, out, layout }) => {
    reader.u32();
    out.op('select t');
    out.u32(1);
    out.u8(emittedType(readBodyValType(reader, layout.module)));
  },
  'local.get': COPIED,
  'local.set': COPIED,
  'local.tee': COPIED,
  'global.get': COPIED,
  'global.set': COPIED,
  'ref.null': ({ out }) => {
    out.op('ref.null');
    out.u8(EXTERN_CODE);
  },
  'ref.is_null': COPIED,
  'ref.func': helped('ref.func', 1, [], EXTERNREF),
  'memory.grow': helped('memory.grow', 1, [I32], I32),
  'memory.fill': (body) => body.inPlaceOrHelped(FEW_BYTES, helped('memory.fill', 1, [I32, I32, I32])),
  'memory.copy': (body) => body.inPlaceOrHelped(FEW_BYTES, helped('memory.copy', 2, [I32, I32, I32])),
  'memory.init': helped('memory.init', 2, [I32, I32, I32]),
  'data.drop': helped('data.drop', 1, []),
  'table.get': helped('table.get', 1, [I32], EXTERNREF),
  'table.set': helped('table.set', 1, [I32, EXTERNREF]),
  'table.size': helped('table.size', 1, [], I32),
  'table.grow': helped('table.grow', 1, [EXTERNREF, I32], I32),
  'table.fill': helped('table.fill', 1, [I32, EXTERNREF, I32]),
  'table.copy': helped('table.copy', 2, [I32, I32, I32]),
  'table.init': helped('table.init', 2, [I32, I32, I32]),
  'elem.drop': helped('elem.drop', 1, []),
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
export const REWRITERS: (Rewrite | undefined)[] = [];
for (const name of Object.keys(REWRITE) as (keyof typeof REWRITE)[]) REWRITERS[OP[name]] = REWRITE[name];
