/** SIMD statements to closures (assemble.ts does the others): vectors are captured as the word offsets of their slots. */

import { F32, F64, V128, type ValType } from '../decoder';
import { InternalError } from '../errors';
import {
  type Build,
  constant,
  type DirectOp,
  type Expr,
  getOperand,
  isDirect,
  LANE_LOADS,
  LANEWISE,
  loadedWord,
  TRAPS,
  type Vector,
  type VectorStore,
  wordOf,
  wordOfBuild,
} from '../lowering';
import { isConstant, isStrided, laneOf, uniform } from './lanes';
import type { Step } from './step';
import { turnsAt } from './turns';
import type { Parts } from './vector-parts';
import { constantNumber, word } from './words';

export { gathered } from './lanes';

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
      return value.isTree && value.instruction !== 'i8x16.shuffle'
        ? tree(parts, to, value, next)
        : instruction(parts, to, value, next);
    case 'build':
      return built(parts, to, value, next);
    default:
      throw new InternalError(`${value.op} makes no vector`);
  }
}

/**
 * As four numbers, or in a loop over its words where the host inlines closures and the tree is not small. Each number is set by itself. All are
 * computed before one is written where the tree has other words than that one, or may trap.
 */
function tree(parts: Parts, to: number, value: Vector, next: Step): Step {
  if (!parts.inlines && isSingle(parts, value)) return instruction(parts, to, value, next);
  const isAcross = readsAcross(value, to);
  const mayTrap = (value.flags & TRAPS) !== 0;
  const isSmall = value.size <= SMALL;
  if (parts.inlines && (!isSmall || isAcross || mayTrap)) {
    const step = loop(parts, to, value, isAcross || isSmall, mayTrap ? END : next);
    return mayTrap ? (parts.make('guard')(step, inOrder(parts, value), next) as Step) : step;
  }
  const words = [0, 1, 2, 3].map((index) => wordOf(value, index));
  if (!isAcross && !mayTrap) {
    return words.reduceRight((behind, word, index) => parts.set(to + index, word, behind), next);
  }
  const computed = words.map((word) => parts.value(word));
  return mayTrap
    ? (parts.make('set words/t')(to, ...computed, inOrder(parts, value), next) as Step)
    : (parts.make('set words/')(to, ...computed, next) as Step);
}
/** Behind what is called as a step that ends. */
const END: Step = () => null;

/** One closure for all words, that gives them one after the other: four times where they are few or must wait for each other. */
function loop(parts: Parts, to: number, value: Vector, isUnrolled: boolean, next: Step): Step {
  const form = isStrided(value) ? 'set strided/' : 'set lanes/';
  return apart(parts, parts.make(isUnrolled ? `${form}4` : form)(to, laneOf(parts, value), next) as Step);
}
/**
 * In front of so much that is called: the host inlines only so much, and should not begin it where its room ends in the middle. It inlines
 * no function into itself, so the second of two closures that are one function is called, and is compiled with all that is called in it.
 */
function apart(parts: Parts, step: Step): Step {
  return parts.make('apart', true)(parts.make('apart', true)(step)) as Step;
}
/** What of this size is inlined four times is no longer than the loop, and needs no lane's number; of larger trees it would leave no room. */
const SMALL = 4;

/** Whether it is one instruction, of a place and a constant, for which there is a form: four calls are more than one. */
function isSingle(parts: Parts, { instruction: name, operands }: Vector): boolean {
  const [a, b] = operands;
  return a.op === 'get' && operands.length === 2 && isConstant(b) && parts.has(`set ${name}/rk`);
}

/** Whether a word of the tree needs another word than its own of the place that the result is written to. Lanes that are built read none there. */
function readsAcross({ instruction: name, operands }: Vector, to: number): boolean {
  const isAcross = !LANEWISE.has(name);
  return operands.some((operand) => {
    if (operand.op === 'vector') return readsAcross(operand, to);
    return isAcross && operand.op === 'get' && operand.kind === 'v' && Math.abs(word(operand) - to) < 4;
  });
}

/** After a trap: runs what can trap in the tree, in the order of the instructions, which the words do not keep. */
function inOrder(parts: Parts, value: Vector): (fp: number, failure: unknown) => never {
  const parting: ((fp: number) => unknown)[] = [];
  const collect = (operand: Expr): void => {
    if (operand.op === 'build') {
      for (const { value: part } of operand.lanes) parting.push(parts.value(part) as Step);
    } else if (operand.op === 'vector') {
      if (LANE_LOADS.has(operand.instruction)) parting.push(parts.value(loadedWord(operand, 3)) as Step);
      else operand.operands.forEach(collect);
    }
  };
  return (fp, failure) => {
    if (parting.length === 0) value.operands.forEach(collect);
    for (const part of parting) part(fp);
    throw failure;
  };
}

