/**
 * THE instruction table (spec chapters "syntax/instructions", "binary/instructions"): one row an instruction. Decoder, validator,
 * lowering, disassembler and inspector read it, and a handler table of type `Record<OpName, ...>` makes a forgotten row a type error.
 *
 * A row is `[op, name, signature, immediates?, feature?, width?, traps?, mirror?]`; without them, or where they are empty, it has none, is of
 * WebAssembly 1.0, no access, cannot trap, and its operands keep their places.
 *
 * `op` is dense: a single byte opcode is itself; after a prefix byte, 0xfc + n is 0x100 + n, 0xfd + n is 0x200 + n,
 * 0xfe + n is 0x400 + n, 0xfb + n is 0x500 + n.
 *
 * `signature` is `operands:results`, the first operand pushed first: i = i32, I = i64, f = f32, F = f64, v = v128, a = the address type of the
 * memory immediate, t = the address type of the table immediate. An empty signature is a rule of its own in `rules.ts`
 * (control, variables, references, and what needs two immediates to know its types).
 *
 * `width` is the bits a memory access touches: its natural alignment. With an immediate that names a lane, it is the bits of the lane.
 *
 * `traps` says whether the instruction itself can trap (a call cannot, what it calls may). `mirror` is the instruction that computes the
 * same from the operands in the other order: itself, if it commutes. Only integers have one: of two NaNs a float's operand order may decide.
 */
import { ATOMIC_ROWS } from './atomics';
import { EXCEPTION_ROWS } from './exceptions';
import type { Feature } from './features';
import { SIMD_ROWS } from './simd';

