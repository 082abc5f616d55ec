/** Lowering of control instructions (spec "exec/instructions", "control"), dead code and calls. */
import { I32, instructionOf, isRef, type OpName, type ValType } from '../decoder';
import { readValType } from '../decoder/typereader';
import { CallSite, wordsOf } from './code';
import { type Expr, TRAPS, unary } from './expr';
import { Func } from './func';
import type { Label, Target } from './ir';
import { type Control, type Lowering, readInstruction, VALIDATED } from './lower';
import { registers, stack, trapAt } from './registers';
import type { Table } from './table';

/** Lowers a control instruction; false when the instruction is none. */
export function lowerControl(lowering: Lowering, name: OpName, at: number): boolean {
  const lower = CONTROL[name];
  if (lower === undefined) return false;
  lower(lowering, at);
  return true;
}

const CONTROL: Partial<Record<OpName, (lowering: Lowering, at: number) => void>> = {
  nop: () => {},
  unreachable: (lowering, at) => {
    lowering.forceFlags(TRAPS);
    lowering.end({ kind: 'unreachable', at });
    skipDead(lowering);
  },
  block: (lowering) => {
    const { params, results } = blockType(lowering);
    lowering.forceAll();
    open(lowering, 'block', params, results, newLabel(), undefined);
  },
  loop: (lowering, at) => {
    const { params, results } = blockType(lowering);
    lowering.forceAll();
    const label: Label = { block: -1, loop: at - lowering.start, used: false };
    const before = newLabel();
    lowering.end({ kind: 'jump', to: { label: before, back: undefined } });
    lowering.begin(before, label);
    lowering.loops.push(label);
    open(lowering, 'loop', params, results, label, undefined);
  },
  if: (lowering) => {
    const { params, results } = blockType(lowering);
    const condition = lowering.pop();
    lowering.forceAll();
    const yes = newLabel();
    const otherwise = newLabel();
    lowering.end({
      kind: 'if',
      condition,
      yes: { label: yes, back: undefined },
      no: { label: otherwise, back: undefined },
    });
    lowering.begin(yes);
    open(lowering, 'if', params, results, newLabel(), otherwise);
  },
  else: (lowering, at) => {
    const control = lowering.control(0);
    lowering.branch(control, at);
    control.label.used = true;
    startElse(lowering, control);
  },
  end: (lowering, at) => endBlock(lowering, at, true),
  br: (lowering, at) => {
    const control = lowering.control(lowering.reader.u32());
    control.label.used = true;
    lowering.branch(control, at);
    skipDead(lowering);
  },
  br_if: (lowering, at) => {
    const control = lowering.control(lowering.reader.u32());
    const condition = lowering.pop();
    lowering.forceFlags(TRAPS);
    const next = newLabel();
    const no: Target = { label: next, back: undefined };
    if (lowering.needsNoMoves(control)) {
      control.label.used = true;
      lowering.end({ kind: 'if', condition, yes: lowering.target(control, at), no });
    } else {
      const stub = newLabel();
      lowering.end({ kind: 'if', condition, yes: { label: stub, back: undefined }, no });
      lowering.begin(stub);
      control.label.used = true;
      branchKeeping(lowering, control, at);
    }
    lowering.begin(next);
  },
  br_table: (lowering, at) => lowerTable(lowering, at),
  return: (lowering) => {
    lowering.returnValues();
    skipDead(lowering);
  },
  call: (lowering, at) => {
    const callee = lowering.instance.func(lowering.reader.u32());
    lowering.forceAll();
    const site = callSite(lowering, callee.type.params, at, callee);
    lowering.end({ kind: 'call', site, callee });
    afterCall(lowering, callee.type.params.length, callee.type.results);
  },
  call_indirect: (lowering, at) => {
    const { type, id, table } = indirect(lowering);
    const index = tableIndex(lowering.pop(), table, at);
    lowering.forceAll();
    const site = callSite(lowering, type.params, at, null);
    lowering.end({ kind: 'call_indirect', site, index, table, typeId: id, at });
    afterCall(lowering, type.params.length, type.results);
  },
  return_call: (lowering) => {
    const callee = lowering.instance.func(lowering.reader.u32());
    lowering.forceAll();
    tailCall(lowering, callee.type.params, () => callee);
  },
  return_call_indirect: (lowering, at) => {
    const { type, id, table } = indirect(lowering);
    lowering.forceAll();
    lowering.pop();
    const slot = lowering.top;
    const { ints } = stack();
    const wide = table.type.address === 'i64';
    tailCall(lowering, type.params, (fp) => {
      const index = ints[fp + slot] >>> 0;
      if (index >= table.length || (wide && ints[fp + slot + 1] !== 0)) throw trapAt('undefinedElement', at);
      const callee = table.elements[index];
      if (!(callee instanceof Func)) throw trapAt('uninitializedElement', at);
      if (callee.typeId !== id) throw trapAt('indirectCallType', at);
      return callee;
    });
  },
};

