/**
 * Functions of the host as native code calls them: with numbers as JavaScript has them, and nothing in slots. They are functions of JavaScript,
 * and callbacks that never wait.
 */
import { F32, F64, type ValType } from '../../decoder';
import type { Door } from '../../errors';
import type { PlainFunction as Interface } from '../../interpreter/tiers';
import {
  type Func,
  type Instance,
  integerFromJs,
  type JsNumber,
  jsFunctionOf,
  promptOf,
  type UntypedFunction,
  wordsOfAll,
} from '../../runtime';
import { promptFunction } from './prompt-call';

function numberFromJs(type: ValType, value: unknown): JsNumber {
  return type === F32 || type === F64 ? +(value as number) : integerFromJs(type, value);
}

/** Of one function, for all calls that an instance makes of it: they hold nothing. */
export class PlainFunction implements Interface {
  readonly func: Func;
  readonly words: number;
  readonly door: Door = this.run;
  readonly doors = 1;
  site: object | undefined = undefined;
  private readonly fn: UntypedFunction;
  private readonly count: number;
  private readonly result: ValType | undefined;

  private constructor(func: Func, fn: UntypedFunction) {
    const { params, results } = func.type;
    this.func = func;
    this.words = Math.max(wordsOfAll(params), wordsOfAll(results));
    this.fn = fn;
    this.count = params.length;
    this.result = results[0];
  }

  /** As `caller` calls it. Undefined for one that the guest may have to wait for, and a callback that asks for more than integers. */
  static of(func: Func, caller: Instance): PlainFunction | undefined {
    const callback = promptOf(func);
    const fn = callback === undefined ? jsFunctionOf(func) : promptFunction(callback, caller);
    return fn && new PlainFunction(func, fn);
  }

  /** Calls it. What it has returned is converted while it counts as running: that may run code of the host's, too. */
  run(a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown): JsNumber | undefined {
    const { fn, result } = this;
    let given: unknown;
    switch (this.count) {
      case 0:
        given = fn();
        break;
      case 1:
        given = fn(a);
        break;
      case 2:
        given = fn(a, b);
        break;
      case 3:
        given = fn(a, b, c);
        break;
      case 4:
        given = fn(a, b, c, d);
        break;
      case 5:
        given = fn(a, b, c, d, e);
        break;
      default:
        given = fn(a, b, c, d, e, f);
    }
    return result === undefined ? undefined : numberFromJs(result, given);
  }
}