const ROWS = [
  // Control
  [0x00, 'unreachable', '', '', '', 0, true],
  [0x01, 'nop', ':'],
  [0x02, 'block', '', 'block'],
  [0x03, 'loop', '', 'block'],
  [0x04, 'if', '', 'block'],
  [0x05, 'else', ''],
  [0x0b, 'end', ''],
  [0x0c, 'br', '', 'label'],
  [0x0d, 'br_if', '', 'label'],
  [0x0e, 'br_table', '', 'labels'],
  [0x0f, 'return', ''],
  [0x10, 'call', '', 'callee'],
  [0x11, 'call_indirect', '', 'typeTable', '', 0, true],
  [0x12, 'return_call', '', 'callee', 'tailCalls'],
  [0x13, 'return_call_indirect', '', 'typeTable', 'tailCalls', 0, true],
  [0x14, 'call_ref', '', 'calleeType', 'functionReferences', 0, true],
  [0x15, 'return_call_ref', '', 'calleeType', 'functionReferences', 0, true],
  // Parametric
  [0x1a, 'drop', ''],
  [0x1b, 'select', ''],
  [0x1c, 'select t', '', 'types', 'referenceTypes'],
  // Variable
  [0x20, 'local.get', '', 'local'],
  [0x21, 'local.set', '', 'local'],
  [0x22, 'local.tee', '', 'local'],
  [0x23, 'global.get', '', 'global'],
  [0x24, 'global.set', '', 'global'],
  // Table
  [0x25, 'table.get', '', 'table', 'referenceTypes', 0, true],
  [0x26, 'table.set', '', 'table', 'referenceTypes', 0, true],
  // Memory
  [0x28, 'i32.load', 'a:i', 'memarg', '', 32, true],
  [0x29, 'i64.load', 'a:I', 'memarg', '', 64, true],
  [0x2a, 'f32.load', 'a:f', 'memarg', '', 32, true],
  [0x2b, 'f64.load', 'a:F', 'memarg', '', 64, true],
  [0x2c, 'i32.load8_s', 'a:i', 'memarg', '', 8, true],
  [0x2d, 'i32.load8_u', 'a:i', 'memarg', '', 8, true],
  [0x2e, 'i32.load16_s', 'a:i', 'memarg', '', 16, true],
  [0x2f, 'i32.load16_u', 'a:i', 'memarg', '', 16, true],
  [0x30, 'i64.load8_s', 'a:I', 'memarg', '', 8, true],
  [0x31, 'i64.load8_u', 'a:I', 'memarg', '', 8, true],
  [0x32, 'i64.load16_s', 'a:I', 'memarg', '', 16, true],
  [0x33, 'i64.load16_u', 'a:I', 'memarg', '', 16, true],
  [0x34, 'i64.load32_s', 'a:I', 'memarg', '', 32, true],
  [0x35, 'i64.load32_u', 'a:I', 'memarg', '', 32, true],
  [0x36, 'i32.store', 'ai:', 'memarg', '', 32, true],
  [0x37, 'i64.store', 'aI:', 'memarg', '', 64, true],
  [0x38, 'f32.store', 'af:', 'memarg', '', 32, true],
  [0x39, 'f64.store', 'aF:', 'memarg', '', 64, true],
  [0x3a, 'i32.store8', 'ai:', 'memarg', '', 8, true],
  [0x3b, 'i32.store16', 'ai:', 'memarg', '', 16, true],
  [0x3c, 'i64.store8', 'aI:', 'memarg', '', 8, true],
  [0x3d, 'i64.store16', 'aI:', 'memarg', '', 16, true],
  [0x3e, 'i64.store32', 'aI:', 'memarg', '', 32, true],
  [0x3f, 'memory.size', ':a', 'memory'],
  [0x40, 'memory.grow', 'a:a', 'memory'],
  // Numeric
  [0x41, 'i32.const', ':i', 'i32'],
  [0x42, 'i64.const', ':I', 'i64'],
  [0x43, 'f32.const', ':f', 'f32'],
  [0x44, 'f64.const', ':F', 'f64'],
  [0x45, 'i32.eqz', 'i:i'],
  [0x46, 'i32.eq', 'ii:i', '', '', 0, false, 'i32.eq'],
  [0x47, 'i32.ne', 'ii:i', '', '', 0, false, 'i32.ne'],
  [0x48, 'i32.lt_s', 'ii:i', '', '', 0, false, 'i32.gt_s'],
  [0x49, 'i32.lt_u', 'ii:i', '', '', 0, false, 'i32.gt_u'],
  [0x4a, 'i32.gt_s', 'ii:i', '', '', 0, false, 'i32.lt_s'],
  [0x4b, 'i32.gt_u', 'ii:i', '', '', 0, false, 'i32.lt_u'],
  [0x4c, 'i32.le_s', 'ii:i', '', '', 0, false, 'i32.ge_s'],
  [0x4d, 'i32.le_u', 'ii:i', '', '', 0, false, 'i32.ge_u'],
  [0x4e, 'i32.ge_s', 'ii:i', '', '', 0, false, 'i32.le_s'],
  [0x4f, 'i32.ge_u', 'ii:i', '', '', 0, false, 'i32.le_u'],
  [0x50, 'i64.eqz', 'I:i'],
  [0x51, 'i64.eq', 'II:i', '', '', 0, false, 'i64.eq'],
  [0x52, 'i64.ne', 'II:i', '', '', 0, false, 'i64.ne'],
  [0x53, 'i64.lt_s', 'II:i', '', '', 0, false, 'i64.gt_s'],
  [0x54, 'i64.lt_u', 'II:i', '', '', 0, false, 'i64.gt_u'],
  [0x55, 'i64.gt_s', 'II:i', '', '', 0, false, 'i64.lt_s'],
  [0x56, 'i64.gt_u', 'II:i', '', '', 0, false, 'i64.lt_u'],
  [0x57, 'i64.le_s', 'II:i', '', '', 0, false, 'i64.ge_s'],
  [0x58, 'i64.le_u', 'II:i', '', '', 0, false, 'i64.ge_u'],
  [0x59, 'i64.ge_s', 'II:i', '', '', 0, false, 'i64.le_s'],
  [0x5a, 'i64.ge_u', 'II:i', '', '', 0, false, 'i64.le_u'],
  [0x5b, 'f32.eq', 'ff:i'],
  [0x5c, 'f32.ne', 'ff:i'],
  [0x5d, 'f32.lt', 'ff:i'],
  [0x5e, 'f32.gt', 'ff:i'],
  [0x5f, 'f32.le', 'ff:i'],
  [0x60, 'f32.ge', 'ff:i'],
  [0x61, 'f64.eq', 'FF:i'],
  [0x62, 'f64.ne', 'FF:i'],
  [0x63, 'f64.lt', 'FF:i'],
  [0x64, 'f64.gt', 'FF:i'],
  [0x65, 'f64.le', 'FF:i'],
  [0x66, 'f64.ge', 'FF:i'],
  [0x67, 'i32.clz', 'i:i'],
  [0x68, 'i32.ctz', 'i:i'],
  [0x69, 'i32.popcnt', 'i:i'],
  [0x6a, 'i32.add', 'ii:i', '', '', 0, false, 'i32.add'],
  [0x6b, 'i32.sub', 'ii:i'],
  [0x6c, 'i32.mul', 'ii:i', '', '', 0, false, 'i32.mul'],
  [0x6d, 'i32.div_s', 'ii:i', '', '', 0, true],
  [0x6e, 'i32.div_u', 'ii:i', '', '', 0, true],
  [0x6f, 'i32.rem_s', 'ii:i', '', '', 0, true],
  [0x70, 'i32.rem_u', 'ii:i', '', '', 0, true],
  [0x71, 'i32.and', 'ii:i', '', '', 0, false, 'i32.and'],
  [0x72, 'i32.or', 'ii:i', '', '', 0, false, 'i32.or'],
  [0x73, 'i32.xor', 'ii:i', '', '', 0, false, 'i32.xor'],
  [0x74, 'i32.shl', 'ii:i'],
  [0x75, 'i32.shr_s', 'ii:i'],
  [0x76, 'i32.shr_u', 'ii:i'],
  [0x77, 'i32.rotl', 'ii:i'],
  [0x78, 'i32.rotr', 'ii:i'],
  [0x79, 'i64.clz', 'I:I'],
  [0x7a, 'i64.ctz', 'I:I'],
  [0x7b, 'i64.popcnt', 'I:I'],
  [0x7c, 'i64.add', 'II:I', '', '', 0, false, 'i64.add'],
  [0x7d, 'i64.sub', 'II:I'],
  [0x7e, 'i64.mul', 'II:I', '', '', 0, false, 'i64.mul'],
  [0x7f, 'i64.div_s', 'II:I', '', '', 0, true],
  [0x80, 'i64.div_u', 'II:I', '', '', 0, true],
  [0x81, 'i64.rem_s', 'II:I', '', '', 0, true],
  [0x82, 'i64.rem_u', 'II:I', '', '', 0, true],
  [0x83, 'i64.and', 'II:I', '', '', 0, false, 'i64.and'],
  [0x84, 'i64.or', 'II:I', '', '', 0, false, 'i64.or'],
  [0x85, 'i64.xor', 'II:I', '', '', 0, false, 'i64.xor'],
  [0x86, 'i64.shl', 'II:I'],
  [0x87, 'i64.shr_s', 'II:I'],
  [0x88, 'i64.shr_u', 'II:I'],
  [0x89, 'i64.rotl', 'II:I'],
  [0x8a, 'i64.rotr', 'II:I'],
  [0x8b, 'f32.abs', 'f:f'],
  [0x8c, 'f32.neg', 'f:f'],
  [0x8d, 'f32.ceil', 'f:f'],
  [0x8e, 'f32.floor', 'f:f'],
  [0x8f, 'f32.trunc', 'f:f'],
  [0x90, 'f32.nearest', 'f:f'],
  [0x91, 'f32.sqrt', 'f:f'],
  [0x92, 'f32.add', 'ff:f'],
  [0x93, 'f32.sub', 'ff:f'],
  [0x94, 'f32.mul', 'ff:f'],
  [0x95, 'f32.div', 'ff:f'],
  [0x96, 'f32.min', 'ff:f'],
  [0x97, 'f32.max', 'ff:f'],
  [0x98, 'f32.copysign', 'ff:f'],
  [0x99, 'f64.abs', 'F:F'],
  [0x9a, 'f64.neg', 'F:F'],
  [0x9b, 'f64.ceil', 'F:F'],
  [0x9c, 'f64.floor', 'F:F'],
  [0x9d, 'f64.trunc', 'F:F'],
  [0x9e, 'f64.nearest', 'F:F'],
  [0x9f, 'f64.sqrt', 'F:F'],
  [0xa0, 'f64.add', 'FF:F'],
  [0xa1, 'f64.sub', 'FF:F'],
  [0xa2, 'f64.mul', 'FF:F'],
  [0xa3, 'f64.div', 'FF:F'],
  [0xa4, 'f64.min', 'FF:F'],
  [0xa5, 'f64.max', 'FF:F'],
  [0xa6, 'f64.copysign', 'FF:F'],
  [0xa7, 'i32.wrap_i64', 'I:i'],
  [0xa8, 'i32.trunc_f32_s', 'f:i', '', '', 0, true],
  [0xa9, 'i32.trunc_f32_u', 'f:i', '', '', 0, true],
  [0xaa, 'i32.trunc_f64_s', 'F:i', '', '', 0, true],
  [0xab, 'i32.trunc_f64_u', 'F:i', '', '', 0, true],
  [0xac, 'i64.extend_i32_s', 'i:I'],
  [0xad, 'i64.extend_i32_u', 'i:I'],
  [0xae, 'i64.trunc_f32_s', 'f:I', '', '', 0, true],
  [0xaf, 'i64.trunc_f32_u', 'f:I', '', '', 0, true],
  [0xb0, 'i64.trunc_f64_s', 'F:I', '', '', 0, true],
  [0xb1, 'i64.trunc_f64_u', 'F:I', '', '', 0, true],
  [0xb2, 'f32.convert_i32_s', 'i:f'],
  [0xb3, 'f32.convert_i32_u', 'i:f'],
  [0xb4, 'f32.convert_i64_s', 'I:f'],
  [0xb5, 'f32.convert_i64_u', 'I:f'],
  [0xb6, 'f32.demote_f64', 'F:f'],
  [0xb7, 'f64.convert_i32_s', 'i:F'],
  [0xb8, 'f64.convert_i32_u', 'i:F'],
  [0xb9, 'f64.convert_i64_s', 'I:F'],
  [0xba, 'f64.convert_i64_u', 'I:F'],
  [0xbb, 'f64.promote_f32', 'f:F'],
  [0xbc, 'i32.reinterpret_f32', 'f:i'],
  [0xbd, 'i64.reinterpret_f64', 'F:I'],
  [0xbe, 'f32.reinterpret_i32', 'i:f'],
  [0xbf, 'f64.reinterpret_i64', 'I:F'],
  [0xc0, 'i32.extend8_s', 'i:i', '', 'signExtension'],
  [0xc1, 'i32.extend16_s', 'i:i', '', 'signExtension'],
  [0xc2, 'i64.extend8_s', 'I:I', '', 'signExtension'],
  [0xc3, 'i64.extend16_s', 'I:I', '', 'signExtension'],
  [0xc4, 'i64.extend32_s', 'I:I', '', 'signExtension'],
  // Reference
  [0xd0, 'ref.null', '', 'heap', 'referenceTypes'],
  [0xd1, 'ref.is_null', '', '', 'referenceTypes'],
  [0xd2, 'ref.func', '', 'func', 'referenceTypes'],
  [0xd4, 'ref.as_non_null', '', '', 'functionReferences', 0, true],
  [0xd5, 'br_on_null', '', 'label', 'functionReferences'],
  [0xd6, 'br_on_non_null', '', 'label', 'functionReferences'],
  // 0xfc: saturating conversions, bulk memory, tables
  [0x100, 'i32.trunc_sat_f32_s', 'f:i', '', 'saturatingFloatToInt'],
  [0x101, 'i32.trunc_sat_f32_u', 'f:i', '', 'saturatingFloatToInt'],
  [0x102, 'i32.trunc_sat_f64_s', 'F:i', '', 'saturatingFloatToInt'],
  [0x103, 'i32.trunc_sat_f64_u', 'F:i', '', 'saturatingFloatToInt'],
  [0x104, 'i64.trunc_sat_f32_s', 'f:I', '', 'saturatingFloatToInt'],
  [0x105, 'i64.trunc_sat_f32_u', 'f:I', '', 'saturatingFloatToInt'],
  [0x106, 'i64.trunc_sat_f64_s', 'F:I', '', 'saturatingFloatToInt'],
  [0x107, 'i64.trunc_sat_f64_u', 'F:I', '', 'saturatingFloatToInt'],
  [0x108, 'memory.init', 'aii:', 'dataMemory', 'bulkMemory', 0, true],
  [0x109, 'data.drop', ':', 'data', 'bulkMemory'],
  [0x10a, 'memory.copy', '', 'memoryMemory', 'bulkMemory', 0, true],
  [0x10b, 'memory.fill', 'aia:', 'memory', 'bulkMemory', 0, true],
  [0x10c, 'table.init', 'tii:', 'elemTable', 'bulkMemory', 0, true],
  [0x10d, 'elem.drop', ':', 'elem', 'bulkMemory'],
  [0x10e, 'table.copy', '', 'tableTable', 'bulkMemory', 0, true],
  [0x10f, 'table.grow', '', 'table', 'referenceTypes'],
  [0x110, 'table.size', ':t', 'table', 'referenceTypes'],
  [0x111, 'table.fill', '', 'table', 'referenceTypes', 0, true],
  ...EXCEPTION_ROWS,
  // 0xfd: vectors
  ...SIMD_ROWS,
  // 0xfe: atomic
  ...ATOMIC_ROWS,
] as const satisfies readonly Row[];