function newLabel(): Label {
  return { block: -1, loop: -1, used: false };
}

interface BlockType {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}
const EMPTY: BlockType = { params: [], results: [] };

function blockType({ reader, instance }: Lowering): BlockType {
  const byte = reader.bytes[reader.pos];
  if (byte === 0x40) {
    reader.pos++;
    return EMPTY;
  }
  // A value type's code has the sign bit of a one-byte s33 set; a type index has not.
  if (byte >= 0x40 && byte < 0x80) return { params: [], results: [readValType(reader, VALIDATED)] };
  return instance.module.types[reader.s33()].composite.func;
}

function open(
  lowering: Lowering,
  kind: Control['kind'],
  params: readonly ValType[],
  results: readonly ValType[],
  label: Label,
  otherwise: Label | undefined,
): void {
  const height = lowering.stack.length - params.length;
  // The results stand in the same slots as the parameters, which may be fewer.
  const first = lowering.slots[height] ?? lowering.top;
  lowering.highest = Math.max(lowering.highest, first + wordsOf(results));
  lowering.controls.push({ kind, height, params, results, label, otherwise, below: lowering.types(height) });
}

/** Ends the innermost control. `reachable` says whether control falls through to its `end`. */
function endBlock(lowering: Lowering, at: number, reachable: boolean): void {
  const control = lowering.control(0);
  if (control.kind === 'func') {
    if (reachable) lowering.returnValues();
    lowering.controls.pop();
    return;
  }
  if (reachable) {
    if (control.kind === 'loop') lowering.forceAll();
    else {
      control.label.used = true;
      lowering.branch(control, at);
    }
  }
  const taken = control.kind !== 'loop' && control.label.used;
  lowering.controls.pop();
  lowering.truncate(control.height);
  if (control.kind === 'if' || taken) {
    for (const type of control.results) lowering.pushSlot(type);
    lowering.begin(control.label, control.kind === 'if' ? control.otherwise : undefined);
  } else if (reachable) {
    for (const type of control.results) lowering.pushSlot(type);
  } else {
    skipDead(lowering);
  }
}

function startElse(lowering: Lowering, control: Control): void {
  lowering.truncate(control.height);
  for (const type of control.params) lowering.pushSlot(type);
  control.kind = 'else';
  lowering.begin(control.otherwise);
}

/** Passes over what no control flow reaches, to the `else` or `end` where code lives again. */
function skipDead(lowering: Lowering): void {
  const { reader } = lowering;
  for (let depth = 0; ; ) {
    const at = reader.pos;
    const row = readInstruction(reader);
    if (row.imm === 'block') {
      skipImmediates(lowering, row.op);
      depth++;
    } else if (row.name === 'end') {
      if (depth === 0) {
        endBlock(lowering, at, false);
        return;
      }
      depth--;
    } else if (row.name === 'else') {
      if (depth === 0) {
        startElse(lowering, lowering.control(0));
        return;
      }
    } else {
      skipImmediates(lowering, row.op);
    }
  }
}

