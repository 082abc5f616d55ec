/**
 * Straight code: instructions of one byte that neither branch nor call, and whose types stand in the instruction table or with a local or
 * global. Four of five instructions are such. A walk or a scan passes over a run of them in one loop, which costs a tenth of going through
 * each one's handlers.
 */
import { type Immediates, INSTRUCTIONS, OP, type OpName, type SpecialOp } from './instructions';
import type { Reader } from './reader';
import { TYPE_OF_SIGNATURE } from './rules';
import { onTop, typeAt, withoutTop } from './typelist';
import { isNum, type ValType } from './types';
import type { Walk } from './walk';

/** How immediates are passed over: so many bytes, or as one of these says. */
const LEB = 16;
const MEMARG = 17;
const LOCAL = 18;
const GLOBAL = 19;
type StraightImmediates = Extract<
  Immediates,
  'none' | 'local' | 'global' | 'memarg' | 'i32' | 'i64' | 'f32' | 'f64'
>;
const PASSED: Readonly<Record<StraightImmediates, number>> = {
  none: 0,
  local: LOCAL,
  global: GLOBAL,
  memarg: MEMARG,
  i32: LEB,
  i64: LEB,
  f32: 4,
  f64: 8,
};
function areStraight(immediates: Immediates): immediates is StraightImmediates {
  return immediates in PASSED;
}
const MEMORY_FLAG = 0x40;

type StraightSpecial = Extract<
  SpecialOp,
  'drop' | 'select' | `local.${string}` | 'global.get' | 'global.set'
>;
/** Those that have no signature: how many operands they take besides those that they give back as they are. */
const TAKEN: Readonly<Record<StraightSpecial, number>> = {
  drop: 1,
  select: 3,
  'local.get': 0,
  'local.set': 1,
  'local.tee': 0,
  'global.get': 0,
  'global.set': 1,
};
function isStraightSpecial(name: OpName): name is StraightSpecial {
  return name in TAKEN;
}

/** By opcode: 1 when it is straight; how its immediates are passed over; operands that it takes; the type that it gives, or 0. */
const STRAIGHT = new Uint8Array(256);
const IMMEDIATES = new Uint8Array(256);
const TAKES = new Uint8Array(256);
const GIVES = new Uint8Array(256);
for (const { op, name, sig, imm } of INSTRUCTIONS) {
  const taken = isStraightSpecial(name) ? TAKEN[name] : undefined;
  if (op >= 0x100 || !areStraight(imm) || (sig === '' && taken === undefined)) continue;
  const [operands, results = ''] = sig.split(':');
  const gives = results === '' ? 0 : TYPE_OF_SIGNATURE[results];
  if (gives === undefined || !(gives === 0 || isNum(gives))) continue;
  STRAIGHT[op] = 1;
  IMMEDIATES[op] = PASSED[imm];
  TAKES[op] = taken ?? operands.length;
  GIVES[op] = gives;
}

/** By opcode: 1 for all that are straight, or that are and of which `isPassed` is true. */
export function straightOps(isPassed: (op: number) => boolean = () => true): Uint8Array {
  return STRAIGHT.map((isStraight, op) => isStraight & Number(isPassed(op)));
}

function skipLeb(bytes: Uint8Array, from: number): number {
  let pos = from;
  while (bytes[pos] >= 0x80) pos++;
  return pos + 1;
}
function skipMemarg(bytes: Uint8Array, from: number): number {
  const offset = skipLeb(bytes, from);
  return skipLeb(bytes, (bytes[from] & MEMORY_FLAG) === 0 ? offset : skipLeb(bytes, offset));
}

const LOCAL_GET = OP['local.get'];
const GLOBAL_GET = OP['global.get'];
const SELECT = OP.select;

/** Passes over the straight code that comes, as far as its opcodes are 1 in `passed`. */
export function skipStraight(reader: Reader, passed: Uint8Array): void {
  const { bytes, end } = reader;
  let { pos } = reader;
  while (pos < end && (passed[bytes[pos]] & STRAIGHT[bytes[pos]]) !== 0) {
    const immediates = IMMEDIATES[bytes[pos++]];
    if (immediates === MEMARG) pos = skipMemarg(bytes, pos);
    else if (immediates >= LEB) pos = skipLeb(bytes, pos);
    else pos += immediates;
  }
  reader.pos = pos;
}

/** What a run of straight code does to the heights at which its instructions stand: the lowest that is left of what was there, and the highest. */
export interface Heights {
  lowest: number;
  highest: number;
}

/** What else is noted of a run where somebody asks. Lists are as long as a number beside them says: to cut them takes longer. */
export interface StraightNotes {
  /** Module offsets of the instructions that have given the operands above the lowest height, as many as are left. */
  readonly givers: number[];
  given: number;
  /** By local: the module offset of the last instruction that has written to it. */
  readonly written: number[];
  /** The instructions with this local or a later one: the module offset of each, its local, and where it ends. */
  readonly first: number;
  readonly met: number[];
  count: number;
}

/** Types that the run has pushed, above those that were there before. */
const pushed: ValType[] = [];
const UNASKED: number[] = [];

/**
 * Walks over the straight code that comes, as far as its opcodes are 1 in `passed` and its operands are numbers, without telling the
 * visitor. The walk then stands before the next instruction. Code that is not reached is not walked over.
 */
export function walkStraight(
  walk: Walk,
  passed: Uint8Array,
  locals: readonly ValType[],
  heights: Heights,
  notes?: StraightNotes,
): void {
  const { reader, module } = walk;
  const { bytes, end } = reader;
  const givers = notes?.givers ?? UNASKED;
  let noted = 0;
  let { pos } = reader;
  let below = walk.stack;
  let base = walk.height;
  let count = 0;
  heights.lowest = base;
  heights.highest = base;
  if (!walk.reachable) return;
  while (pos < end) {
    const op = bytes[pos];
    if ((passed[op] & STRAIGHT[op]) === 0) break;
    let gives = GIVES[op];
    let next = pos + 1;
    const immediates = IMMEDIATES[op];
    if (immediates < LEB) next += immediates;
    else if (immediates === MEMARG) next = skipMemarg(bytes, next);
    else if (immediates === LEB) next = skipLeb(bytes, next);
    else {
      reader.pos = next;
      const index = reader.u32();
      const type = immediates === LOCAL ? locals[index] : module.globals[index].value;
      if (!isNum(type)) break;
      if (op === LOCAL_GET || op === GLOBAL_GET) gives = type;
      next = reader.pos;
      if (immediates === LOCAL && notes !== undefined) {
        if (op !== LOCAL_GET) notes.written[index] = pos;
        if (index >= notes.first) {
          notes.met[noted++] = pos;
          notes.met[noted++] = index;
          notes.met[noted++] = next;
        }
      }
    }
    // What it gives may be either of two operands: nobody may take it for the one that was there.
    if (op === SELECT) gives = count > 2 ? pushed[count - 3] : typeAt(below, 2 - count);
    const start = pos;
    pos = next;
    const takes = TAKES[op];
    if (takes <= count) count -= takes;
    else {
      below = withoutTop(below, takes - count);
      base -= takes - count;
      count = 0;
      if (base < heights.lowest) heights.lowest = base;
    }
    if (gives !== 0) {
      givers[count] = start;
      pushed[count++] = gives;
      if (base + count > heights.highest) heights.highest = base + count;
    }
  }
  reader.pos = pos;
  if (notes !== undefined) {
    notes.given = count;
    notes.count = noted;
  }
  walk.stack = count === 0 ? below : onTop(below, pushed.slice(0, count));
}
