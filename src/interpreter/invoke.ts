/** Calls that run to their end, whoever makes them. */
import { type Door, InternalError } from '../errors';
import type { Func, Value } from '../runtime';
import { type CallLimits, makeBriefly } from './brief';
import { Execution } from './execution';
import type { Outcome, PauseReason, RunOptions } from './outcome';
import { registers } from './registers';
import { addCallers } from './trace';
import { settle } from './unsettled';

const NO_OPTIONS: RunOptions = {};

/**
 * Calls a function and runs it to its end: with the JS API's conversions, or with values that have been checked, of which it gives others
 * (`isRaw`). Throws the trap, and what `limits` throws; whoever called `door`, a function of ours, is in the trap's stack.
 */
export function invoke(
  func: Func,
  args: readonly unknown[],
  door: Door = invoke,
  isRaw = false,
  limits?: CallLimits,
): unknown {
  settle();
  const before = registers.fuel;
  const call = isRaw ? undefined : makeBriefly(func, args, limits);
  if (call !== undefined && call.execution === undefined) return call.result;
  const execution =
    call?.execution ?? new Execution(func, args, isRaw ? (args as readonly Value[]) : func.toValues(args));
  // One that has begun has been given them.
  let asks = call === undefined;
  let outcome: Outcome;
  let reason: PauseReason | undefined;
  try {
    do {
      const options = asks ? limits?.optionsOf(execution, reason) : undefined;
      outcome = execution.runWith(options ?? NO_OPTIONS, false);
      asks = true;
      reason = outcome.kind === 'paused' ? outcome.reason : undefined;
    } while (reason !== undefined);
    if (outcome.kind === 'trapped') throw outcome.error;
  } catch (error) {
    addCallers(error, door);
    throw error;
  } finally {
    execution.chargeOuter(before);
    limits?.spend(execution.fuelUsed);
  }
  const results = resultsOf(outcome);
  if (isRaw) return results;
  return call?.isDone ? call.result : func.toResult(results);
}

function resultsOf(outcome: Outcome): Value[] {
  if (outcome.kind === 'done') return outcome.results;
  throw new InternalError(`a synchronous call is ${outcome.kind}`);
}
