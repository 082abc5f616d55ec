/**
 * One rule an instruction: its immediates are read and checked, its operands popped, its results pushed (spec chapter
 * "valid/instructions"). A row of the instruction table with a signature needs no rule of its own; one without must have one here.
 */
import { invalid, malformed } from '../errors';
import { readAtomicImmediates } from './atomic-immediates';
import { EXCEPTIONS } from './exception-rules';
import type { Instruction, SignatureImmediates, SpecialOp } from './instructions';
import { readVectorImmediates } from './lanes';
import { checkLimit } from './limits';
import { matches } from './matching';
import { readHeapType, readValType } from './typereader';
import type { AddressType, FuncType, Limits, TableType, ValType } from './types';
import {
  asNonNull,
  BOTTOM,
  BOTTOM_HEAP,
  concreteHeap,
  F32,
  F64,
  FUNCREF,
  funcTypeName,
  I32,
  I64,
  isRef,
  refTo,
  refType,
  V128,
} from './types';
import type { Rule, Validator } from './validator';

export const addressType = (address: AddressType): ValType => (address === 'i64' ? I64 : I32);
/** Destination, source, and a size that both can have. */
const copyOperands = (to: Limits, from: Limits): ValType[] => [
  addressType(to.address),
  addressType(from.address),
  addressType(to.address === 'i64' ? from.address : 'i32'),
];

/** What immediates tell a signature: the types of 'a' and 't'. */
type ReadImmediates = (v: Validator, row: Instruction) => ValType;

const readTable = (v: Validator): TableType => v.index('table', v.context.tables);
const readMemoryAddress = (v: Validator): ValType =>
  addressType(v.index('memory', v.context.memories).address);

function readDataIndex(v: Validator): number {
  if (v.context.dataCount === undefined) throw malformed('data count section required', v.at);
  return v.reader.u32();
}

function checkDataIndex(v: Validator, dataidx: number): void {
  if (dataidx >= v.context.dataCount!) throw invalid(`unknown data segment ${dataidx}`, v.at);
}

function readMemarg(v: Validator, row: Instruction): ValType {
  const { reader } = v;
  const offset = reader.pos;
  let flags = reader.u32();
  if (flags >= 0x80) throw malformed('malformed memop flags', offset);
  let memidx = 0;
  if (flags >= 0x40) {
    v.context.need('multiMemory', offset, 'malformed memop flags: ');
    flags -= 0x40;
    memidx = reader.u32();
  }
  const memory = v.lookup('memory', v.context.memories, memidx);
  reader.u64();
  if (flags > 8 || 8 << flags > row.width) throw invalid('alignment must not be larger than natural', offset);
  if (memory.address === 'i32' && reader.hi !== 0) throw invalid('offset out of range', offset);
  return addressType(memory.address);
}

const IMMEDIATES: Readonly<Record<SignatureImmediates, ReadImmediates>> = {
  none: () => BOTTOM,
  memarg: readMemarg,
  memory: readMemoryAddress,
  table: (v) => addressType(readTable(v).address),
  data: (v) => {
    checkDataIndex(v, readDataIndex(v));
    return BOTTOM;
  },
  dataMemory: (v) => {
    const dataidx = readDataIndex(v);
    const address = readMemoryAddress(v);
    checkDataIndex(v, dataidx);
    return address;
  },
  elem: (v) => v.index('elem segment', v.context.elementTypes),
  elemTable: (v) => {
    const elemidx = v.reader.u32();
    const table = readTable(v);
    const segment = v.lookup('elem segment', v.context.elementTypes, elemidx);
    checkElements(v, 'element segment', segment, table.element);
    return addressType(table.address);
  },
  i32: (v) => {
    v.reader.s32();
    return BOTTOM;
  },
  i64: (v) => {
    v.reader.s64();
    return BOTTOM;
  },
  f32: (v) => {
    v.reader.skip(4);
    return BOTTOM;
  },
  f64: (v) => {
    v.reader.skip(8);
    return BOTTOM;
  },
  ...readVectorImmediates(readMemarg),
  ...readAtomicImmediates(readMemarg),
};

function checkElements(v: Validator, what: string, from: ValType, to: ValType): void {
  if (matches(from, to)) return;
  throw v.mismatch(`${what}'s type ${v.nameOf(from)} does not match table's element type ${v.nameOf(to)}`);
}

