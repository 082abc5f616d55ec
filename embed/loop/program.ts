/** Running the start function and entry points of an instance as executions. */
import { Execution, Func, type Instance } from '../../src/index';
import { WasiExit } from '../../src/wasi/index';
import { type DriveHost, type DriveOptions, drive, type Ending } from './drive';

/** The program called `proc_exit`, or returned. */
export type ProgramEnding = Ending | { readonly kind: 'exited'; readonly code: number };

export interface Program {
  readonly instance: Instance;
  /** Safepoints that its executions have passed. */
  readonly fuelUsed: number;
  /** Runs an exported function. */
  run(func: Func, args: ConstructorParameters<typeof Execution>[1]): Promise<ProgramEnding>;
  /** Runs an execution of the instance, new or restored. */
  goOn(execution: Execution): Promise<ProgramEnding>;
}

/** All executions of a program share one budget. */
export function programOf(instance: Instance, options: DriveOptions, host?: DriveHost): Program {
  instance.hideMemories();
  const now = host?.now ?? (() => performance.now());
  const begun = options.timeout === undefined ? 0 : now();
  let spent = 0;
  let current: Execution | undefined;
  const goOn = async (execution: Execution): Promise<ProgramEnding> => {
    const { timeout, fuel } = options;
    const left = timeout === undefined ? undefined : Math.max(0, timeout - (now() - begun));
    current = execution;
    try {
      const fuelLeft = fuel === undefined ? undefined : Math.max(0, fuel - spent);
      const ending = await drive(execution, { ...options, fuel: fuelLeft, timeout: left }, host);
      return exitOf(ending) ?? ending;
    } catch (error) {
      if (error instanceof WasiExit) return { kind: 'exited', code: error.code };
      throw error;
    } finally {
      spent += execution.fuelUsed;
      current = undefined;
    }
  };
  return {
    instance,
    get fuelUsed() {
      return spent + (current?.fuelUsed ?? 0);
    },
    goOn,
    run: (func, args) => goOn(new Execution(func, args)),
  };
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