type Row = readonly [
  op: number,
  name: string,
  sig: string,
  imm?: Immediates | '',
  feature?: Feature | '',
  width?: number,
  traps?: boolean,
  mirror?: string,
];

/**
 * Immediates, in the binary format's order. `typeTable`, `dataMemory`, `elemTable`, `memoryMemory` and `tableTable` are two indices
 * (the two latter: destination, source). `tryTable` is a block type and catch clauses. `callee` is a function that is called, `calleeType` the type of one, `func` one that is only named. `memarg` is alignment flags, a memory index if flag 0x40 is set, and an offset.
 * `memargLane` has a lane behind that; `atomic` must have the natural alignment; `fence` is a zero byte; `shuffle` is sixteen lanes of two vectors.
 */
export type Immediates =
  | 'none'
  | 'block'
  | 'tryTable'
  | 'tag'
  | 'label'
  | 'labels'
  | 'callee'
  | 'func'
  | 'typeTable'
  | 'calleeType'
  | 'types'
  | 'local'
  | 'global'
  | 'table'
  | 'tableTable'
  | 'memarg'
  | 'memory'
  | 'memoryMemory'
  | 'data'
  | 'dataMemory'
  | 'elem'
  | 'elemTable'
  | 'heap'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'lane'
  | 'memargLane'
  | 'atomic'
  | 'fence'
  | 'shuffle';

