/** The operand types of a validation, compared with a plain list of types, and how often long lists are looked through. */
import { describe, expect, it } from 'vitest';
import { matches } from './matching';
import { Reader } from './reader';
import { Random } from './testing';
import { BOTTOM, F64, FUNCREF, I32, I64, refType, type ValType, valTypeName } from './types';
import { OperandTypes } from './typestack';

class Stack extends OperandTypes {
  readonly reader = new Reader(new Uint8Array(0));
  polymorphic = false;

  constructor() {
    super();
    this.ensureStack(0);
  }
  protected isPolymorphic(): boolean {
    return this.polymorphic;
  }
  protected operandMismatch(required: string, actual: string): Error {
    return new Error(`${required} ${actual}`);
  }
  nameOf(type: ValType): string {
    return valTypeName(type);
  }
  enter(params: readonly ValType[]): void {
    this.base = this.sp - this.cellsOf(params);
  }
  /** Types above the base. */
  get types(): ValType[] {
    return this.typesAboveBase(Number.POSITIVE_INFINITY);
  }
}

/** The same, one by one. */
class Model {
  types: ValType[] = [];
  polymorphic = false;

  pop(type: ValType): void {
    const actual = this.types.pop();
    if (actual === undefined && this.polymorphic) return;
    if (actual === undefined || !matches(actual, type)) {
      throw new Error(`${valTypeName(type)} ${actual === undefined ? '' : valTypeName(actual)}`);
    }
  }
  popAll(types: readonly ValType[]): void {
    for (const type of [...types].reverse()) this.pop(type);
  }
}

function messageOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const NOFUNC = refType(true, 0x73);
const TYPES = [I32, I32, I32, I64, F64, FUNCREF, NOFUNC];

describe('a stack of types', () => {
  it.each(Array.from({ length: 15 }, (_, seed) => seed))('is what a plain list is, seed %i', (seed) => {
    const random = new Random(seed + 1);
    const stack = new Stack();
    const model = new Model();
    const lists: ValType[][] = Array.from({ length: 12 }, (_, k) =>
      Array.from({ length: [0, 1, 2, 5, 15, 16, 17, 30, 60][k % 9] }, () =>
        k % 3 === 0 ? I32 : TYPES[random.below(TYPES.length)],
      ),
    );
    // The same types in other lists, the ends of some, and supertypes of others.
    for (const list of lists.slice(0, 12)) {
      lists.push([...list], list.slice(1), list.slice(list.length >> 1), [...list, ...list]);
      lists.push(list.map((type) => (type === NOFUNC ? FUNCREF : type)));
    }
    const both = (act: (one: Stack | Model) => void) => {
      const saved = [...model.types];
      const message = messageOf(() => act(model));
      expect(messageOf(() => act(stack))).toBe(message);
      // After an error nobody goes on: both begin anew with what was there before.
      if (message === undefined) return;
      model.types = saved;
      stack.sp = stack.base;
      stack.pushAll(saved);
    };
    for (let turn = 0; turn < 300; turn++) {
      const list = lists[random.below(lists.length)];
      const type = TYPES[random.below(TYPES.length)];
      const top = model.types.slice(-1 - random.below(40));
      const chosen = random.below(2) === 0 ? list : top;
      switch (random.below(9)) {
        case 0:
        case 1:
          stack.pushAll(list);
          model.types.push(...list);
          break;
        case 2:
          stack.push(type);
          model.types.push(type);
          break;
        case 3:
          both((one) => one.pop(top.at(-1) ?? type));
          break;
        case 4:
          if (model.types.length > 0) expect(stack.popAny()).toBe(model.types.pop());
          break;
        case 5:
          both((one) => one.popAll(chosen));
          break;
        case 6:
          both((one) => {
            if (one instanceof Stack) one.exchange(chosen);
            else {
              one.popAll(chosen);
              one.types.push(...chosen);
            }
          });
          break;
        case 7:
          both((one) => {
            if (one instanceof Stack) one.peekAll(chosen);
            else {
              const saved = [...one.types];
              one.popAll(chosen);
              one.types = saved;
            }
          });
          break;
        case 8:
          stack.polymorphic = model.polymorphic = random.below(4) === 0;
      }
      expect(stack.types).toEqual(model.types);
    }
  });

  it('knows lists that have the same types', () => {
    const stack = new Stack();
    const list = Array.from({ length: 100 }, (_, k) => TYPES[k % 5]);
    expect(stack.areMatching(list, [...list])).toBe(true);
    expect(stack.areMatching(list, list.slice(1))).toBe(false);
    expect(stack.areMatching([NOFUNC], [FUNCREF])).toBe(true);
    expect(stack.popAll.bind(stack, list)).toThrow();
  });

  it('has any type below its base where code is not reached', () => {
    const stack = new Stack();
    stack.polymorphic = true;
    stack.popAll(Array.from({ length: 100 }, () => I32));
    expect(stack.popAny()).toBe(BOTTOM);
  });
});

describe('a thousand types that come and go together', () => {
  /** A list that counts how often somebody reads an element. */
  function counting(types: readonly ValType[]) {
    let reads = 0;
    const list = new Proxy([...types], {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d/.test(key)) reads++;
        return Reflect.get(target, key, receiver);
      },
    });
    return { list, reads: () => reads };
  }

  it('are looked at once', () => {
    const stack = new Stack();
    const [results, params] = [0, 1].map(() => counting(Array.from({ length: 1000 }, () => I32)));
    for (let k = 0; k < 900; k++) {
      stack.pushAll(results.list);
      stack.enter(results.list);
      stack.exchange(params.list);
      stack.peekAll(params.list);
      stack.base = 0;
    }
    expect(stack.sp).toBe(900);
    for (let k = 0; k < 900; k++) stack.popAll(params.list);
    expect(stack.sp).toBe(0);
    expect(results.reads() + params.reads()).toBeLessThan(5000);
  });

  it('count as a thousand', () => {
    const stack = new Stack();
    const list = Array.from({ length: 1000 }, () => I32);
    const fill = () => {
      for (let k = 0; k < 1000; k++) stack.pushAll(list);
    };
    fill();
    expect(() => stack.pushAll(list)).toThrow(/number of operands 1001000 exceeds/);
    stack.sp = 0;
    // What is gone does not count, nor what was popped in part.
    fill();
    stack.popAny();
    stack.sp = 0;
    for (let k = 0; k < 999; k++) stack.push(I32);
    expect(stack.types.length).toBe(999);
    expect(() => {
      for (let k = 0; k < 999; k++) stack.pushAll(list);
    }).not.toThrow();
    expect(() => stack.pushAll(list)).toThrow(/number of operands/);
  });
});