/** The callee of an indirect call; pops the table index. */
function readIndirect(v: Validator): FuncType {
  const type = v.index('type', v.context.types).composite.func;
  const table = readTable(v);
  if (!matches(table.element, FUNCREF)) {
    throw v.mismatch(
      `instruction requires table of function type but table has element type ${v.nameOf(table.element)}`,
    );
  }
  v.pop(addressType(table.address));
  return type;
}

function readCallee(v: Validator): FuncType {
  return v.context.types[v.index('function', v.context.funcTypes)].composite.func;
}

/** The callee of a call by reference; pops the reference. */
function readReferenced(v: Validator): FuncType {
  const type = v.index('type', v.context.types);
  v.pop(refType(true, concreteHeap(type.id)));
  return type.composite.func;
}

function call(v: Validator, type: FuncType): void {
  v.calls++;
  v.popAll(type.params);
  v.pushAll(type.results);
}

function tailCall(v: Validator, type: FuncType): void {
  v.calls++;
  const results = v.results();
  if (!v.areMatching(type.results, results)) {
    const { types } = v.context;
    const required = funcTypeName({ params: type.params, results }, types);
    throw v.mismatch(
      `current function requires callee type ${required} but it is ${funcTypeName(type, types)}`,
    );
  }
  v.popAll(type.params);
  v.endReachable();
}

function readBranchTable(v: Validator): void {
  v.pop(I32);
  const { reader } = v;
  const count = reader.count();
  checkLimit('branchTargets', count, v.at);
  const targets = reader.pos;
  for (let i = 0; i < count; i++) reader.u32();
  const fallback = v.label();
  const end = reader.pos;
  reader.pos = targets;
  // A table may be long, and labels take many values: each label and each kind of label is checked once. Most tables have one kind.
  let checked: Set<readonly ValType[]> | undefined;
  v.beginLabels();
  for (let i = 0; i < count; i++) {
    const types = v.newLabel();
    if (types === undefined || types === fallback || checked?.has(types)) continue;
    checked ??= new Set();
    checked.add(types);
    if (types.length !== fallback.length) {
      throw v.mismatch(`br_table labels take ${fallback.length} and ${types.length} values`);
    }
    v.peekAll(types);
  }
  reader.pos = end;
  v.popAll(fallback);
  v.endReachable();
}

function select(v: Validator): void {
  v.pop(I32);
  const second = v.popAny();
  const first = v.popAny();
  for (const type of [second, first]) {
    if (isRef(type)) {
      throw v.mismatch(`instruction requires numeric or vector type but stack has ${v.nameOf(type)}`);
    }
  }
  if (first !== second && first !== BOTTOM && second !== BOTTOM) {
    throw v.mismatch(`instruction requires [${v.nameOf(first)}] but stack has [${v.nameOf(second)}]`);
  }
  v.push(first === BOTTOM ? second : first);
}

function typedSelect(v: Validator): void {
  const offset = v.reader.pos;
  const count = v.reader.count();
  if (count !== 1) throw invalid('invalid result arity: select takes one type', offset);
  const type = readValType(v.reader, v.context);
  v.popAll([type, type, I32]);
  v.push(type);
}