/** Names as in the specification; the typed `select` has its own, `select t`, since it has its own opcode. */
export type OpName = (typeof ROWS)[number][1];
/** Instructions whose typing is a rule of its own. */
export type SpecialOp = Extract<(typeof ROWS)[number], { readonly 2: '' }>[1];
type AnyRow = (typeof ROWS)[number];
/** Instructions that throw and handle exceptions, of both generations. */
export type ExceptionOp = (typeof EXCEPTION_ROWS)[number][1];
/** Structured instructions: each opens a block. */
export type BlockOp = Extract<AnyRow, { readonly 3: 'block' | 'tryTable' }>[1];
/** Instructions that may do so much work at once that it is done in parts. */
export type BulkOp =
  | 'memory.fill'
  | 'memory.copy'
  | 'memory.init'
  | 'table.fill'
  | 'table.copy'
  | 'table.init';
/** Instructions on memories, tables and references that take values and give values: whatever the table has more is one of these. */
export type PlainOp = Exclude<
  OpName,
  | (NumericOp | AccessOp | VectorOp | BulkOp | BlockOp | ExceptionOp)
  | ('unreachable' | 'nop' | 'else' | 'end' | 'br' | 'br_if' | 'br_table' | 'return')
  | ('call' | 'call_indirect' | 'call_ref' | 'return_call' | 'return_call_indirect' | 'return_call_ref')
  | ('ref.is_null' | 'br_on_null' | 'br_on_non_null')
  | ('drop' | 'select' | 'select t')
  | ('local.get' | 'local.set' | 'local.tee' | 'global.get' | 'global.set')
  | ('i32.const' | 'i64.const' | 'f32.const' | 'f64.const')
