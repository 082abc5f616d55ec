/**
 * Quiet functions: calls of these need no safepoint, since what they do at most is known and small (DESIGN.md, law 2). A quiet function has
 * no loop, does not reach itself by calls, calls no imported function and nothing by a table, and runs at most 10,000 instructions with
 * all it calls, each call counted for itself.
 *
 * The text counts, not what control flow reaches: all instructions up to the final `end`, that one included. A tail call is a call. What an
 * instruction does in bulk (`memory.fill`) counts as one: that is charged as debt at the next safepoint.
 */
import { codeReader, readInstruction, readLocalDeclarations } from './body';
import { CALLS, skipImmediates } from './immediates';
import { OP } from './instructions';
import type { ModuleData } from './module';

/** About the work between two safepoints of any other code: a tenth of a millisecond where code is slow. */
export const MOST_QUIET_INSTRUCTIONS = 10_000;
/** In place of the number of instructions, of a function that is not quiet. A sum with it in it is too much as well. */
const LOUD = MOST_QUIET_INSTRUCTIONS + 1;
/** Not looked at yet. No function has no instruction. */
const UNKNOWN = 0;
/** Begun: who meets it again has gone in a circle. */
const OPEN = -1;

const known = new WeakMap<ModuleData, Uint8Array>();

/** By function index: 1 when it is quiet. Found at the first use, in time proportional to the module, and kept as long as the module. */
export function quietFunctions(module: ModuleData): Uint8Array {
  let quiet = known.get(module);
  if (quiet === undefined) {
    quiet = new Search(module).run();
    known.set(module, quiet);
  }
  return quiet;
}

/** A depth-first search along calls. Everything it keeps is in integer arrays: a chain of calls may be a million functions long. */
class Search {
  private readonly module: ModuleData;
  /** By function: `UNKNOWN`, `OPEN`, or the instructions of its unrolled call tree, at most `LOUD`. */
  private readonly counts: Int32Array;
  /** The functions that are open, each with the instructions counted so far and the start of its callees in `callees`. */
  private readonly funcs = new Stack();
  private readonly sums = new Stack();
  private readonly starts = new Stack();
  /** Callees that are still to be looked at; those of the innermost open function are on top. */
  private readonly callees = new Stack();

  constructor(module: ModuleData) {
    this.module = module;
    this.counts = new Int32Array(module.funcTypes.length);
    this.counts.fill(LOUD, 0, module.importedFuncs);
  }

  run(): Uint8Array {
    const { counts, module } = this;
    for (let funcidx = module.importedFuncs; funcidx < counts.length; funcidx++) {
      if (counts[funcidx] === UNKNOWN) this.search(funcidx);
    }
    return Uint8Array.from(counts, (count) => (count === LOUD ? 0 : 1));
  }

  private search(root: number): void {
    const { counts, funcs, sums, starts, callees } = this;
    this.open(root);
    while (funcs.length > 0) {
      const sum = sums.top;
      if (sum === LOUD || callees.length === starts.top) {
        callees.length = starts.pop();
        sums.pop();
        counts[funcs.pop()] = sum;
        continue;
      }
      const callee = callees.top;
      const count = counts[callee];
      if (count === UNKNOWN) this.open(callee);
      else {
        callees.pop();
        sums.top = count === OPEN ? LOUD : Math.min(sum + count, LOUD);
      }
    }
  }

  private open(funcidx: number): void {
    this.counts[funcidx] = OPEN;
    this.funcs.push(funcidx);
    this.starts.push(this.callees.length);
    this.sums.push(this.scan(funcidx));
  }

  /** Counts a function's own instructions and lists its callees; stops at the first one that makes it loud. */
  private scan(funcidx: number): number {
    const { module, callees } = this;
    const reader = codeReader(module, funcidx);
    readLocalDeclarations(reader, module);
    let count = 0;
    for (; reader.pos < reader.end; count++) {
      if (count === MOST_QUIET_INSTRUCTIONS) return LOUD;
      const row = readInstruction(reader);
      const calls = CALLS[row.imm];
      if (row.op === OP.loop || calls === 'unnamed') return LOUD;
      if (calls === 'named') callees.push(reader.u32());
      else skipImmediates(reader, row, module);
    }
    return count;
  }
}

/** A stack of integers. */
class Stack {
  length = 0;
  private values = new Int32Array(64);

  get top(): number {
    return this.values[this.length - 1];
  }
  set top(value: number) {
    this.values[this.length - 1] = value;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const { values } = this;
      this.values = new Int32Array(2 * values.length);
      this.values.set(values);
    }
    this.values[this.length++] = value;
  }

  pop(): number {
    return this.values[--this.length];
  }
}
