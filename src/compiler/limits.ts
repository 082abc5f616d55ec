/**
 * What is too much for a tier to make in one go. Nobody can stop a run while it writes a function and the host's engine compiles that, so both
 * must end in some tens of milliseconds, whatever the module.
 */
import { OP } from '../decoder';
import { codeReader, countLocals, funcTypeOf, typesOfLocals } from '../decoder/body';
import { CALLS } from '../decoder/immediates';
import type { Immediates } from '../decoder/instructions';
import type { ModuleData } from '../decoder/module';
import { type StraightRun, straightOps, typesOfGlobals, walkStraight } from '../decoder/straight';
import { Walk } from '../decoder/walk';
import type { TierRegisters } from '../interpreter/tiers';

/** Locals: a call writes them all, and the host's compilers look at all of them where control flow meets. */
const MOST_LOCALS = 2000;
/** Operands, and perhaps blocks, that are looked at in all, some at each call and block: at most, and in what is too short to have so many. */
const MOST_WORK = 500_000;
const EASY_CODE = 4096;

const ALL_STRAIGHT = straightOps();

/** Bytes of a function's code. */
export function codeSize({ codeStart, codeEnd, importedFuncs }: ModuleData, funcidx: number): number {
  return codeEnd[funcidx - importedFuncs] - codeStart[funcidx - importedFuncs];
}

/** Locals of a function, parameters among them. */
export function allLocals(module: ModuleData, funcidx: number): number {
  return funcTypeOf(module, funcidx).params.length + countLocals(codeReader(module, funcidx), module);
}

/** What a tier makes in one go at most. */
export interface Most {
  /** Bytes of code. */
  readonly bytes: number;
  /** Whether blocks around an instruction are work, too. */
  readonly countsBlocks: boolean;
  /**
   * Values that calls and loops may carry in all: each local and operand, and of a loop a hundred more. From each of them the values of the frame are
   * brought to where it leaves, and V8's optimising compiler takes three to seven seconds for a million (Node 20).
   */
  readonly carried: number;
}

/** Why a function cannot be made in one go. */
export function whyTooLarge(module: ModuleData, funcidx: number, most: Most): string | undefined {
  const bytes = codeSize(module, funcidx);
  if (bytes > most.bytes) return `it has ${bytes} bytes of code, more than ${most.bytes}`;
  const count = allLocals(module, funcidx);
  if (count > MOST_LOCALS) return 'it has too many locals';
  if (bytes <= EASY_CODE) return undefined;
  const measure = new Measure(most.countsBlocks, count);
  const walk = new Walk(module, funcidx, measure);
  const run = measuredRun(walk, bytes);
  do {
    run.length = 0;
    walkStraight(walk, run);
    measure.rise(run.highest);
    if (measure.work > MOST_WORK)
      return `it has too many operands${most.countsBlocks ? ' and blocks' : ''} at its calls and branches`;
    if (measure.carried > most.carried) return 'it has too many loops and calls, and values through them';
  } while (walk.step());
  return undefined;
}

function measuredRun(walk: Walk, bytes: number): StraightRun {
  return {
    passed: ALL_STRAIGHT,
    locals: typesOfLocals(walk.locals),
    globals: typesOfGlobals(walk.module),
    to: new Uint8Array(2 * bytes),
    length: 0,
    first: 0,
    more: 0,
    isSingle: false,
    lowest: 0,
    highest: 0,
    givers: [],
    written: [],
  };
}

class Measure {
  work = 0;
  carried = 0;
  private highest = 0;
  private readonly countsBlocks: boolean;
  private readonly locals: number;

  constructor(countsBlocks: boolean, locals: number) {
    this.countsBlocks = countsBlocks;
    this.locals = locals;
  }

  /** The stack has become so high, an operand at a time. */
  rise(height: number): void {
    while (this.highest < height) this.work += ++this.highest;
  }

  instruction({ row, height, blocks }: Walk): void {
    if (height > this.highest) {
      this.highest = height;
      this.work += height;
    }
    if (COPIED.has(row.imm)) return;
    if (row.op === OP.loop) this.carried += this.locals + height + 100;
    else if (CALLS[row.imm] !== undefined) this.carried += this.locals + height;
    this.work += height + (this.countsBlocks ? blocks.length : 0);
  }
}

/** Immediates of instructions that are copied as they are: the others are control, calls, and what the machine does on slots. */
const COPIED: ReadonlySet<Immediates> = new Set<Immediates>([
  'none',
  'local',
  'global',
  'memarg',
  'i32',
  'i64',
  'f32',
  'f64',
  'v128',
  'lane',
  'memargLane',
  'shuffle',
]);

/** What a tier makes between two looks at the clock. */
export class Budget {
  private readonly most: number;
  private made = 0;
  private looks = 0;

  /** Bytes that may be made at once; the last may be more. */
  constructor(most: number) {
    this.most = most;
  }

  /** Whether so much has been made that somebody should first have a chance to stop the execution: its functions begin elsewhere. */
  isSpent({ looks, lowering }: TierRegisters): boolean {
    if (looks !== this.looks) {
      this.looks = looks;
      this.made = 0;
    }
    return this.made > this.most && lowering < Number.POSITIVE_INFINITY;
  }

  spend(bytes: number): void {
    this.made += bytes;
  }
}