>;
/** Rows with a vector among their operands or results. */
type VectorRow = Extract<AnyRow, { readonly 2: `${string}v${string}` }>;
/** Rows without immediates that have a signature, but for `nop`. */
type NumericRow = Exclude<
  Extract<AnyRow, { readonly length: 3 } | { readonly 3: '' }>,
  { readonly 2: '' } | { readonly 1: 'nop' } | VectorRow
>;
type AccessRow = Exclude<Extract<AnyRow, { readonly 3: 'memarg' }>, VectorRow>;
/** Instructions that compute their result from their operands alone. */
export type NumericOp = NumericRow[1];
export type NumericSignature = NumericRow[2];
/** Instructions that others are when their operands change places. */
export type MirrorOp = Extract<AnyRow, { readonly 7: string }>[7];
/** SIMD instructions. */
export type VectorOp = VectorRow[1];
type ShapeOf<Row> = Row extends readonly [
  number,
  string,
  infer Sig extends string,
  infer Imm extends string,
  ...unknown[],
]
  ? `${Sig} ${Imm}`
  : never;
/** Signatures and immediates of the SIMD instructions. */
export type VectorShape = ShapeOf<VectorRow>;
/** Loads and stores of numbers. */
export type AccessOp = AccessRow[1];
export type LoadOp = Extract<AccessRow, { readonly 2: `a:${string}` }>[1];
export type AccessSignature = AccessRow[2];
/** Immediates of the instructions that call a function. */
export type CallImmediates = Extract<AnyRow, { readonly 1: `${string}call${string}` }>[3];
/** Immediates of the instructions that have a signature. */
export type SignatureImmediates =
  | Exclude<Exclude<(typeof ROWS)[number], { readonly 2: '' }>[3] & string, ''>
  | 'none';

