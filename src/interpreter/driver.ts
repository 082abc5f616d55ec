/**
 * The driver: makes a function's code when it is first called, and again when it is hot. Lowering (src/lowering) says what a body means, the
 * assembler makes closures of that. Both are done in slices, between which an execution may be stopped. Here alone the two meet.
 */
import { RuntimeError } from '../errors';
import { Lowering } from '../lowering';
import type { Func, Instance } from '../runtime';
import type { Assembler } from './assemble';
import { Code, FuncCode, type Safepoint } from './code';
import { assembler } from './forms';
import { callHost } from './hostcall';
import { registers } from './registers';
import type { Step } from './step';

/** Code that is being made. */
interface Making {
  readonly lowering: Lowering;
  readonly code: Code;
  /** Once the body is lowered. */
  assembler: Assembler | undefined;
}

/** By functions whose code is under way: the first, or that of a function that is hot. */
const makings = new WeakMap<FuncCode, Making>();
/** Instances whose memories tell when their code must be made anew. */
const watched = new WeakSet<Instance>();

/** What the machine keeps with a new function: a call of it makes its code. */
export function prepare(func: Func): FuncCode {
  const state = new FuncCode(func);
  state.entry = func.callback === undefined ? makeAndEnter(state) : (fp) => callHost(func, fp);
  return state;
}

/** A step: to the code, with a stop now and then while that is not complete. */
function makeAndEnter(state: FuncCode): Step {
  const enter = (): Step | null => {
    const code = makeSome(state, false, registers.lowering);
    if (code !== undefined) return code.entry;
    const { entrySite } = makings.get(state)!.code;
    registers.yielded = { ...entrySite, kind: 'lowering', resume: enter } satisfies Safepoint;
    return null;
  };
  return enter;
}

/** The code of a wasm function. */
export function makeCode(state: FuncCode): Code {
  return makeSome(state, false, Number.POSITIVE_INFINITY)!;
}

/**
 * Goes on making the code of a wasm function, for about so many instructions; again with factories of its own when it is `hot`. The code,
 * when it is complete.
 */
export function makeSome(state: FuncCode, hot: boolean, most: number): Code | undefined {
  if (state.code !== undefined && (state.code.hot || !hot)) return state.code;
  const making = makings.get(state) ?? begin(state, hot);
  // Should the host's stack overflow in it, the next call begins anew.
  makings.delete(state);
  if (!goOn(state, making, most)) {
    makings.set(state, making);
    return undefined;
  }
  state.code = making.code;
  state.entry = making.code.entry;
  return state.code;
}

/** Whether code of the function is under way. */
export function isMaking(state: FuncCode): boolean {
  return makings.has(state);
}

function begin(state: FuncCode, hot: boolean): Making {
  const { func } = state;
  const instance = func.instance!;
  if (instance.unusable !== undefined) throw new RuntimeError(instance.unusable);
  instance.hasRun = true;
  watch(instance);
  const lowering = new Lowering(instance.module, func.funcidx);
  const code = new Code(state, hot, lowering.locals, lowering.entry.offset);
  return { lowering, code, assembler: undefined };
}

function goOn({ func }: FuncCode, making: Making, most: number): boolean {
  if (making.assembler === undefined) {
    const body = making.lowering.run(most);
    if (body === undefined) return false;
    making.assembler = assembler(making.code, body, func.instance!);
  }
  return making.assembler.run(most);
}

/** When writes to a memory begin to be tracked, the code of all that may write to it is made anew. */
function watch(instance: Instance): void {
  if (watched.has(instance)) return;
  watched.add(instance);
  for (const memory of instance.memories) {
    memory.trackers.add(() => {
      for (const func of instance.knownFuncs()) forget(func.code as FuncCode);
    });
  }
}

/** Drops the code; paused executions that stand in it are rebuilt. */
function forget(state: FuncCode): void {
  state.generation++;
  state.code = undefined;
  makings.delete(state);
  state.heat = 0;
  state.entry = makeAndEnter(state);
}
