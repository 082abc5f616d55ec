/** SIMD statements to closures (assemble.ts does the others): vectors are captured as the word offsets of their slots. */
import { InternalError } from '../errors';
import type { Expr, Vector, VectorStore } from '../lowering';
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
      return instruction(parts, to, value, next);
    default:
      throw new InternalError(`${value.op} makes no vector`);
  }
}

/** What some instruction says of a vector, as an i32. */
export function vectorTest(parts: Parts, { instruction: name, operands }: Vector): unknown {
  return parts.make(name)(word(operands[0]));
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