export interface Instruction {
  readonly op: number;
  readonly name: OpName;
  readonly imm: Immediates;
  readonly sig: string;
  /** What brought it: `mvp` is WebAssembly 1.0. */
  readonly feature: 'mvp' | Feature;
  /** Bits that a memory access touches, else 0. */
  readonly width: number;
  /** Whether it can trap itself. */
  readonly traps: boolean;
  /** Computes the same from swapped operands. */
  readonly mirror: MirrorOp | undefined;
}

const rows: (Instruction | undefined)[] = [];
// Every start pays for these lines, in an engine that is cold: they take no detours (rows of parts are behind the others, unsorted).
(ROWS as readonly Row[]).forEach((row) => {
  const op = row[0];
  while (rows.length <= op) rows.push(undefined);
  rows[op] = {
    op,
    name: row[1] as OpName,
    imm: row[3] || 'none',
    sig: row[2],
    feature: row[4] || 'mvp',
    width: row[5] ?? 0,
    traps: row[6] === true,
    mirror: row[7] as MirrorOp | undefined,
  };
});

/** The instruction of a dense id. Holes are ids that no instruction has. */
export const instructionOf: readonly (Instruction | undefined)[] = rows;

/** In the order of opcodes. */
export const INSTRUCTIONS = rows.filter((row) => row !== undefined) as readonly Instruction[];

/** First dense id of a prefix byte's instructions. */
export const PREFIX_BASE: Readonly<Record<number, number>> = {
  252: 0x100,
  253: 0x200,
  254: 0x400,
  251: 0x500,
};

/** Whether the instruction opens a block. */
export function opensBlock({ imm }: Instruction): boolean {
  return imm === 'block' || imm === 'tryTable';
}

/** What may leave a function otherwise than by returning or trapping, or takes what has left another. */
const EXCEPTIONS: readonly OpName[] = ['throw', 'throw_ref', 'rethrow', 'try', 'try_table'];
/** Whether it throws or handles exceptions: the function is not quiet, and its frame is one that a throw must find. */
export function usesExceptions({ name }: Instruction): boolean {
  return EXCEPTIONS.includes(name);
}

const ops: Record<string, number> = {};
INSTRUCTIONS.forEach(({ name, op }) => {
  ops[name] = op;
});

/** Dense ids by name, for code that must name an instruction: `OP['i32.const']`. */
export const OP = ops as Readonly<Record<OpName, number>>;
