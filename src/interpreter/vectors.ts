/** SIMD statements to closures (assemble.ts does the others): vectors are captured as the word offsets of their slots. */

import { I32, V128 } from '../decoder';
import { InternalError } from '../errors';
import type { Build, Expr, Vector, VectorStore } from '../lowering';
import { getOperand, LANE_LOADS, LANEWISE, load, TRAPS, turnsOf, wordsOf } from '../lowering';
import type { Instance, Views } from '../runtime';
import type { Factory } from './factories';
import type { Step } from './step';
import { constantNumber, word } from './words';

/** What an assembler gives. */
interface Parts {
  make(name: string): Factory;
  has(name: string): boolean;
  /** A closure that computes what is no vector. */
  value(expr: Expr): unknown;
  views(memidx: number): Views;
  readonly instance: Instance;
}

/** A vector into the slot at a word offset. */
export function setVector(parts: Parts, to: number, value: Expr, next: Step): Step {
  switch (value.op) {
    case 'get':
      return parts.make('set.v/r')(to, word(value), next) as Step;
    case 'select': {
      const { a, b, condition } = value;
      return parts.make('set.v select')(to, word(a), word(b), parts.value(condition), next) as Step;
    }
    case 'global.get': {
      const { cells, at } = parts.instance.globals[value.globalidx];
      return parts.make('set.v global')(to, cells, at, next) as Step;
    }
    case 'vector':
      return value.instruction !== 'i8x16.shuffle' && value.operands.some(isNested)
        ? tree(parts, to, value, next)
        : instruction(parts, to, value, next);
    case 'build':
      return built(parts, to, value, next);
    default:
      throw new InternalError(`${value.op} makes no vector`);
  }
}

/** What some instruction says of a vector, as an i32. */
export function vectorTest(parts: Parts, { instruction: name, operands }: Vector): unknown {
  return parts.make(name)(word(operands[0]));
}

/** A vector that is no place. */
const isNested = ({ op, kind }: Expr): boolean => kind === 'v' && op !== 'get';

/**
 * Instructions in one closure each, which are called for each lane. Small ones are called at four places, so that a host that inlines has no
 * loop; what would be inlined four times is too long otherwise.
 */
function tree(parts: Parts, to: number, value: Vector, next: Step): Step {
  const lane = laneOf(parts, value);
  const isAtFour = value.size <= MOST_AT_FOUR || readsAcross(value, to);
  if ((value.flags & TRAPS) !== 0) {
    return parts.make(isAtFour ? 'set lanes/4t' : 'set lanes/t')(
      to,
      lane,
      inOrder(parts, value),
      next,
    ) as Step;
  }
  return parts.make(isAtFour ? 'set lanes/4' : 'set lanes')(to, lane, next) as Step;
}
const MOST_AT_FOUR = 4;

/** Whether a lane of the tree needs another word of a vector whose place the result may be written to. */
function readsAcross({ instruction: name, operands }: Vector, to: number): boolean {
  const isAcross = !LANEWISE.has(name);
  return operands.some((operand) => {
    if (operand.op === 'vector') return readsAcross(operand, to);
    return isAcross && operand.op === 'get' && operand.kind === 'v' && Math.abs(word(operand) - to) < 4;
  });
}

/** What can trap in the tree, in the order of the instructions, which the lanes do not keep. */
function inOrder(parts: Parts, value: Vector): () => unknown[] {
  const parting: unknown[] = [];
  const collect = (operand: Expr): void => {
    if (operand.op === 'build') {
      for (const { value: part } of operand.lanes) parting.push(parts.value(part));
    } else if (operand.op === 'vector') {
      const last = LANE_LOADS.has(operand.instruction) ? loadedLane(operand, 3) : undefined;
      if (last !== undefined) parting.push(parts.value(last));
      else operand.operands.forEach(collect);
    }
  };
  return () => {
    if (parting.length === 0) value.operands.forEach(collect);
    return parting;
  };
}

/** The lane of a load, as a load of a number. */
function loadedLane({ instruction: name, operands: [address], access }: Vector, index: number): Expr {
  const [op, bytes] = LANE_LOADS.get(name)!;
  const { memoryOffset, memidx, offset } = access!;
  return load(op, I32, address, memoryOffset + index * bytes, memidx, offset);
}

