/**
 * Straight code: instructions of one byte that neither branch nor call, and whose types stand in the instruction table or with a local or
 * global. Four of five instructions are such. A walk or a scan passes over a run of them in one loop, which costs a tenth of going through
 * each one's handlers.
 */
import { type Immediates, INSTRUCTIONS, OP, type OpName, type SpecialOp } from './instructions';
import type { ModuleData } from './module';
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

/**
 * Rows of straight code, by opcode: 0 of what is not, and else, in this order of bits, 1; how the immediates are passed over; how many operands
 * it takes; the type that it gives, or 0. One number, since code that is cold takes long to read a table.
 */
export type StraightOps = Int32Array;
const IMMEDIATES = 1;
const TAKES = 6;
const GIVES = 8;
const STRAIGHT: StraightOps = new Int32Array(256);
for (const { op, name, sig, imm } of INSTRUCTIONS) {
  const taken = isStraightSpecial(name) ? TAKEN[name] : undefined;
  if (op >= 0x100 || !areStraight(imm) || (sig === '' && taken === undefined)) continue;
  const [operands, results = ''] = sig.split(':');
  const gives = results === '' ? 0 : TYPE_OF_SIGNATURE[results];
  if (gives === undefined || !(gives === 0 || isNum(gives))) continue;
  STRAIGHT[op] = 1 | (PASSED[imm] << IMMEDIATES) | ((taken ?? operands.length) << TAKES) | (gives << GIVES);
}

/** All rows, or those of which `isPassed` is true. */
export function straightOps(isPassed: (op: number) => boolean = () => true): StraightOps {
  return STRAIGHT.map((row, op) => (isPassed(op) ? row : 0));
}

const LOCAL_GET = OP['local.get'];
const GLOBAL_GET = OP['global.get'];
const SELECT = OP.select;

/** Passes over the straight code that comes, as far as it has rows in `passed`, of so many instructions at most. How many there were. */
export function skipStraight(reader: Reader, passed: StraightOps, most = Number.MAX_SAFE_INTEGER): number {
  const { bytes, end } = reader;
  let { pos } = reader;
  let count = 0;
  while (pos < end && count < most) {
    const row = passed[bytes[pos]];
    if (row === 0) break;
    const immediates = (row >> IMMEDIATES) & 0x1f;
    if (immediates < LEB) pos += 1 + immediates;
    else {
      pos++;
      if (immediates === MEMARG && (bytes[pos++] & MEMORY_FLAG) !== 0) while (bytes[pos++] >= 0x80);
      while (bytes[pos++] >= 0x80);
    }
    count++;
  }
  reader.pos = pos;
  return count;
}

/**
 * A run of straight code, and the copy that is made of it. (Who needs no copy has one made all the same: a second loop would be a second function
 * for the host's engine to optimise.)
 */
export interface StraightRun {
  /** The rows as far as which it goes. */
  readonly passed: StraightOps;
  /** Types of all locals and globals. */
  readonly locals: readonly ValType[];
  readonly globals: readonly ValType[];
  /** Where the copy is written, from `length` on. There is room for twice as many bytes as are left of the function. */
  to: Uint8Array;
  length: number;
  /** Locals from the first one on have an index there that is higher by so much. */
  readonly first: number;
  readonly more: number;
  /** Whether a run is a single instruction. */
  isSingle: boolean;
  /** Of the heights at which its instructions stand: the lowest that is left of what was there, and the highest. */
  lowest: number;
  highest: number;
  /** By height, from the lowest one on: the module offset of the instruction that has given the operand there. */
  readonly givers: number[];
  /** By local: the module offset of the last instruction that has written to it. */
  readonly written: number[];
}

const globalTypes = new WeakMap<ModuleData, readonly ValType[]>();
export function typesOfGlobals(module: ModuleData): readonly ValType[] {
  let types = globalTypes.get(module);
  if (types === undefined) {
    types = module.globals.map(({ value }) => value);
    globalTypes.set(module, types);
  }
  return types;
}

/** Types that the run has pushed, above those that were there before. */
const pushed: ValType[] = [];

/**
 * Walks over the straight code that comes, as far as the run goes and its operands are numbers, without telling the visitor. The walk then stands before the next instruction. Code that is not reached is not walked over.
 *
 * Loops stand for what happens rarely here, such as an index of two bytes: the host's engine would optimise code for what it has seen, and throw it
 * away when it sees more.
 */
export function walkStraight(walk: Walk, run: StraightRun): void {
  const { reader } = walk;
  const { bytes, end } = reader;
  const { passed, locals, globals, to, first, more, isSingle, givers, written } = run;
  let { pos } = reader;
  let { length } = run;
  let below = walk.stack;
  let base = walk.height;
  let count = 0;
  let lowest = base;
  let highest = base;
  while (pos < end && walk.reachable) {
    const op = bytes[pos];
    const row = passed[op];
    if (row === 0) break;
    let gives = row >> GIVES;
    let next = pos + 1;
    let localidx = -1;
    const immediates = (row >> IMMEDIATES) & 0x1f;
    if (immediates < LEB) next += immediates;
    else if (immediates <= MEMARG) {
      if (immediates === MEMARG && (bytes[next++] & MEMORY_FLAG) !== 0) break;
      while (bytes[next++] >= 0x80);
    } else {
      let index = 0;
      let shift = 0;
      let byte = 0;
      do {
        byte = bytes[next++];
        index |= (byte & 0x7f) << shift;
        shift += 7;
      } while (byte >= 0x80);
      const type = immediates === LOCAL ? locals[index] : globals[index];
      if (!isNum(type)) break;
      if (op === LOCAL_GET || op === GLOBAL_GET) gives = type;
      if (immediates === LOCAL) localidx = index;
    }
    // What it gives may be either of two operands: nobody may take it for the one that was there.
    if (op === SELECT) gives = count > 2 ? pushed[count - 3] : typeAt(below, 2 - count);
    const takes = (row >> TAKES) & 3;
    if (takes <= count) count -= takes;
    else {
      below = withoutTop(below, takes - count);
      base -= takes - count;
      count = 0;
      if (base < lowest) lowest = base;
    }
    if (localidx >= 0 && op !== LOCAL_GET) written[localidx] = pos;
    if (gives !== 0) {
      givers[base + count] = pos;
      pushed[count++] = gives;
      if (base + count > highest) highest = base + count;
    }
    if (localidx < first) {
      do to[length++] = bytes[pos++];
      while (pos < next);
    } else {
      to[length++] = op;
      let rest = localidx + more;
      do {
        const low = rest & 0x7f;
        rest >>>= 7;
        to[length++] = low | (rest === 0 ? 0 : 0x80);
      } while (rest !== 0);
      pos = next;
    }
    if (isSingle) break;
  }
  reader.pos = pos;
  walk.stack = count === 0 ? below : onTop(below, pushed.slice(0, count));
  run.lowest = lowest;
  run.highest = highest;
  run.length = length;
}
