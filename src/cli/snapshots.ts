/** When a snapshot of a run is due, and what then happens. */
import { constants } from 'node:os';
import type { DriveLimits, DriveOptions, StopReason } from '../../embed/loop/drive';
import type { ProgramEnding } from '../../embed/loop/program';
import { SnapshotError } from '../errors';
import type { Execution, Instance } from '../index';
import { snapshot, u64FromNumber, withDigest } from '../snapshot';
import { StateError } from '../wasi';
import { now } from './clock';
import { InputError } from './load';
import { closest, type Options, parseCount, parseDuration, UsageError } from './options';
import { complain } from './output';
import { checkOutput } from './output-files';
import { type Guest, Plan } from './plan';
import { during } from './progress';
import { backtraceLines, EXIT } from './report';
import { snapshotFile, writeSnapshot } from './snapshot-files';

const TRIGGERS = ['after-fuel', 'after', 'on-signal', 'every'] as const;
/** While signals are listened for, the event loop gets a turn after so many milliseconds. */
const SIGNAL_SLICE = 4;
const FRAMES_SHOWN = 12;

interface Due {
  readonly file: string;
  readonly stop: boolean;
}

export class SnapshotPlan extends Plan {
  private readonly target: string | undefined;
  private readonly checkpoint: string | undefined;
  private readonly every: number | undefined;
  private readonly keepRunning: boolean;
  private afterFuel: number | undefined;
  private afterAt: number | undefined;
  private everyAt: number | undefined;
  private readonly handlers = new Map<NodeJS.Signals, () => void>();
  private controller = new AbortController();
  private signalled: Due | undefined;
  /** What the run ends with when it ends for a snapshot. */
  private exitCode: number | undefined;

  constructor(options: Options, limits: DriveLimits) {
    super(options, limits);
    this.target = options.get('snapshot-to');
    this.checkpoint = options.get('checkpoint');
    this.keepRunning = options.has('keep-running');
    const triggers = TRIGGERS.filter((name) => options.has(name));
    if (this.target === undefined && triggers.length > 0) {
      throw new UsageError(`--${triggers[0]} needs --snapshot-to FILE`);
    }
    if (this.target !== undefined && triggers.length === 0) {
      throw new UsageError(`--snapshot-to needs one of ${TRIGGERS.map((name) => `--${name}`).join(', ')}`);
    }
    for (const name of ['snapshot-to', 'checkpoint'] as const) {
      const target = options.get(name);
      if (target !== undefined) checkOutput(name, snapshotFile(target));
    }
    const fuel = options.get('after-fuel');
    this.afterFuel = fuel === undefined ? undefined : parseCount('after-fuel', fuel);
    this.afterAt = this.pointIn('after');
    this.everyAt = this.pointIn('every');
    this.every = this.everyAt === undefined ? undefined : this.everyAt - this.begun;
    this.listen();
  }

  private pointIn(name: 'after' | 'every'): number | undefined {
    const text = this.options.get(name);
    if (text === undefined) return undefined;
    const ms = parseDuration(name, text);
    if (ms === 0 && name === 'every') throw new UsageError('--every 0: must be longer');
    return this.begun + ms;
  }