/** The closure of an operand that is no other instruction: the word of a lane. */
function leaf(parts: Parts, value: Expr): unknown {
  if (value.op === 'get') return parts.make('lane get')(word(value));
  if (value.op === 'build') return builtLanes(parts, value);
  if (value.op !== 'vector') throw new InternalError(`${value.op} has no lanes`);
  if (value.instruction === 'v128.const') return parts.make('lane const')(uniform(value));
  const { operands, access } = value;
  if (value.instruction === 'i8x16.shuffle') return turned(parts, value);
  if (access === undefined) return widened(parts, value);
  const { memoryOffset, memidx, offset } = access;
  const address = parts.value(operands[0]);
  return parts.make(`lane ${value.instruction}`)(address, memoryOffset, parts.views(memidx), offset);
}

/** Often the words differ by nothing but the slots that they read. */
function builtLanes(parts: Parts, value: Build): unknown {
  // One that stands on something else than a place needs none of it.
  const words = wordsOf(value, value.base.op === 'get' ? value.base : getOperand(V128, 0));
  const shifts = words.map((other) => shiftOf(words[0], other));
  if (shifts.includes(undefined)) {
    return parts.make('lane apart')(...words.map((expr) => parts.value(expr)));
  }
  return parts.make('lane shifted')(parts.value(words[0]), shifts);
}

/** How many words further all slots are that `b` reads, if it is what `a` is but for that. */
function shiftOf(a: Expr, b: Expr): number | undefined {
  const shifts = new Set<number>();
  return isShifted(a, b, shifts) && shifts.size === 1 ? [...shifts][0] : undefined;
}
function isShifted(a: Expr, b: Expr, shifts: Set<number>): boolean {
  switch (a.op) {
    case 'get':
      if (b.op !== 'get' || a.kind !== b.kind) return false;
      shifts.add(word(b) - word(a));
      return true;
    case 'const':
      return b.op === 'const' && a.low === b.low && a.high === b.high;
    case 'global.get':
    case 'select':
    case 'narrow':
    case 'address':
    case 'is_null':
    case 'vector':
    case 'build':
      return false;
  }
  if (a.op !== b.op) return false;
  if ('memidx' in a) {
    if (!('memidx' in b) || a.memidx !== b.memidx || a.memoryOffset !== b.memoryOffset) return false;
  }
  if (!isShifted(a.a, b.a, shifts)) return false;
  return a.b === undefined || isShifted(a.b, b.b!, shifts);
}

function laneOf(parts: Parts, value: Vector): unknown {
  const { instruction: name, operands } = value;
  if (!LANEWISE.has(name)) return leaf(parts, value);
  let form = '';
  // There are no forms of a slot beside a closure, nor of a constant that comes first.
  const nests = operands.some((operand, k) => isNested(operand) && (k === 0 || !isConstant(operand)));
  const captured = operands.map((operand, k) => {
    if (operand.op === 'get' && !nests) {
      form += 'r';
      return word(operand);
    }
    if (k > 0 && (operand.op === 'const' || isConstant(operand))) {
      form += 'k';
      return uniform(operand);
    }
    form += 'e';
    return operand.op === 'vector' ? laneOf(parts, operand) : leaf(parts, operand);
  });
  return parts.make(`lane ${name}/${form}`)(...captured);
}

const isConstant = (value: Expr): boolean => value.op === 'vector' && value.instruction === 'v128.const';

/** The word that all words of a constant are, or the amount of a shift. */
function uniform(value: Expr): number {
  if (value.op === 'const') return value.low;
  if (value.op !== 'vector') throw new InternalError(`${value.op} is no constant`);
  return value.immediates[0];
}

/** The base goes where the vector will be, if it stands nowhere yet. */
function built(parts: Parts, to: number, value: Build, next: Step): Step {
  const { base } = value;
  const place = base.op === 'get' ? base : getOperand(V128, to / 2);
  const words = wordsOf(value, place).map((expr) => parts.value(expr));
  const step = parts.make('set words')(to, ...words, next) as Step;
  const isThere = base.op === 'get' || base.instruction === 'v128.const';
  return isThere ? step : instruction(parts, to, base, step);
}

