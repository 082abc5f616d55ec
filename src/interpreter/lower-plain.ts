/** Lowering of everything but control: what reads operands and leaves results (spec "exec/instructions"). */
import { F32, F64, FUNCREF, I32, I64, type Instruction, isRef, type ValType } from '../decoder';
import { readHeapType, readValType } from '../decoder/typereader';
import { InternalError } from '../errors';
import { type BulkOp, isBulk, makeBulk } from './bulk';
import type { Safepoint } from './code';
import { globalGetRef, globalSetRef, isEffect, makeEffect, selectRef } from './effects';
import {
  binary,
  bits,
  constant,
  copysign,
  Expr,
  globalGet,
  isTrapping,
  load,
  READS_GLOBAL,
  READS_MEMORY,
  select,
  TRAPS,
  unary,
} from './expr';
import { type Lowering, VALIDATED } from './lower';
import type { Memory } from './memory';

const TYPES: Readonly<Record<string, ValType>> = { i: I32, I: I64, f: F32, F: F64 };

export function lowerPlain(lowering: Lowering, row: Instruction, at: number): void {
  switch (row.imm) {
    case 'local':
      lowerLocal(lowering, row);
      return;
    case 'global':
      lowerGlobal(lowering, row);
      return;
    case 'memarg':
      lowerAccess(lowering, row, at);
      return;
    case 'types':
    case 'none':
      if (row.name === 'drop') lowering.drop();
      else if (row.name === 'select' || row.name === 'select t') lowerSelect(lowering, row);
      else if (isEffect(row.name)) lowerEffect(lowering, row, at);
      else lowerNumeric(lowering, row, at);
      return;
    case 'i32':
      lowering.push(constant(I32, lowering.reader.s32(), 0));
      return;
    case 'i64':
      lowering.reader.s64();
      lowering.push(constant(I64, lowering.reader.lo, lowering.reader.hi));
      return;
    case 'f32':
      lowering.push(constant(F32, lowering.reader.word(), 0));
      return;
    case 'f64':
      lowering.reader.f64();
      lowering.push(constant(F64, lowering.reader.lo, lowering.reader.hi));
      return;
    default:
      lowerEffect(lowering, row, at);
  }
}

function lowerLocal(lowering: Lowering, row: Instruction): void {
  const index = lowering.reader.u32();
  if (row.name !== 'local.get') lowering.setLocal(index, lowering.pop());
  if (row.name !== 'local.set') lowering.pushLocal(index);
}

function lowerGlobal(lowering: Lowering, row: Instruction): void {
  const global = lowering.instance.globals[lowering.reader.u32()];
  const type = global.type.value;
  if (isRef(type)) {
    lowering.usesRefs = true;
    lowering.forceAll();
    if (row.name === 'global.get') {
      lowering.emit({ kind: 'effect', effect: globalGetRef(global), at: lowering.top });
      lowering.pushSlot(type);
    } else {
      lowering.pop();
      lowering.emit({ kind: 'effect', effect: globalSetRef(global), at: lowering.top });
    }
    return;
  }
  if (row.name === 'global.get') {
    lowering.push(globalGet(type, global.cells, global.at));
    return;
  }
  const value = lowering.pop();
  lowering.forceFlags(READS_GLOBAL | TRAPS);
  lowering.emit({ kind: 'global.set', cells: global.cells, at: global.at, value });
}

function lowerSelect(lowering: Lowering, row: Instruction): void {
  if (row.imm === 'types') {
    for (let count = lowering.reader.u32(); count > 0; count--) readValType(lowering.reader, VALIDATED);
  }
  const { stack } = lowering;
  const first = stack.length - 3;
  if (isRef(stack[first].type)) {
    lowering.forceAll();
    const type = stack[first].type;
    lowering.truncate(first);
    lowering.emit({ kind: 'effect', effect: selectRef(), at: lowering.top });
    lowering.pushSlot(type);
    return;
  }
  // Only one operand will be computed: what can trap is computed before.
  if (((stack[first].flags | stack[first + 1].flags) & TRAPS) !== 0) {
    for (let k = 0; k < first + 2; k++) if ((stack[k].flags & TRAPS) !== 0) lowering.force(k);
  }
  const condition = lowering.pop();
  const b = lowering.pop();
  const a = lowering.pop();
  lowering.push(select(a, b, condition));
}

function lowerNumeric(lowering: Lowering, row: Instruction, at: number): void {
  const [operands, results] = row.sig.split(':');
  if (results === undefined) throw new InternalError(`no lowering for ${row.name}`);
  const type = TYPES[results];
  if (operands.length === 1) {
    const a = lowering.pop();
    const reinterprets = row.name === 'i32.reinterpret_f32' || row.name === 'i64.reinterpret_f64';
    lowering.push(reinterprets ? bits(a) : unary(row.name, type, a, isTrapping(row), at));
    return;
  }
  const b = lowering.pop();
  const a = lowering.pop();
  if (row.name === 'f32.copysign' || row.name === 'f64.copysign') lowering.push(copysign(a, b));
  else lowering.push(binary(row.name, type, a, b, isTrapping(row), at));
}

