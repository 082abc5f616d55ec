/** Calls that run to their end, whoever makes them. */
import { type Door, InternalError } from '../errors';
import type { Func, Value } from '../runtime';
import { Execution } from './execution';
import type { Outcome, PauseReason, RunOptions } from './outcome';
import { registers } from './registers';
import { addCallers } from './trace';

const NO_OPTIONS: RunOptions = {};

/**
 * Calls a function and runs it to its end: with the JS API's conversions, or with values that have been checked, of which it gives others
 * (`isRaw`). Throws the trap; whoever called `door`, a function of ours, is in its stack.
 */
export function invoke(func: Func, args: readonly unknown[], door: Door = invoke, isRaw = false): unknown {
  const execution = isRaw ? new Execution(func, args, args as readonly Value[]) : Execution.ofJs(func, args);
  const before = registers.fuel;
  let outcome: Outcome;
  try {
    do outcome = execution.runWith(NO_OPTIONS, false);
    while (outcome.kind === 'paused');
    execution.chargeOuter(before);
    if (outcome.kind === 'trapped') throw outcome.error;
  } catch (error) {
    addCallers(error, door);
    throw error;
  }
  const results = resultsOf(outcome);
  return isRaw ? results : execution.toJs(results);
}

/**
 * The same within limits: `limits` gives the options of each run, `reason` is why the one before has paused. It throws when there shall be no
 * other.
 */
export function invokeWithin(
  func: Func,
  args: readonly unknown[],
  limits: (execution: Execution, reason: PauseReason | undefined) => RunOptions,
): unknown {
  const execution = Execution.ofJs(func, args);
  const before = registers.fuel;
  let outcome: Outcome | undefined;
  let reason: PauseReason | undefined;
  try {
    do {
      outcome = execution.runWith(limits(execution, reason), false);
      reason = outcome.kind === 'paused' ? outcome.reason : undefined;
    } while (outcome.kind === 'paused');
    if (outcome.kind === 'trapped') throw outcome.error;
  } catch (error) {
    addCallers(error, invokeWithin);
    throw error;
  } finally {
    execution.chargeOuter(before);
  }
  return execution.toJs(resultsOf(outcome));
}

function resultsOf(outcome: Outcome): Value[] {
  if (outcome.kind === 'done') return outcome.results;
  throw new InternalError(`a synchronous call is ${outcome.kind}`);
}
