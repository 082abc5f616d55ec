/**
 * What each instruction becomes: one handler a row of the instruction table. A row without one is a type error here.
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
  INSTRUCTIONS,
  type Instruction,
  isRef,
  type Limits,
  type LoadOp,
  type NumericOp,
  type NumericSignature,
  type OpName,
  refTo,
  refType,
  slotsOf,
  V128,
  type ValType,
  type VectorOp,
  type VectorShape,
} from '../decoder';
import { readBlockType, readBodyHeapType, readBodyValType } from '../decoder/body';
import { addressOf, FAR, isWide, readAccess } from './access';
import type { Builder, Handler } from './builder';
import { EXCEPTIONS } from './exceptions';
import {
  binary,
  bits,
  type ComputeOp,
  constant,
  copysign,
  getLocal,
  globalGet,
  isIn,
  isNull,
  load,
  narrow,
  READS_GLOBAL,
  READS_MEMORY,
  select,
  TRAPS,
  unary,
} from './expr';
import { slotsOfAll } from './frame';
import { dropped } from './operands';
import type { Branch, BulkOp, EffectOp, StoreOp } from './statements';
import { VECTOR } from './vectors';

// Numeric instructions

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

const NUMERIC: Readonly<Record<NumericSignature, Handler>> = {
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

const ACCESS: Readonly<Record<AccessSignature, Handler>> = {
  'a:i': lowerLoad,
  'a:I': lowerLoad,
  'a:f': lowerLoad,
  'a:F': lowerLoad,
  'ai:': lowerStore,
  'aI:': lowerStore,
  'af:': lowerStore,
  'aF:': lowerStore,
};

// What works on canonical slots

const addressType = (limits: Limits): ValType => (isWide(limits) ? I64 : I32);

/** Takes so many operands; leaves a result of this type, if any. */
function effect(lowering: Builder, op: EffectOp, index: number, taken: number, result?: ValType): void {
  const { operands, offset } = lowering;
  operands.computeAll();
  operands.truncate(operands.height - taken);
  lowering.emit({ kind: 'effect', op, index, slot: operands.top, offset });
  if (result !== undefined) operands.pushSlot(result);
}

/** The operands stay in their slots until the operation is done. */
function bulk(lowering: Builder, op: BulkOp, x: number, y: number): void {
  const { operands, offset } = lowering;
  operands.computeAll();
  const types = operands.list(operands.height);
  operands.truncate(operands.height - 3);
  lowering.emit({ kind: 'bulk', op, x, y, slot: operands.top, offset, operands: types });
}
const bulkOne =
  (op: BulkOp): Handler =>
  (lowering) =>
    bulk(lowering, op, lowering.reader.u32(), 0);
const bulkTwo =
  (op: BulkOp): Handler =>
  (lowering) => {
    const x = lowering.reader.u32();
    bulk(lowering, op, x, lowering.reader.u32());
  };

// Variables

function getGlobal(lowering: Builder): void {
  const globalidx = lowering.reader.u32();
  const type = lowering.module.globals[globalidx].value;
  if (isRef(type)) effect(lowering, 'ref.global.get', globalidx, 0, type);
  else lowering.operands.push(globalGet(type, globalidx));
}

function setGlobal(lowering: Builder): void {
  const { operands, reader, module } = lowering;
  const globalidx = reader.u32();
  if (isRef(module.globals[globalidx].value)) {
    effect(lowering, 'ref.global.set', globalidx, 1);
    return;
  }
  if (module.globals[globalidx].value === V128) operands.place(operands.height - 1);
  const value = operands.pop();
  operands.computeFlags(READS_GLOBAL | TRAPS);
  lowering.emit({ kind: 'global.set', globalidx, value });
}

function pushLocal(lowering: Builder, localidx: number): void {
  const { type, slot, localidx: first } = lowering.locals.groupOf(localidx);
  lowering.operands.push(getLocal(type, slot + (localidx - first) * slotsOf(type), localidx));
}

function popToLocal(lowering: Builder, localidx: number): void {
  const { operands, locals } = lowering;
  const value = operands.pop();
  operands.computeReaders(localidx, (value.flags & TRAPS) !== 0);
  const group = locals.groupOf(localidx);
  const slot = group.slot + (localidx - group.localidx) * slotsOf(group.type);
  if (!isIn(value, slot)) lowering.emit({ kind: 'set', slot, value });
}