/** The address as an i32 expression whose offset the quick check can take; other offsets are added first. */
function address(
  memory: Memory,
  operand: Expr,
  offset: number,
  bytes: number,
  at: number,
): { address: Expr; offset: number } {
  let address = operand;
  if (memory.type.address === 'i64') address = unary('index64', I32, operand, true, at);
  if (offset < 0x80000000) return { address, offset };
  const far = new Expr('address', I32, address, undefined, undefined, TRAPS | READS_MEMORY);
  // An offset of 2^32 or more is out of bounds of every memory there is, and so are 2^31 bytes from the largest offset below it.
  far.lo = offset < 4294967296 ? offset | 0 : -1;
  far.hi = offset < 4294967296 ? bytes : 0x7fffffff;
  far.memory = memory.views;
  far.at = at;
  return { address: far, offset: 0 };
}

function lowerAccess(lowering: Lowering, row: Instruction, at: number): void {
  const { reader, instance } = lowering;
  const memory = instance.memories[(reader.u32() & 0x40) === 0 ? 0 : reader.u32()];
  const staticOffset = reader.u64AsNumber();
  const bytes = row.width / 8;
  const [operands, results] = row.sig.split(':');
  if (operands.length === 1) {
    const where = address(memory, lowering.pop(), staticOffset, bytes, at);
    lowering.push(load(row.name, TYPES[results], where.address, where.offset, memory.views, at));
    return;
  }
  // A check of the address that is a closure of its own comes after both operands.
  const checksEarly = memory.type.address === 'i64' || staticOffset >= 0x80000000;
  if (checksEarly && (lowering.stack[lowering.stack.length - 1].flags & TRAPS) !== 0) lowering.forceAll();
  let value = lowering.pop();
  const where = address(memory, lowering.pop(), staticOffset, bytes, at);
  let name: string = row.name;
  if (name.startsWith('i64.store') && name !== 'i64.store') {
    value = unary('i32.wrap_i64', I32, value, false, at);
    name = name === 'i64.store32' ? 'i32.store' : name.replace('i64', 'i32');
  }
  lowering.forceFlags(READS_MEMORY | TRAPS);
  lowering.emit({
    kind: 'store',
    name,
    address: where.address,
    value,
    offset: where.offset,
    memory: memory.views,
    at,
  });
}

/** Operands and results of the effects that have no signature, by instruction. */
const SHAPES: Readonly<
  Record<string, readonly [operands: number, result: 'address' | 'element' | 'i32' | 'funcref' | 'none']>
> = {
  'memory.size': [0, 'address'],
  'memory.grow': [1, 'address'],
  'data.drop': [0, 'none'],
  'table.get': [1, 'element'],
  'table.set': [2, 'none'],
  'table.size': [0, 'address'],
  'table.grow': [2, 'address'],
  'elem.drop': [0, 'none'],
  'ref.null': [0, 'element'],
  'ref.is_null': [1, 'i32'],
  'ref.func': [0, 'funcref'],
};

function lowerEffect(lowering: Lowering, row: Instruction, at: number): void {
  const { reader, instance } = lowering;
  const { name } = row;
  let x = 0;
  let y = 0;
  let element: ValType = I32;
  if (row.imm === 'heap') element = readHeapType(reader, VALIDATED);
  else if (row.imm !== 'none') {
    x = reader.u32();
    if (/^(tableTable|memoryMemory|dataMemory|elemTable)$/.test(row.imm)) y = reader.u32();
  }
  if (name === 'table.get') element = instance.tables[x].type.element;
  if (isBulk(name)) {
    lowerBulk(lowering, name, x, y, at);
    return;
  }
  if (!isEffect(name)) throw new InternalError(`no lowering for ${name}`);
  const [operands, result] = SHAPES[name];
  lowering.forceAll();
  if (/^table\.|^ref\./.test(name)) lowering.usesRefs = true;
  lowering.truncate(lowering.stack.length - operands);
  lowering.emit({ kind: 'effect', effect: makeEffect(name, { instance, x, y, at }), at: lowering.top });
  if (result === 'none') return;
  if (result === 'address') {
    const { address: width } = name.startsWith('table') ? instance.tables[x].type : instance.memories[x].type;
    lowering.pushSlot(width === 'i64' ? I64 : I32);
  } else {
    lowering.pushSlot(result === 'i32' ? I32 : result === 'funcref' ? FUNCREF : element);
  }
}

/** The operands stay in their slots until the operation is done; then the code goes on in a new block. */
function lowerBulk(lowering: Lowering, name: BulkOp, x: number, y: number, at: number): void {
  if (name.startsWith('table')) lowering.usesRefs = true;
  lowering.forceAll();
  const operands = lowering.types(lowering.stack.length);
  lowering.truncate(lowering.stack.length - 3);
  const site: Safepoint = {
    code: lowering.code,
    kind: 'bulk',
    offset: at - lowering.start,
    targetLoop: -1,
    operands,
    resume: null,
  };
  lowering.code.bulks.set(site.offset, site);
  const operation = makeBulk(name, { instance: lowering.instance, x, y, at });
  lowering.end({ kind: 'bulk', operation, at: lowering.top, site });
  lowering.begin();
}
