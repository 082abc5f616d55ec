/**
 * Making a function's code: lowering, then closures. Both can be done in slices, between which an execution may be stopped. This is where
 * the meaning of a body (src/lowering) and the machine meet.
 */
import { RuntimeError } from '../errors';
import { Lowering } from '../lowering';
import type { Assembler } from './assemble';
import { Code } from './code';
import { assembler } from './forms';
import type { Func } from './func';
import type { Instance } from './instance';

export interface CodeMaking {
  readonly instance: Instance;
  readonly lowering: Lowering;
  readonly code: Code;
  /** Once the body is lowered. */
  assembler: Assembler | undefined;
}

/** Begins to make the code of a defined function. `hot` code has factories of its own. */
export function startCode(func: Func, instance: Instance, hot: boolean): CodeMaking {
  if (instance.unusable !== undefined) throw new RuntimeError(instance.unusable);
  instance.hasRun = true;
  const lowering = new Lowering(instance.module, func.funcidx);
  const code = new Code(func, hot, lowering.locals, lowering.entry.offset);
  return { instance, lowering, code, assembler: undefined };
}

/** Goes on with it, for about so many instructions. True when the code is complete. */
export function makeSome(making: CodeMaking, most: number): boolean {
  const { code, lowering, instance } = making;
  if (making.assembler === undefined) {
    const body = lowering.run(most);
    if (body === undefined) return false;
    making.assembler = assembler(code, body, instance);
  }
  return making.assembler.run(most);
}