  private listen(): void {
    const name = this.options.get('on-signal');
    if (name !== undefined) {
      if (!(name in constants.signals)) throw new UsageError(`--on-signal ${name}: ${noSignal(name)}`);
      this.on(name as NodeJS.Signals, { file: this.target!, stop: !this.keepRunning });
    }
    if (this.checkpoint === undefined) return;
    const due = { file: this.checkpoint, stop: true };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) if (signal !== name) this.on(signal, due);
  }

  private on(signal: NodeJS.Signals, due: Due): void {
    const handler = () => {
      this.signalled = due;
      this.controller.abort();
      // Who cannot wait for the snapshot ends us with a second one.
      if (due.stop) process.removeListener(signal, handler);
    };
    this.handlers.set(signal, handler);
  }

  /** For the program's executions. */
  override driveOptions(): DriveOptions {
    return {
      ...this.limitsNow(0),
      ...(this.handlers.size > 0 ? { slice: SIGNAL_SLICE } : {}),
      onStop: (reason, execution) => this.stopped(reason, execution),
    };
  }

  override begin(guest: Guest): void {
    super.begin(guest);
    for (const [signal, handler] of this.handlers) {
      try {
        process.on(signal, handler);
      } catch {
        throw new UsageError(`--on-signal ${signal}: this signal cannot be caught`);
      }
    }
  }

  override dispose(): void {
    for (const [signal, handler] of this.handlers) process.removeListener(signal, handler);
  }

  /** What may still be used up before something is due. */
  private limitsNow(fuelUsed: number): DriveLimits {
    const fuelAt = least(this.fuel, this.afterFuel);
    const time = least(this.end, this.afterAt, this.everyAt);
    return {
      ...(fuelAt === undefined ? {} : { fuel: Math.max(0, fuelAt - fuelUsed) }),
      ...(time === undefined ? {} : { timeout: Math.max(0, time - now()) }),
      signal: this.controller.signal,
    };
  }

  private stopped(reason: StopReason, execution: Execution): DriveLimits | undefined {
    const { program } = this.guest!;
    const due = this.due(program.fuelUsed);
    if (due !== undefined && !this.write(execution, due) && due.stop) return undefined;
    if (due?.stop) return undefined;
    const { fuel, end } = this;
    const over =
      reason === 'request' ||
      (fuel !== undefined && program.fuelUsed >= fuel) ||
      (end !== undefined && now() >= end);
    // What is owed has been used, and the next run takes it.
    return over ? undefined : this.limitsNow(program.fuelUsed - execution.fuelOwed);
  }

  /** Takes note of one snapshot that is due. */
  private due(fuelUsed: number): Due | undefined {
    const time = now();
    const own = { file: this.target!, stop: !this.keepRunning };
    if (this.signalled !== undefined) {
      const { signalled } = this;
      this.signalled = undefined;
      this.controller = new AbortController();
      return signalled;
    }
    if (this.afterFuel !== undefined && fuelUsed >= this.afterFuel) {
      this.afterFuel = undefined;
      return own;
    }
    if (this.afterAt !== undefined && time >= this.afterAt) {
      this.afterAt = undefined;
      return own;
    }
    if (this.everyAt === undefined || time < this.everyAt) return undefined;
    this.everyAt = time + this.every!;
    return { file: this.target!, stop: false };
  }

  /** False when it failed, which is told. */
  private write(execution: Execution, { file: target, stop }: Due): boolean {
    const { file, bytes: module, wasi, program } = this.guest!;
    try {
      const imports = program.instance.module.imports;
      const usesWasi = imports.some((entry) => wasi.callback(entry.module, entry.name) !== undefined);
      const portable = this.options.has('no-host-state');
      const size = during(`writing ${target}`, memoryOf(program.instance), () => {
        const plain = snapshot(execution, {
          ...(usesWasi && !portable ? { hostState: wasi.saveState() } : {}),
          ...(wasi.context.clocks.virtual ? {} : { timestampMs: u64FromNumber(Date.now()) }),
        });
        const bytes = portable || this.options.has('no-digest') ? plain : withDigest(plain);
        return writeSnapshot(target, bytes, module);
      });
      const where = execution.backtrace();
      const pending = execution.pendingHostCall;
      const waiting = pending === undefined ? '' : `, waiting for ${pending.func.name ?? 'the host'}`;
      complain(
        stop
          ? `${file}: stopped${waiting}; the snapshot is in ${target} (${size} bytes)${framesText(where)}`
          : `${file}: snapshot in ${target} (${size} bytes)${waiting}, in ${where[0]?.name ?? 'the program'}`,
      );
      if (this.options.has('preload')) {
        complain(
          `${file}: resume takes --preload again; those modules begin anew, their own state is not kept`,
        );
      }
      if (portable) complain(`${file}: ${lostText(usesWasi, pending !== undefined)}`);
      if (stop) this.exitCode = EXIT.success;
      return true;
    } catch (error) {
      if (!(error instanceof SnapshotError || error instanceof StateError || error instanceof InputError)) {
        throw error;
      }
      complain(`${file}: no snapshot: ${error.message}${framesText(execution.backtrace())}`);
      if (stop) this.exitCode = EXIT.failure;
      return false;
    }
  }

  /** Tells how the program ended and gives our exit code. */
  override report(ending: ProgramEnding): number {
    const { file, wasi } = this.guest!;
    if (this.exitCode !== undefined) {
      wasi.cancelWait();
      return this.exitCode;
    }
    const missed = this.afterFuel !== undefined ? 'after-fuel' : this.afterAt && 'after';
    if (missed !== undefined && ending.kind !== 'stopped') {
      complain(`${file}: the program ended before --${missed}; there is no snapshot of it`);
    }
    return super.report(ending);
  }
}

/** What a snapshot without host state does not hold. */
export const WASI_WORLD =
  'arguments, variables, clocks, random numbers, output that is held back, open files and files in memory';

/** `kill` takes names without SIG, too; and systems differ. */
function noSignal(name: string): string {
  const known = Object.keys(constants.signals);
  const similar = closest(`SIG${name.toUpperCase().replace(/^SIG/, '')}`, known);
  const hint = similar === undefined ? `; there are ${known.join(', ')}` : ` (did you mean ${similar}?)`;
  return `there is no such signal here${hint}`;
}

/** Bytes, most of what is in its snapshot. */
function memoryOf({ memories }: Instance): number {
  return memories.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function lostText(usesWasi: boolean, isPending: boolean): string {
  const lost = usesWasi
    ? `the snapshot has no host state; lost: ${WASI_WORLD}`
    : 'nothing is lost with --no-host-state';
  return isPending ? `${lost}; it waits for a host call, so other engines refuse it all the same` : lost;
}

function framesText(frames: ReturnType<Execution['backtrace']>): string {
  const more = frames.length - FRAMES_SHOWN;
  return backtraceLines(frames.slice(0, FRAMES_SHOWN)) + (more > 0 ? `\n        and ${more} more` : '');
}

function least(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