// Parametric instructions

function drop(lowering: Builder): void {
  const { operands } = lowering;
  const value = operands.pop();
  if ((value.flags & TRAPS) === 0) return;
  operands.computeFlags(TRAPS);
  lowering.emit(dropped(value, operands.top));
}

function lowerSelect(lowering: Builder): void {
  const { operands } = lowering;
  const first = operands.height - 3;
  const type = operands.typeAt(first);
  if (isRef(type)) {
    effect(lowering, 'ref.select', 0, 3, type);
    return;
  }
  // Only one operand will be computed: what can trap is computed before.
  if (((operands.at(first).flags | operands.at(first + 1).flags) & TRAPS) !== 0) {
    operands.computeFlagsBelow(first + 2, TRAPS);
  }
  if (type === V128) for (const height of [first, first + 1]) operands.place(height);
  const condition = operands.pop();
  const b = operands.pop();
  const a = operands.pop();
  operands.push(select(a, b, condition));
}

// Control

function lowerTable(lowering: Builder): void {
  const { reader, operands } = lowering;
  const index = operands.pop();
  operands.computeFlags(TRAPS);
  const made = new Map<number, Branch>();
  const branches: Branch[] = [];
  for (let more = reader.u32(); more >= 0; more--) {
    const depth = reader.u32();
    let branch = made.get(depth);
    if (branch === undefined) {
      branch = lowering.branch(lowering.control(depth));
      made.set(depth, branch);
    }
    branches.push(branch);
  }
  lowering.emit({ kind: 'br_table', index, branches });
  lowering.die();
}

/** Arguments go to their slots; the safepoint of the call knows the operands below them. */
function call(
  lowering: Builder,
  params: readonly ValType[],
  emit: (height: number, slot: number) => void,
): void {
  const { operands } = lowering;
  operands.computeAll();
  const height = operands.height - params.length;
  emit(height, operands.slotAt(height));
  lowering.calls = true;
}

function calleeOf({ module }: Builder, funcidx: number) {
  return module.types[module.funcTypes[funcidx]].composite.func;
}

function callDirect(lowering: Builder): void {
  const funcidx = lowering.reader.u32();
  const { params, results } = calleeOf(lowering, funcidx);
  const { operands } = lowering;
  call(lowering, params, (height, slot) => {
    const safepoint = lowering.callPoint(height, results, funcidx);
    lowering.emit({ kind: 'call', funcidx, slot, safepoint });
    operands.settle(height, results);
  });
}

function callIndirect(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const tableidx = reader.u32();
  const { params, results } = module.types[typeidx].composite.func;
  const operand = operands.pop();
  const index = isWide(module.tables[tableidx]) ? narrow(operand, 'undefinedElement', offset) : operand;
  call(lowering, params, (height, slot) => {
    const safepoint = lowering.callPoint(height, results, -1);
    lowering.emit({ kind: 'call_indirect', typeidx, tableidx, index, slot, offset, safepoint });
    operands.settle(height, results);
  });
}

function callRef(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const { params, results } = module.types[typeidx].composite.func;
  const callee = operands.popReference().slot;
  call(lowering, params, (height, slot) => {
    const safepoint = lowering.callPoint(height, results, -1);
    lowering.emit({ kind: 'call_ref', typeidx, callee, slot, offset, safepoint });
    operands.settle(height, results);
  });
}

function tailCall(lowering: Builder): void {
  const funcidx = lowering.reader.u32();
  const { params } = calleeOf(lowering, funcidx);
  call(lowering, params, (_, slot) => {
    lowering.emit({ kind: 'tail', funcidx, slot, count: slotsOfAll(params) });
  });
  lowering.die();
}

function tailCallIndirect(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const tableidx = reader.u32();
  const { params } = module.types[typeidx].composite.func;
  operands.computeAll();
  operands.truncate(operands.height - 1);
  call(lowering, params, (_, slot) => {
    lowering.emit({ kind: 'tail_indirect', typeidx, tableidx, slot, count: slotsOfAll(params), offset });
  });
  lowering.die();
}

