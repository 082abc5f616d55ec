/** SIMD statements to closures (assemble.ts does the others): vectors are captured as the word offsets of their slots. */

import { I32, V128 } from '../decoder';
import { InternalError } from '../errors';
import type { Build, Expr, Vector, VectorStore } from '../lowering';
import { getOperand, LANE_LOADS, load, wordsOf } from '../lowering';
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
      return value.operands.some(isNested)
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
 * Instructions in one closure each, which is called for each lane with a frame pointer that goes from lane to lane; or, where the lanes differ,
 * in one for each lane.
 */
function tree(parts: Parts, to: number, value: Vector, next: Step): Step {
  if (!value.apart) return parts.make('set lanes')(to, laneOf(parts, value, 0), next) as Step;
  const words = FOUR.map((lane) => laneOf(parts, value, lane));
  return parts.make('set words')(to, ...words, inOrder(parts, value), next) as Step;
}
const FOUR = [0, 1, 2, 3];

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

/** What an operand is that is no place, no other instruction, and no constant. */
function leaf(value: Expr, index: number): Expr | undefined {
  if (value.op === 'build') {
    // One that stands on something else than a place needs none of it.
    const place = value.base.op === 'get' ? value.base : getOperand(V128, 0);
    return wordsOf(value, place)[index];
  }
  return value.op === 'vector' && LANE_LOADS.has(value.instruction) ? loadedLane(value, index) : undefined;
}

function laneOf(parts: Parts, { instruction: name, operands }: Vector, index: number): unknown {
  let form = '';
  // There are no forms of a slot beside a closure, nor of a constant that comes first.
  const nests = operands.some((operand, k) => isNested(operand) && (k === 0 || !isConstant(operand)));
  const captured = operands.map((operand, k) => {
    if (operand.op === 'get') {
      const at = word(operand) + index;
      form += nests ? 'e' : 'r';
      return nests ? parts.make('get.i')(at) : at;
    }
    const own = leaf(operand, index);
    if (own !== undefined) {
      form += 'e';
      return parts.value(own);
    }
    if (operand.op === 'vector' && !isConstant(operand)) {
      form += 'e';
      return laneOf(parts, operand, index);
    }
    const number = uniform(operand);
    form += k > 0 ? 'k' : 'e';
    return k > 0 ? number : parts.make('const')(number);
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

const NOTHING = (): unknown[] => [];

/** The base goes where the vector will be, if it stands nowhere yet. */
function built(parts: Parts, to: number, value: Build, next: Step): Step {
  const { base } = value;
  const place = base.op === 'get' ? base : getOperand(V128, to / 2);
  const words = wordsOf(value, place).map((expr) => parts.value(expr));
  // Here they are in order.
  const step = parts.make('set words')(to, ...words, NOTHING, next) as Step;
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

/** Bytes of a word that keep their order, turned to their places. */
interface Turn {
  readonly word: number;
  readonly left: number;
  mask: number;
}

/** Most shuffles put each word together from one or two others, turned: to widen, narrow, interleave, reverse. */
function shuffle(parts: Parts, to: number, { operands, immediates }: Vector, next: Step): Step {
  const [a, b] = operands.map(word);
  const bytes = immediates.map((lane) => (lane < 16 ? 4 * a + lane : 4 * b + lane - 16));
  const turns = [0, 4, 8, 12].map((first) => turnsOf(bytes.slice(first, first + 4)));
  if (turns.every(([{ left }, other]) => left === 0 && other === undefined)) {
    return parts.make('set shuffle32')(to, ...turns.map(([turn]) => turn.word), next) as Step;
  }
  if (turns.some(({ length }) => length > 2)) {
    return parts.make('set i8x16.shuffle')(to, ...bytes, next) as Step;
  }
  const captured = turns.flatMap(([turn, other = { ...turn, mask: 0 }]) =>
    [turn, other].flatMap(({ word: at, left, mask }) => [at, left, mask]),
  );
  return parts.make('set shuffle2')(to, ...captured, next) as Step;
}

function turnsOf(bytes: readonly number[]): Turn[] {
  const turns: Turn[] = [];
  bytes.forEach((byte, k) => {
    const source = Math.floor(byte / 4);
    const left = (8 * (k - (byte % 4))) & 31;
    const known = turns.find((turn) => turn.word === source && turn.left === left);
    if (known === undefined) turns.push({ word: source, left, mask: 255 << (8 * k) });
    else known.mask |= 255 << (8 * k);
  });
  return turns;
}
