/** What a run keeps to and how its end is told: its limits alone, or snapshots too (snapshots.ts). */
import type { DriveLimits, DriveOptions } from '../../embed/loop/drive';
import type { Program, ProgramEnding } from '../../embed/loop/program';
import type { Wasi } from '../wasi';
import { now } from './clock';
import { reportEnding } from './entry';
import type { Options } from './options';

export interface Guest {
  readonly program: Program;
  readonly file: string;
  /** The module's. */
  readonly bytes: Uint8Array;
  readonly wasi: Wasi;
}

/** All executions of a command share the limits. */
export class Plan {
  protected readonly begun: number;
  protected guest: Guest | undefined;
  /** Fuel that others have used before the program. */
  private before = 0;

  constructor(
    protected readonly options: Options,
    protected readonly limits: DriveLimits,
  ) {
    this.begun = now();
  }

  /** What the program may use. */
  protected get fuel(): number | undefined {
    const { fuel } = this.limits;
    return fuel === undefined ? undefined : Math.max(0, fuel - this.before);
  }

  /** The point in time at which all must be over. */
  protected get end(): number | undefined {
    const { timeout } = this.limits;
    return timeout === undefined ? undefined : this.begun + timeout;
  }

  /** What may be used from now on. */
  limitsLeft(): DriveLimits {
    const { fuel, end } = this;
    return {
      ...(fuel === undefined ? {} : { fuel }),
      ...(end === undefined ? {} : { timeout: Math.max(0, end - now()) }),
    };
  }

  usedBefore(fuel: number): void {
    this.before += fuel;
  }

  /** For the program's executions. */
  driveOptions(): DriveOptions {
    return this.limitsLeft();
  }

  begin(guest: Guest): void {
    this.guest = guest;
  }

  /** Nothing of it is heard of any more. */
  dispose(): void {}

  /** Tells how the program ended and gives our exit code. */
  report(ending: ProgramEnding): number {
    const { file, wasi } = this.guest!;
    return reportEnding(file, ending, this.options, wasi);
  }
}