function tailCallRef(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const { params } = module.types[typeidx].composite.func;
  operands.computeAll();
  operands.truncate(operands.height - 1);
  call(lowering, params, (_, slot) => {
    lowering.emit({ kind: 'tail_ref', typeidx, slot, count: slotsOfAll(params), offset });
  });
  lowering.die();
}

// References

function branchOnNull(lowering: Builder): void {
  const { operands } = lowering;
  const depth = lowering.reader.u32();
  const value = operands.popReference();
  operands.computeFlags(TRAPS);
  const branch = lowering.branch(lowering.control(depth));
  lowering.emit({ kind: 'br_if', condition: isNull(value), branch });
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
  operands.pop();
}

const OTHERS: Readonly<Record<Exclude<OpName, NumericOp | AccessOp | VectorOp>, Handler>> = {
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
  'table.get': (l) => {
    const tableidx = l.reader.u32();
    effect(l, 'table.get', tableidx, 1, l.module.tables[tableidx].element);
  },
  'table.set': (l) => effect(l, 'table.set', l.reader.u32(), 2),
  'memory.size': (l) => {
    const memidx = l.reader.u32();
    effect(l, 'memory.size', memidx, 0, addressType(l.module.memories[memidx]));
  },
  'memory.grow': (l) => {
    const memidx = l.reader.u32();
    effect(l, 'memory.grow', memidx, 1, addressType(l.module.memories[memidx]));
  },
  'i32.const': (l) => l.operands.push(constant(I32, l.reader.s32(), 0)),
  'i64.const': ({ reader, operands }) => {
    reader.s64();
    operands.push(constant(I64, reader.lo, reader.hi));
  },
  'f32.const': (l) => l.operands.push(constant(F32, l.reader.word(), 0)),
  'f64.const': ({ reader, operands }) => {
    reader.f64();
    operands.push(constant(F64, reader.lo, reader.hi));
  },
  'ref.null': (l) => effect(l, 'ref.null', 0, 0, refType(true, readBodyHeapType(l.reader, l.module))),
  'ref.is_null': (l) => l.operands.push(isNull(l.operands.popReference())),
  'ref.func': (l) => {
    const funcidx = l.reader.u32();
    effect(l, 'ref.func', funcidx, 0, refTo(l.module.types[l.module.funcTypes[funcidx]]));
  },
  'ref.as_non_null': (l) => {
    const { operands } = l;
    effect(l, 'ref.as_non_null', 0, 1, asNonNull(operands.typeAt(operands.height - 1)));
  },
  br_on_null: branchOnNull,
  br_on_non_null: branchOnNonNull,
  'memory.init': bulkTwo('memory.init'),
  'data.drop': (l) => effect(l, 'data.drop', l.reader.u32(), 0),
  'memory.copy': bulkTwo('memory.copy'),
  'memory.fill': bulkOne('memory.fill'),
  'table.init': bulkTwo('table.init'),
  'elem.drop': (l) => effect(l, 'elem.drop', l.reader.u32(), 0),
  'table.copy': bulkTwo('table.copy'),
  'table.grow': (l) => {
    const tableidx = l.reader.u32();
    effect(l, 'table.grow', tableidx, 2, addressType(l.module.tables[tableidx]));
  },
  'table.size': (l) => {
    const tableidx = l.reader.u32();
    effect(l, 'table.size', tableidx, 0, addressType(l.module.tables[tableidx]));
  },
  'table.fill': bulkOne('table.fill'),
};

function handlerOf(row: Instruction): Handler {
  if (row.name in OTHERS) return OTHERS[row.name as keyof typeof OTHERS];
  if (row.sig.includes('v')) return VECTOR[`${row.sig} ${row.imm}` as VectorShape];
  return row.imm === 'memarg' ? ACCESS[row.sig as AccessSignature] : NUMERIC[row.sig as NumericSignature];
}

/** By the instructions' dense ids. */
export const HANDLERS: readonly (Handler | undefined)[] = INSTRUCTIONS.reduce<(Handler | undefined)[]>(
  (table, row) => {
    while (table.length < row.op) table.push(undefined);
    table[row.op] = handlerOf(row);
    return table;
  },
  [],
);