function skipImmediates(lowering: Lowering, op: number): void {
  const { reader } = lowering;
  switch (instructionOf[op]!.imm) {
    case 'none':
      break;
    case 'block':
      blockType(lowering);
      break;
    case 'labels':
      for (let count = reader.u32(); count >= 0; count--) reader.u32();
      break;
    case 'types':
      for (let count = reader.u32(); count > 0; count--) readValType(reader, VALIDATED);
      break;
    case 'memarg':
      if ((reader.u32() & 0x40) !== 0) reader.u32();
      reader.u64();
      break;
    case 'typeTable':
    case 'tableTable':
    case 'memoryMemory':
    case 'dataMemory':
    case 'elemTable':
      reader.u32();
      reader.u32();
      break;
    case 'heap':
      reader.s33();
      break;
    case 'i32':
      reader.s32();
      break;
    case 'i64':
      reader.s64();
      break;
    case 'f32':
      reader.skip(4);
      break;
    case 'f64':
      reader.skip(8);
      break;
    default:
      reader.u32();
  }
}

/** A branch from a stub block: the operands stay for the code that follows when the branch is not taken. */
function branchKeeping(lowering: Lowering, control: Control, at: number): void {
  const { stack: operands } = lowering;
  const kept = operands.slice();
  lowering.branch(control, at);
  for (let k = 0; k < kept.length; k++) operands[k] = kept[k];
}

function lowerTable(lowering: Lowering, at: number): void {
  const { reader } = lowering;
  const depths: number[] = [];
  for (let count = reader.u32(); count >= 0; count--) depths.push(reader.u32());
  const index = lowering.pop();
  lowering.forceFlags(TRAPS);
  const known = new Map<number, Target>();
  const stubs: { label: Label; control: Control }[] = [];
  const targets = depths.map((depth) => {
    const control = lowering.control(depth);
    let target = known.get(depth);
    if (target === undefined) {
      control.label.used = true;
      if (lowering.needsNoMoves(control)) {
        target = lowering.target(control, at);
      } else {
        const label = newLabel();
        stubs.push({ label, control });
        target = { label, back: undefined };
      }
      known.set(depth, target);
    }
    return target;
  });
  lowering.end({ kind: 'table', index, targets });
  for (const { label, control } of stubs) {
    lowering.begin(label);
    branchKeeping(lowering, control, at);
  }
  skipDead(lowering);
}

function callSite(lowering: Lowering, params: readonly ValType[], at: number, callee: Func | null): CallSite {
  const height = lowering.stack.length - params.length;
  const base = params.length === 0 ? lowering.top : lowering.slots[height];
  const site = new CallSite(lowering.code, at - lowering.start, callee, lowering.types(height), base);
  lowering.code.calls.set(site.offset, site);
  return site;
}

function afterCall(lowering: Lowering, params: number, results: readonly ValType[]): void {
  lowering.truncate(lowering.stack.length - params);
  for (const type of results) lowering.pushSlot(type);
  lowering.begin();
}

function indirect({ reader, instance }: Lowering) {
  const { id, composite } = instance.module.types[reader.u32()];
  return { id, type: composite.func, table: instance.tables[reader.u32()] };
}

function tableIndex(index: Expr, table: Table, at: number): Expr {
  if (table.type.address === 'i32') return index;
  const narrow = unary('index64', I32, index, true, at);
  narrow.trap = 'undefinedElement';
  return narrow;
}

/** Moves the arguments to the frame's start and lets the callee have the frame. */
function tailCall(lowering: Lowering, params: readonly ValType[], choose: (fp: number) => Func): void {
  const count = wordsOf(params);
  const from = lowering.top - count;
  const refs = params.some(isRef);
  const frames = stack();
  const prepare = (fp: number): Func => {
    const callee = choose(fp);
    frames.ints.copyWithin(fp, fp + from, fp + from + count);
    if (refs)
      for (let k = 0; k < count / 2; k++) frames.refs[(fp >> 1) + k] = frames.refs[((fp + from) >> 1) + k];
    const { sp } = registers;
    const site = frames.sites[sp - 1]!;
    if (site.callee !== callee) frames.sites[sp - 1] = site.replaced(callee);
    return callee;
  };
  lowering.end({ kind: 'tail', prepare });
  skipDead(lowering);
}