function instruction(parts: Parts, to: number, value: Vector, next: Step): Step {
  const { instruction: name, operands, immediates, access } = value;
  if (name === 'i8x16.shuffle') return shuffle(parts, to, value, next);
  let form = '';
  const captured = operands.map((operand) => {
    if (operand.kind === 'v') return word(operand);
    form = formOf(parts, `set ${name}`, operand);
    return capturedBy(parts, operand, form);
  });
  const memory = access === undefined ? [] : [access.memoryOffset, parts.views(access.memidx), access.offset];
  return parts.make(`set ${name}${form}`)(to, ...captured, ...immediates, ...memory, next) as Step;
}

export function vectorStore(parts: Parts, statement: VectorStore, next: Step): Step {
  const { op, address, value, lane, memoryOffset, memidx, offset } = statement;
  const views = parts.views(memidx);
  const name = views.dirty === undefined ? op : `track ${op}`;
  const form = formOf(parts, name, address);
  const lanes = op === 'v128.store' ? [] : [lane];
  const captured = [capturedBy(parts, address, form), word(value), ...lanes, memoryOffset, views, offset];
  return parts.make(name + form)(...captured, next) as Step;
}

/** How an operand that is no vector is captured: from its slot, as a constant, or as a closure. */
function formOf(parts: Parts, name: string, operand: Expr): '/r' | '/k' | '/e' {
  if (operand.op === 'get' && parts.has(`${name}/r`)) return '/r';
  if (operand.op === 'const' && parts.has(`${name}/k`)) return '/k';
  return '/e';
}
function capturedBy(parts: Parts, operand: Expr, form: string): unknown {
  if (form === '/r') return word(operand);
  return form === '/k' && operand.op === 'const' ? constantNumber(operand) : parts.value(operand);
}

function widened(parts: Parts, { instruction: name, operands: [value] }: Vector): unknown {
  if (value.op === 'vector') return parts.make(`lane ${name}/e`)(laneOf(parts, value));
  return parts.make(`lane ${name}/r`)(word(value));
}

/** A shuffle each word of whose result has bytes of one word. */
function turned(parts: Parts, value: Vector): unknown {
  const captured = turnsAt(value).map(([turn]) => turn);
  const list = (of: (turn: WordTurn) => number): number[] => captured.map(of);
  return parts.make('lane turned')(
    list(({ at }) => at),
    list(({ left }) => left),
    list(({ mask }) => mask),
  );
}

/** A turn of the word at an offset from the frame. */
interface WordTurn {
  readonly at: number;
  readonly left: number;
  readonly mask: number;
}
/** Each word has one at least, which may have no bits. */
function turnsAt(value: Vector): WordTurn[][] {
  const { operands } = value;
  const place = word(operands.find(({ op }) => op === 'get')!);
  return turnsOf(value).map((turns) =>
    turns.length === 0
      ? [{ at: place, left: 0, mask: 0 }]
      : turns.map(({ operand, word: index, left, mask }) => ({
          at: word(operands[operand]) + index,
          left,
          mask,
        })),
  );
}

function shuffle(parts: Parts, to: number, value: Vector, next: Step): Step {
  const turns = turnsAt(value);
  const most = Math.max(...turns.map(({ length }) => length));
  if (most === 1 && turns.every(([{ left, mask }]) => left === 0 && mask === -1)) {
    return parts.make('set shuffle32')(to, ...turns.map(([turn]) => turn.at), next) as Step;
  }
  if (most > 2) {
    const [a, b] = value.operands.map(word);
    const bytes = value.immediates.map((lane) => (lane < 16 ? 4 * a + lane : 4 * b + lane - 16));
    return parts.make('set i8x16.shuffle')(to, ...bytes, next) as Step;
  }
  const captured = turns.flatMap(([turn, other = { ...turn, mask: 0 }]) =>
    [turn, other].flatMap(({ at, left, mask }) => [at, left, mask]),
  );
  return parts.make('set shuffle2')(to, ...captured, next) as Step;
}
