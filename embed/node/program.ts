/** Instantiating a module and running its start function and entry points as executions. */
import {
  Execution,
  type Extern,
  Func,
  type Instance,
  instantiatePaused,
  type Module,
  type Store,
} from '../../src/index';
import { WasiExit } from '../../src/wasi/index';
import { type DriveOptions, drive, type Ending } from './drive';

/** The program called `proc_exit`, or returned. */
export type ProgramEnding = Ending | { readonly kind: 'exited'; readonly code: number };

export interface Program {
  readonly instance: Instance;
  /** Runs an exported function. */
  run(func: Func, args: ConstructorParameters<typeof Execution>[1]): Promise<ProgramEnding>;
}

/** Instantiates and runs the start function. Gives how that ended when it did not simply return. */
export async function startProgram(
  store: Store,
  module: Module,
  imports: readonly Extern[],
  options: DriveOptions,
): Promise<{ readonly program: Program; readonly ending: ProgramEnding | undefined }> {
  const instance = instantiatePaused(store, module, imports);
  // All executions of a program share one budget.
  const begun = performance.now();
  let fuel = options.fuel;
  const run = async (
    func: Func,
    args: ConstructorParameters<typeof Execution>[1],
  ): Promise<ProgramEnding> => {
    const execution = new Execution(func, args);
    const { timeout } = options;
    const left = timeout === undefined ? undefined : timeout - (performance.now() - begun);
    try {
      const ending = await drive(execution, { ...options, fuel, timeout: left });
      return exitOf(ending) ?? ending;
    } catch (error) {
      if (error instanceof WasiExit) return { kind: 'exited', code: error.code };
      throw error;
    } finally {
      if (fuel !== undefined) fuel = Math.max(0, fuel - execution.fuelUsed);
    }
  };
  const start = instance.startFunc;
  const ending = start === undefined ? undefined : await run(start, []);
  return { program: { instance, run }, ending: ending?.kind === 'done' ? undefined : ending };
}

/** An exit out of a host call that had to wait arrives as the cause of a trap. */
function exitOf(ending: Ending): ProgramEnding | undefined {
  const cause = ending.kind === 'trapped' ? ending.error.cause : undefined;
  return cause instanceof WasiExit ? { kind: 'exited', code: cause.code } : undefined;
}

/** An exported function, or undefined. */
export function exportedFunc(instance: Instance, name: string): Func | undefined {
  const found = instance.exports.get(name);
  return found instanceof Func ? found : undefined;
}