/** What some instruction says of a vector, or makes of single words of its operands: an i32. */
export function vectorTest(parts: Parts, { instruction: name, operands }: Vector): unknown {
  if (operands[0].kind === 'v') return parts.make(name)(word(operands[0]));
  const [a, b = ''] = operands.map(({ op }) => (op === 'get' ? 'r' : op === 'const' ? 'k' : 'e'));
  // There are no forms of a slot beside a closure, nor of a constant that comes first.
  const form = [a + b, `e${b}`, 'ee'].find((how) => parts.has(`${name}/${how}`));
  if (form === undefined) throw new InternalError(`${name} has no words`);
  const captured = operands.map((operand, k) => {
    if (form[k] === 'e') return parts.value(operand);
    return operand.op === 'const' ? operand.low : word(operand);
  });
  return parts.make(`${name}/${form}`)(...captured);
}

/** The base goes where the vector will be, if it stands nowhere yet. */
function built(parts: Parts, to: number, value: Build, next: Step): Step {
  const { base } = value;
  const place = base.op === 'get' ? base : getOperand(V128, to / 2);
  const words = [0, 1, 2, 3].map((index) => parts.value(wordOfBuild(value, place, index)));
  const step = parts.make('set words/')(to, ...words, next) as Step;
  const isThere = base.op === 'get' || base.instruction === 'v128.const';
  return isThere ? step : instruction(parts, to, base, step);
}

function instruction(parts: Parts, to: number, value: Vector, next: Step): Step {
  const { instruction: name, operands, immediates, access } = value;
  if (name === 'i8x16.shuffle') return shuffle(parts, to, value, next);
  if (isDirect(name)) return direct(parts, to, name, value, next);
  let form = '';
  const captured = operands.map((operand) => {
    if (isConstant(operand)) {
      form = '/rk';
      return uniform(operand);
    }
    if (operand.kind === 'v') return word(operand);
    form = formOf(parts, `set ${name}`, operand);
    return capturedBy(parts, operand, form);
  });
  const memory = access === undefined ? [] : [access.memoryOffset, parts.views(access.memidx), access.offset];
  return parts.make(`set ${name}${form}`)(to, ...captured, ...immediates, ...memory, next) as Step;
}

/** Numbers of slots are captured beside doubles, and not in one array with them, which would make doubles of all. */
function direct(parts: Parts, to: number, name: DirectOp, value: Vector, next: Step): Step {
  const [a, b] = value.operands;
  const form = `set ${value.isRaw ? 'raw ' : ''}${name}`;
  if (a.op === 'get' && b.op === 'get') return parts.make(form)(to, word(a), word(b), next) as Step;
  const number = (value: Expr) => laneNumber(value as Vector, name.startsWith('f32x4') ? F32 : F64);
  const isRead = b.op === 'vector' && b.access !== undefined;
  if (a.op === 'get' && !isRead) return parts.make(`${form}/rk`)(to, word(a), number(b), next) as Step;
  const { operands, access } = (isRead ? b : a) as Vector;
  const { memoryOffset, memidx, offset } = access!;
  const address = parts.value(operands[0]);
  const views = parts.views(memidx);
  if (isRead) {
    return parts.make(`${form}/rm`)(to, word(a), address, memoryOffset, views, offset, next) as Step;
  }
  return parts.make(`${form}/mk`)(to, address, number(b), memoryOffset, views, offset, next) as Step;
}
/** What all lanes of a constant are. */
function laneNumber({ immediates: [low, high] }: Vector, type: ValType): number {
  return constantNumber(constant(type, low, high));
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

function shuffle(parts: Parts, to: number, value: Vector, next: Step): Step {
  const turns = turnsAt(value);
  const most = Math.max(...turns.map(({ length }) => length));
  if (most === 1 && turns.every(([{ left, mask }]) => left === 0 && mask === -1)) {
    return parts.make('set shuffle32')(to, ...turns.map(([turn]) => turn.at), next) as Step;
  }
  if (most > 2) {
    const bytes = value.immediates.map((lane) => 4 * word(value.operands[lane >> 4]) + (lane & 15));
    return parts.make('set i8x16.shuffle')(to, ...bytes, next) as Step;
  }
  const captured = turns.flatMap(([turn, other = { ...turn, mask: 0 }]) =>
    [turn, other].flatMap(({ at, left, mask }) => [at, left, mask]),
  );
  return parts.make('set shuffle2')(to, ...captured, next) as Step;
}
