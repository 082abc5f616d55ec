/** What numeric instructions, loads and stores become: expressions that are computed late. By signature, as the instruction table has them. */
import {
  type AccessOp,
  type AccessSignature,
  F32,
  F64,
  I32,
  I64,
  type Instruction,
  type LoadOp,
  type NumericOp,
  type NumericSignature,
  type ValType,
} from '../decoder';
import { addressOf, FAR, readAccess } from './access';
import type { Builder, Handler } from './builder';
import { type ComputeOp, READS_MEMORY, TRAPS } from './expr';
import { load, unary } from './makers';
import { binary, bits, copysign } from './normal';
import type { StoreOp } from './statements';

const TYPE_OF: Readonly<Record<string, ValType>> = { i: I32, I: I64, f: F32, F: F64 };
const resultOf = (row: Instruction): ValType => TYPE_OF[row.sig[row.sig.length - 1]];

function one({ operands, offset }: Builder, row: Instruction): void {
  const op = row.name as ComputeOp;
  const a = operands.pop();
  const isBits = op === 'i32.reinterpret_f32' || op === 'i64.reinterpret_f64';
  operands.push(isBits ? bits(a) : unary(op, resultOf(row), a, row.traps ? offset : -1));
}

function two({ operands, offset }: Builder, row: Instruction): void {
  const op = row.name as NumericOp;
  const b = operands.pop();
  const a = operands.pop();
  if (op === 'f32.copysign' || op === 'f64.copysign') operands.push(copysign(a, b));
  else operands.push(binary(op, resultOf(row), a, b, row.traps ? offset : -1));
}

export const NUMERIC: Readonly<Record<NumericSignature, Handler>> = {
  'i:i': one,
  'i:I': one,
  'i:f': one,
  'i:F': one,
  'I:i': one,
  'I:I': one,
  'I:f': one,
  'I:F': one,
  'f:i': one,
  'f:I': one,
  'f:f': one,
  'f:F': one,
  'F:i': one,
  'F:I': one,
  'F:f': one,
  'F:F': one,
  'ii:i': two,
  'II:i': two,
  'II:I': two,
  'ff:i': two,
  'ff:f': two,
  'FF:i': two,
  'FF:F': two,
};

// Loads and stores

function lowerLoad(lowering: Builder, row: Instruction): void {
  const { operands, offset } = lowering;
  const access = readAccess(lowering, row);
  const { a, memoryOffset } = addressOf(operands.pop(), access, offset);
  operands.push(load(row.name as LoadOp, resultOf(row), a, memoryOffset, access.memidx, offset));
}

/** The low words of an i64 are stored like an i32. */
const STORES: Readonly<Record<Exclude<AccessOp, LoadOp>, readonly [StoreOp, wraps: boolean]>> = {
  'i32.store': ['i32.store', false],
  'i64.store': ['i64.store', false],
  'f32.store': ['f32.store', false],
  'f64.store': ['f64.store', false],
  'i32.store8': ['i32.store8', false],
  'i32.store16': ['i32.store16', false],
  'i64.store8': ['i32.store8', true],
  'i64.store16': ['i32.store16', true],
  'i64.store32': ['i32.store', true],
};

function lowerStore(lowering: Builder, row: Instruction): void {
  const { operands, offset } = lowering;
  const access = readAccess(lowering, row);
  const { wide, memoryOffset: far } = access;
  // A check of the address that is an expression of its own comes behind both operands.
  if ((wide || far >= FAR) && (operands.at(operands.height - 1).flags & TRAPS) !== 0) operands.computeAll();
  const [op, wraps] = STORES[row.name as keyof typeof STORES];
  const operand = operands.pop();
  const value = wraps ? unary('i32.wrap_i64', I32, operand) : operand;
  const { a, memoryOffset } = addressOf(operands.pop(), access, offset);
  operands.computeFlags(READS_MEMORY | TRAPS);
  lowering.emit({ kind: 'store', op, address: a, value, memoryOffset, memidx: access.memidx, offset });
}

export const ACCESS: Readonly<Record<AccessSignature, Handler>> = {
  'a:i': lowerLoad,
  'a:I': lowerLoad,
  'a:f': lowerLoad,
  'a:F': lowerLoad,
  'ai:': lowerStore,
  'aI:': lowerStore,
  'af:': lowerStore,
  'aF:': lowerStore,
};
