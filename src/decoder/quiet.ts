/**
 * Quiet functions: calls of these need no safepoint, since what they do at most is known and small (DESIGN.md, law 2). A quiet function has
 * no loop, does not reach itself by calls, calls no imported function and nothing by a table, and runs at most 100 instructions with all it
 * calls, each call counted for itself. Nothing is quiet in a module with a crowded function, one whose own calls come to too much.
 *
 * So code without a loop and without a call of a function that is not quiet does a hundred times as much as it is long, at most, and a few
 * million instructions unless it calls through a table: it outgrows no deadline. (A bound of 10,000 let a body of a megabyte run 10^9.)
 *
 * The text counts, not what control flow reaches: all instructions up to the final `end`, that one included, and one more for every eight
 * locals that are zeroed. A tail call is a call. What an instruction does in bulk (`memory.fill`) counts as one: that is charged as debt at
 * the next safepoint.
 */
import { codeReader, readInstruction, readLocalDeclarations } from './body';
import { CALLS, skipImmediates } from './immediates';
import { OP, usesExceptions } from './instructions';
import type { ModuleData } from './module';

/** Entering a function costs as much as some ten instructions, a safepoint as one or two: beyond this it is hardly noticed. */
export const MOST_QUIET_INSTRUCTIONS = 100;
/** What the calls of one function may come to: some ten milliseconds where code is fast. */
export const MOST_IN_QUIET_CALLS = 2_000_000;
/** Bytes of a call, its operands aside. */
const LEAST_BYTES_OF_CALL = 2;
/** Code entries below this cannot be crowded: next to none is above it. */
const LEAST_BYTES_CROWDED = (MOST_IN_QUIET_CALLS / MOST_QUIET_INSTRUCTIONS) * LEAST_BYTES_OF_CALL;
/** An instruction takes as long as zeroing so many locals, as a power of two. */
const LOG_LOCALS = 3;
/** In place of the number of instructions, of a function that is not quiet. A sum with it in it is too much as well. */
const LOUD = MOST_QUIET_INSTRUCTIONS + 1;
/** Not looked at yet. No function has no instruction. */
const UNKNOWN = 0;
/** Begun: who meets it again has gone in a circle. */
const OPEN = -1;

const known = new WeakMap<ModuleData, Search>();

/** Whether a function is quiet. An answer is found once: all of them together take time in proportion to the module. */
export function isQuiet(module: ModuleData, funcidx: number): boolean {
  let search = known.get(module);
  if (search === undefined) {
    search = new Search(module);
    known.set(module, search);
  }
  return search.count(funcidx) !== LOUD;
}

/**
 * A depth-first search along calls, which looks at a callee before it reads on: most functions that are not quiet call one early. It keeps
 * its own stack, since a chain of calls may be a million functions long.
 */
class Search {
  private readonly module: ModuleData;
  /** By function: `UNKNOWN`, `OPEN`, or the instructions of its unrolled call tree, at most `LOUD`. */
  private readonly counts: Int32Array;
  /** The functions that are open, each with the offset of its next instruction and the instructions counted before that. */
  private readonly funcs: number[] = [];
  private readonly offsets: number[] = [];
  private readonly sums: number[] = [];

  constructor(module: ModuleData) {
    this.module = module;
    this.counts = new Int32Array(module.funcTypes.length);
    this.counts.fill(LOUD, 0, module.importedFuncs);
    if (this.hasCrowded()) this.counts.fill(LOUD);
  }

  private hasCrowded(): boolean {
    const { codeStart, codeEnd, importedFuncs } = this.module;
    for (let k = 0; k < codeStart.length; k++) {
      const isLong = codeEnd[k] - codeStart[k] >= LEAST_BYTES_CROWDED;
      if (isLong && this.inCalls(importedFuncs + k) > MOST_IN_QUIET_CALLS) return true;
    }
    return false;
  }

  /** Instructions that the quiet calls of a function come to. One whose callee is not known may be of a quiet function. */
  private inCalls(funcidx: number): number {
    const { module } = this;
    const reader = codeReader(module, funcidx);
    readLocalDeclarations(reader, module);
    let sum = 0;
    while (reader.pos < reader.end && sum <= MOST_IN_QUIET_CALLS) {
      const row = readInstruction(reader);
      const calls = CALLS[row.imm];
      if (calls !== 'named') {
        skipImmediates(reader, row, module);
        if (calls === 'unnamed') sum += MOST_QUIET_INSTRUCTIONS;
        continue;
      }
      const callee = reader.u32();
      if (callee < module.importedFuncs) sum += MOST_QUIET_INSTRUCTIONS;
      else if (this.count(callee) !== LOUD) sum += this.count(callee);
    }
    return sum;
  }

  /** The instructions of a function's unrolled call tree, or `LOUD`. */
  count(funcidx: number): number {
    const { counts } = this;
    if (counts[funcidx] === UNKNOWN) this.search(funcidx);
    return counts[funcidx];
  }

  private search(root: number): void {
    const { counts, funcs, offsets, sums } = this;
    this.open(root);
    while (funcs.length > 0) {
      const callee = this.readOn();
      if (callee !== undefined) this.open(callee);
      else {
        counts[funcs.pop()!] = sums.pop()!;
        offsets.pop();
      }
    }
  }

  private open(funcidx: number): void {
    const reader = codeReader(this.module, funcidx);
    let locals = 0;
    for (const { count } of readLocalDeclarations(reader, this.module)) locals += count;
    this.counts[funcidx] = OPEN;
    this.funcs.push(funcidx);
    this.offsets.push(reader.pos);
    this.sums.push(locals >> LOG_LOCALS);
  }

  /** Reads on in the innermost function: to a call of one that is not known yet, which it names, or until its sum is complete. */
  private readOn(): number | undefined {
    const { module, counts, funcs, offsets, sums } = this;
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
