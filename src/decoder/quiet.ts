/**
 * Quiet functions: calls of these need no safepoint, since what they do at most is known and small (DESIGN.md, law 2). A quiet function has
 * no loop, does not reach itself by calls, calls no imported function and nothing by a table, and runs at most 100 instructions with all it
 * calls, each call counted for itself. Nothing is quiet in a module with a crowded function, one with very many calls.
 *
 * So code without a loop and without a call of a function that is not quiet does a hundred times as much as it is long, at most, and a few
 * million instructions: it outgrows no deadline. (A bound of 10,000 let a body of a megabyte run 10^9.)
 *
 * The text counts, not what control flow reaches: all instructions up to the final `end`, that one included, and one more for every eight
 * locals that are zeroed. A tail call is a call. What an instruction does in bulk (`memory.fill`) counts as one: that is charged as debt at
 * the next safepoint.
 */
import { codeReader, countLocals, readInstruction } from './body';
import { CALLS, skipImmediates } from './immediates';
import { OP, usesExceptions } from './instructions';
import type { ModuleData } from './module';

/** Entering a function costs as much as some ten instructions, a safepoint as one or two: beyond this it is hardly noticed. */
export const MOST_QUIET_INSTRUCTIONS = 100;
/**
 * Calls of any kind in one function; next to none has more. Should all be of quiet functions, they come to 2,000,000 instructions: some ten
 * milliseconds where code is fast. Validation counts them, so that nothing has to walk over a long body once more, in one go.
 */
export const MOST_CALLS = 20_000;
/** An instruction takes as long as zeroing so many locals, as a power of two. */
const LOG_LOCALS = 3;
/** In place of the number of instructions, of a function that is not quiet. A sum with it in it is too much as well. */
const LOUD = MOST_QUIET_INSTRUCTIONS + 1;
/** Functions of a chain of calls that one search looks at: about a millisecond. Longer than a chain of quiet ones. */
const LONGEST_CHAIN = 4096;
/** Not looked at yet. No function has no instruction. */
const UNKNOWN = 0;
/** Begun: who meets it again has gone in a circle. */
const OPEN = -1;

/** A search does not hold its module: engines without ephemerons (QuickJS) would keep both for good. */
const known = new WeakMap<ModuleData, Search>();

/** Whether a function is quiet. All answers together take time in proportion to the module, one a few milliseconds at most. */
export function isQuiet(module: ModuleData, funcidx: number): boolean {
  let search = known.get(module);
  if (search === undefined) {
    search = new Search(module);
    known.set(module, search);
  }
  return search.count(module, funcidx) !== LOUD;
}

/**
 * A depth-first search along calls, which looks at a callee before it reads on: most functions that are not quiet call one early. A chain of
 * calls may be a million functions long: its first functions are soon known not to be quiet, and after `LONGEST_CHAIN` of them the rest is
 * left to whoever asks about it.
 */
class Search {
  /** By function: `UNKNOWN`, `OPEN`, or the instructions of its unrolled call tree, at most `LOUD`. */
  private readonly counts: Int32Array;
  /** The functions that are open, each with the offset of its next instruction and the instructions counted before that. */
  private readonly funcs: number[] = [];
  private readonly offsets: number[] = [];
  private readonly sums: number[] = [];

  constructor(module: ModuleData) {
    this.counts = new Int32Array(module.funcTypes.length);
    this.counts.fill(LOUD, 0, module.importedFuncs);
    if (module.mostCalls > MOST_CALLS) this.counts.fill(LOUD);
  }

  /** The instructions of a function's unrolled call tree, or `LOUD`. */
  count(module: ModuleData, funcidx: number): number {
    const { counts } = this;
    if (counts[funcidx] === UNKNOWN) this.search(module, funcidx);
    return counts[funcidx];
  }

  private search(module: ModuleData, root: number): void {
    const { counts, funcs, offsets, sums } = this;
    /** Those before it are known. */
    let bottom = 0;
    this.open(module, root);
    while (funcs.length > bottom) {
      const callee = this.readOn(module);
      if (callee === undefined) {
        counts[funcs.pop()!] = sums.pop()!;
        offsets.pop();
        continue;
      }
      // Each that is open runs one instruction at least, its call of the next one.
      if (funcs.length - bottom === MOST_QUIET_INSTRUCTIONS) counts[funcs[bottom++]] = LOUD;
      if (funcs.length === LONGEST_CHAIN) break;
      this.open(module, callee);
    }
    for (; bottom < funcs.length; bottom++) counts[funcs[bottom]] = UNKNOWN;
    funcs.length = 0;
    offsets.length = 0;
    sums.length = 0;
  }

  private open(module: ModuleData, funcidx: number): void {
    const reader = codeReader(module, funcidx);
    const locals = countLocals(reader, module);
    this.counts[funcidx] = OPEN;
    this.funcs.push(funcidx);
    this.offsets.push(reader.pos);
    this.sums.push(locals >> LOG_LOCALS);
  }

  /** Reads on in the innermost function: to a call of one that is not known yet, which it names, or until its sum is complete. */
  private readOn(module: ModuleData): number | undefined {
    const { counts, funcs, offsets, sums } = this;
    const top = funcs.length - 1;
    const reader = codeReader(module, funcs[top]);
    reader.pos = offsets[top];
    let sum = sums[top];
    while (reader.pos < reader.end && sum < LOUD) {
      const offset = reader.pos;
      const row = readInstruction(reader);
      const calls = CALLS[row.imm];
      sum++;
      if (row.op === OP.loop || calls === 'unnamed' || usesExceptions(row)) sum = LOUD;
      else if (calls !== 'named') skipImmediates(reader, row, module);
      else {
        const callee = reader.u32();
        const count = counts[callee];
        if (count === UNKNOWN) {
          // It is read again when the callee is known.
          offsets[top] = offset;
          sums[top] = sum - 1;
          return callee;
        }
        sum += count === OPEN ? LOUD : count;
      }
    }
    sums[top] = Math.min(sum, LOUD);
    return undefined;
  }
}