export const SPECIAL: Readonly<Record<SpecialOp, Rule>> = {
  unreachable: (v) => v.endReachable(),
  block: (v) => v.enter(v.blockType(), v.op),
  loop: (v) => v.enter(v.blockType(), v.op),
  if: (v) => {
    const type = v.blockType();
    v.pop(I32);
    v.enter(type, v.op);
  },
  else: (v) => v.otherwise(),
  end: (v) => v.leave(),
  ...EXCEPTIONS,
  br: (v) => {
    v.popAll(v.label());
    v.endReachable();
  },
  br_if: (v) => {
    const types = v.label();
    v.pop(I32);
    v.exchange(types);
  },
  br_table: readBranchTable,
  return: (v) => {
    v.popAll(v.results());
    v.endReachable();
  },
  call: (v) => call(v, readCallee(v)),
  call_indirect: (v) => call(v, readIndirect(v)),
  return_call: (v) => tailCall(v, readCallee(v)),
  return_call_indirect: (v) => tailCall(v, readIndirect(v)),
  call_ref: (v) => call(v, readReferenced(v)),
  return_call_ref: (v) => tailCall(v, readReferenced(v)),
  drop: (v) => {
    v.popAny();
  },
  select,
  'select t': typedSelect,
  'local.get': (v) => v.push(v.getLocal()),
  'local.set': (v) => {
    v.pop(v.setLocal());
  },
  'local.tee': (v) => {
    const type = v.setLocal();
    v.pop(type);
    v.push(type);
  },
  'global.get': (v) => v.push(v.index('global', v.context.globals).value),
  'global.set': (v) => {
    const global = v.index('global', v.context.globals);
    if (!global.mutable) throw invalid('immutable global', v.at);
    v.context.written.add(global);
    v.pop(global.value);
  },
  'table.get': (v) => {
    const { address, element } = readTable(v);
    v.pop(addressType(address));
    v.push(element);
  },
  'table.set': (v) => {
    const { address, element } = readTable(v);
    v.popAll([addressType(address), element]);
  },
  'table.grow': (v) => {
    const { address, element } = readTable(v);
    v.popAll([element, addressType(address)]);
    v.push(addressType(address));
  },
  'table.fill': (v) => {
    const { address, element } = readTable(v);
    v.popAll([addressType(address), element, addressType(address)]);
  },
  'table.copy': (v) => {
    const to = readTable(v);
    const from = readTable(v);
    checkElements(v, 'source table', from.element, to.element);
    v.popAll(copyOperands(to, from));
  },
  'memory.copy': (v) => {
    const to = v.index('memory', v.context.memories);
    v.popAll(copyOperands(to, v.index('memory', v.context.memories)));
  },
  'ref.null': (v) => v.push(refType(true, readHeapType(v.reader, v.context))),
  'ref.is_null': (v) => {
    popRef(v);
    v.push(I32);
  },
  'ref.as_non_null': (v) => v.push(asNonNull(popRef(v))),
  br_on_null: (v) => {
    const type = popRef(v);
    v.exchange(v.label());
    v.push(asNonNull(type));
  },
  br_on_non_null: (v) => {
    const type = popRef(v);
    const types = v.label();
    const last = types.length - 1;
    if (last < 0 || !isRef(types[last])) {
      throw v.mismatch('instruction requires a label that takes a reference last');
    }
    v.push(asNonNull(type));
    v.pop(types[last]);
    v.exchange(withoutLast(types));
  },
  'ref.func': (v) => {
    const funcidx = readFunction(v);
    if (!v.context.isDeclared(funcidx)) throw invalid(`undeclared function reference ${funcidx}`, v.at);
    v.push(refTo(v.context.types[v.context.funcTypes[funcidx]]));
  },
};

/** Labels may take a thousand values, and many branches go to one. */
const withoutLasts = new WeakMap<readonly ValType[], readonly ValType[]>();
function withoutLast(types: readonly ValType[]): readonly ValType[] {
  const known = withoutLasts.get(types) ?? types.slice(0, -1);
  withoutLasts.set(types, known);
  return known;
}

/** Pops a reference of any type. In unreachable code, one of which nothing more is known. */
function popRef(v: Validator): ValType {
  const type = v.popAny();
  if (type === BOTTOM) return refType(false, BOTTOM_HEAP);
  if (!isRef(type)) throw v.mismatch(`instruction requires reference type but stack has ${v.nameOf(type)}`);
  return type;
}

export function readFunction(v: Validator): number {
  const funcidx = v.reader.u32();
  v.lookup('function', v.context.funcTypes, funcidx);
  return funcidx;
}

export const TYPE_OF_SIGNATURE: Readonly<Record<string, ValType>> = {
  i: I32,
  I: I64,
  f: F32,
  F: F64,
  v: V128,
};

export function signatureRule(row: Instruction): Rule {
  const readImmediates = IMMEDIATES[row.imm as SignatureImmediates];
  const [operands, results] = row.sig
    .split(':')
    .map((sig) => Array.from(sig, (char) => TYPE_OF_SIGNATURE[char] ?? BOTTOM));
  return (v) => {
    const address = readImmediates(v, row);
    for (let i = operands.length - 1; i >= 0; i--) v.pop(operands[i] || address);
    for (const type of results) v.push(type || address);
  };
}
