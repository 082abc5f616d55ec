/**
 * What each instruction becomes: one handler a row of the instruction table. A row without one is a type error here or in what is imported.
 *
 * A handler reads its immediates; the reader stands behind the opcode.
 */
import {
  type AccessOp,
  type AccessSignature,
  asNonNull,
  F32,
  F64,
  I32,
  I64,
  type Instruction,
  instructionOf,
  type NumericOp,
  type NumericSignature,
  type OpName,
  type PlainOp,
  type VectorOp,
  type VectorShape,
} from '../decoder';
import { readBlockType, readBodyValType } from '../decoder/body';
import { PLAIN_OPS } from '../decoder/plain';
import type { Builder, Handler } from './builder';
import { callDirect, callIndirect, callRef, tailCall, tailCallIndirect, tailCallRef } from './calls';
import { bulkOne, bulkTwo, plain } from './effects';
import { EXCEPTIONS } from './exceptions';
import { TRAPS } from './expr';
import { constant, constantI32, isNull, unary } from './makers';
import { ACCESS, NUMERIC } from './numbers';
import type { Branch } from './statements';
import { drop, getGlobal, lowerSelect, popToLocal, pushLocal, setGlobal } from './variables';
import { VECTOR } from './vectors';

function lowerTable(lowering: Builder): void {
  const { reader, operands } = lowering;
  const index = operands.pop();
  operands.computeFlags(TRAPS);
  const branches: Branch[] = [];
  for (let more = reader.u32(); more >= 0; more--) {
    branches.push(lowering.branch(lowering.control(reader.u32())));
  }
  lowering.labelsRead += branches.length;
  lowering.emit({ kind: 'br_table', index, branches });
  lowering.die();
}

function branchOnNull(lowering: Builder): void {
  const { operands } = lowering;
  const depth = lowering.reader.u32();
  const value = operands.popReference();
  operands.computeFlags(TRAPS);
  const branch = lowering.branch(lowering.control(depth));
  lowering.emit({ kind: 'br_if', condition: isNull(value), branch });
  lowering.retype(lowering.control(depth));
  operands.push({ ...value, type: asNonNull(value.type) });
}

function branchOnNonNull(lowering: Builder): void {
  const { operands } = lowering;
  const depth = lowering.reader.u32();
  const value = operands.popReference();
  operands.push({ ...value, type: asNonNull(value.type) });
  operands.computeFlags(TRAPS);
  const branch = lowering.branch(lowering.control(depth));
  lowering.emit({ kind: 'br_if', condition: unary('i32.eqz', I32, isNull(value)), branch });
  lowering.retype(lowering.control(depth));
  operands.pop();
}

const PLAIN = Object.fromEntries(PLAIN_OPS.map((op): [PlainOp, Handler] => [op, plain(op)])) as Record<
  PlainOp,
  Handler
>;

const OTHERS: Readonly<Record<Exclude<OpName, NumericOp | AccessOp | VectorOp>, Handler>> = {
  ...PLAIN,
  unreachable: (l) => {
    l.operands.computeFlags(TRAPS);
    l.emit({ kind: 'unreachable', offset: l.offset });
    l.die();
  },
  nop: () => {},
  block: (l) => {
    const { params, results } = readBlockType(l.reader, l.module);
    l.open('block', params, results);
  },
  loop: (l) => {
    const { params, results } = readBlockType(l.reader, l.module);
    l.open('loop', params, results);
  },
  if: (l) => {
    const { params, results } = readBlockType(l.reader, l.module);
    l.openIf(params, results);
  },
  ...EXCEPTIONS,
  else: (l) => l.otherwise(),
  end: (l) => l.end(),
  br: (l) => {
    const branch = l.branch(l.control(l.reader.u32()));
    l.emit({ kind: 'br', branch });
    l.die();
  },
  br_if: (l) => {
    const depth = l.reader.u32();
    const condition = l.operands.pop();
    l.operands.computeFlags(TRAPS);
    const branch = l.branch(l.control(depth));
    l.emit({ kind: 'br_if', condition, branch });
    l.retype(l.control(depth));
  },
  br_table: lowerTable,
  return: (l) => {
    l.returnValues();
    l.die();
  },
  call: callDirect,
  call_indirect: callIndirect,
  return_call: tailCall,
  return_call_indirect: tailCallIndirect,
  call_ref: callRef,
  return_call_ref: tailCallRef,
  drop,
  select: lowerSelect,
  'select t': (l) => {
    for (let more = l.reader.u32(); more > 0; more--) readBodyValType(l.reader, l.module);
    lowerSelect(l);
  },
  'local.get': (l) => pushLocal(l, l.reader.u32()),
  'local.set': (l) => popToLocal(l, l.reader.u32()),
  'local.tee': (l) => {
    const localidx = l.reader.u32();
    popToLocal(l, localidx);
    pushLocal(l, localidx);
  },
  'global.get': getGlobal,
  'global.set': setGlobal,
  'i32.const': (l) => l.operands.push(constantI32(l.reader.s32())),
  'i64.const': ({ reader, operands }) => {
    reader.s64();
    operands.push(constant(I64, reader.lo, reader.hi));
  },
  'f32.const': (l) => l.operands.push(constant(F32, l.reader.word(), 0)),
  'f64.const': ({ reader, operands }) => {
    reader.f64();
    operands.push(constant(F64, reader.lo, reader.hi));
  },
  'ref.is_null': (l) => l.operands.push(isNull(l.operands.popReference())),
  br_on_null: branchOnNull,
  br_on_non_null: branchOnNonNull,
  'memory.init': bulkTwo('memory.init'),
  'memory.copy': bulkTwo('memory.copy'),
  'memory.fill': bulkOne('memory.fill'),
  'table.init': bulkTwo('table.init'),
  'table.copy': bulkTwo('table.copy'),
  'table.fill': bulkOne('table.fill'),
};

function handlerOf(row: Instruction): Handler {
  if (row.name in OTHERS) return OTHERS[row.name as keyof typeof OTHERS];
  if (row.sig.includes('v')) return VECTOR[`${row.sig} ${row.imm}` as VectorShape];
  return row.imm === 'memarg' ? ACCESS[row.sig as AccessSignature] : NUMERIC[row.sig as NumericSignature];
}

/** By the instructions' dense ids. */
export const HANDLERS: readonly (Handler | undefined)[] = instructionOf.map((row) => row && handlerOf(row));
