/**
 * Where a continuation may begin: the loops of a function, and the way to each from the function's begin. Code can only be entered from its
 * begin, so that way leads through all that stands around a loop, and past what stands before that (continuation.ts).
 *
 *     func            a sequence, with one target
 *       ...
 *       block         a target, whose body is a sequence with two
 *         ...
 *         loop        a target, and entry 0
 *         end
 *         loop        a target, and entry 1; its body is a sequence with one target
 *           loop      entry 2
 */
import { OP, type ValType } from '../../decoder';
import { readBlockType } from '../../decoder/body';
import type { ModuleData } from '../../decoder/module';
import { Reader } from '../../decoder/reader';
import { typesOf } from '../../decoder/typelist';
import { type Visitor, Walk } from '../../decoder/walk';
import { dispatches, factsOf, type Loops } from './facts';

/** A loop at which a continuation may begin. */
export interface Entry {
  /** Of the loop, in the module. */
  readonly offset: number;
  /** Of all operands there are at its header. */
  readonly operands: readonly ValType[];
}

/** A `block`, `loop` or `if` that is an entry, or that entries stand in. Entries are numbered as they stand in the function. */
export interface Target {
  readonly offset: number;
  /** Its parameters, and the condition of an `if`. */
  readonly top: number;
  /** Types of the operands of its sequence that lie there, and the height of the lowest: without an `if`'s condition. */
  readonly operands: readonly ValType[];
  readonly height: number;
  /** The entry that it is, or -1, and the last of those that it has. */
  entry: number;
  last: number;
  /** Of an `if`: the last one in its first part, or the one before all that it has. */
  lastThen: number | undefined;
}

export interface Entries {
  readonly list: readonly Entry[];
  /** By module offset. */
  readonly targets: ReadonlyMap<number, Target>;
  /** The targets of each sequence, by the module offset of what opens it: a block, or an `else`. FUNCTION: the function's body. */
  readonly sequences: ReadonlyMap<number, readonly Target[]>;
}
export const FUNCTION = -1;

/** Operands that lie above each other, and all of them below some loops that stand one behind the other. */
export interface SharedOperands {
  /** The first and the last of these loops, as entries. */
  readonly first: number;
  readonly last: number;
  /** Of the lowest operand. */
  readonly height: number;
  readonly types: ValType[];
}

/**
 * The operands of all entries. Each is there once for all loops that it lies below: so there are no more than instructions push, however many
 * loops stand above however many operands. Those of one entry come from the lowest on.
 */
export function sharedOperands(entries: readonly Entry[]): readonly SharedOperands[] {
  const all: { first: number; last: number; height: number; type: ValType }[] = [];
  const open: typeof all = [];
  entries.forEach(({ operands }, entry) => {
    let height = 0;
    while (height < open.length && open[height].type === operands[height]) open[height++].last = entry;
    open.length = height;
    for (; height < operands.length; height++) {
      const operand = { first: entry, last: entry, height, type: operands[height] };
      open.push(operand);
      all.push(operand);
    }
  });
  const runs: SharedOperands[] = [];
  for (const { first, last, height, type } of all) {
    const run = runs[runs.length - 1];
    if (run !== undefined && run.first === first && run.last === last) run.types.push(type);
    else runs.push({ first, last, height, types: [type] });
  }
  return runs;
}

interface Open {
  /** Undefined of the function. */
  readonly target: Target | undefined;
  readonly isIf: boolean;
  /** The sequence at hand, by its offset. */
  sequence: number;
  /** Operands below those of the sequence. */
  readonly height: number;
  /** Whether a continuation may pass its begin. Nothing leads into a handler. */
  isPassable: boolean;
  /** Whether it stands in a loop in which an interpreter dispatches, or is one. */
  readonly isInside: boolean;
}

/**
 * The entries of a function: in the loops in which interpreters dispatch, or all others. A continuation that begins within such a loop would
 * have to keep, through all its turns, what that forgets (`dispatches`).
 */
export function entriesOf(module: ModuleData, funcidx: number, areInside: boolean): Entries {
  const scan = new Scan(module, factsOf(module, funcidx).loops, areInside);
  new Walk(module, funcidx, scan).run();
  return scan;
}

class Scan implements Entries, Visitor {
  readonly list: Entry[] = [];
  readonly targets = new Map<number, Target>();
  readonly sequences = new Map<number, Target[]>();
  private readonly module: ModuleData;
  private readonly loops: Loops;
  private readonly areInside: boolean;
  private readonly open: Open[] = [
    { target: undefined, isIf: false, sequence: FUNCTION, height: 0, isPassable: true, isInside: false },
  ];

  constructor(module: ModuleData, loops: Loops, areInside: boolean) {
    this.module = module;
    this.loops = loops;
    this.areInside = areInside;
  }

  instruction(walk: Walk): void {
    const { open } = this;
    const { row, offset } = walk;
    if (row.imm === 'block' || row.imm === 'tryTable') this.begin(walk);
    else if (row.op === OP.catch || row.op === OP.catch_all) open[open.length - 1].isPassable = false;
    else if (row.op === OP.else) {
      const { target } = open[open.length - 1];
      if (target !== undefined) target.lastThen = this.list.length - 1;
      open[open.length - 1].sequence = offset;
    } else if (row.op === OP.end || row.op === OP.delegate) {
      const { target, isIf } = open.pop()!;
      if (target === undefined) return;
      target.last = this.list.length - 1;
      if (isIf) target.lastThen ??= target.last;
    }
  }

  private begin(walk: Walk): void {
    const { open, loops, list } = this;
    const { row, offset, stack, reachable } = walk;
    const outer = open[open.length - 1];
    const params = readBlockType(new Reader(this.module.bytes, walk.immediates), this.module).params.length;
    const isInside = outer.isInside || (row.op === OP.loop && dispatches(loops, offset));
    const types = typesOf(stack);
    const isIf = row.op === OP.if;
    const below = types.length - Number(isIf);
    const target: Target | undefined = reachable
      ? {
          offset,
          top: params + types.length - below,
          operands: types.slice(outer.height, below),
          height: outer.height,
          entry: -1,
          last: -1,
          lastThen: undefined,
        }
      : undefined;
    const isCounted = row.op === OP.loop && reachable && loops.get(offset)! > 0;
    open.push({
      target,
      isIf,
      sequence: offset,
      height: below,
      isPassable: outer.isPassable && reachable && params === 0,
      isInside,
    });
    if (!isCounted || !outer.isPassable || outer.isInside !== this.areInside) return;
    target!.entry = list.push({ offset, operands: types }) - 1;
    // What stands around it is a target from now on.
    for (let k = 1; k < open.length; k++) this.note(open[k].target!, open[k - 1].sequence);
  }

  private note(target: Target, sequence: number): void {
    const { targets, sequences } = this;
    if (targets.has(target.offset)) return;
    targets.set(target.offset, target);
    const others = sequences.get(sequence);
    if (others === undefined) sequences.set(sequence, [target]);
    else others.push(target);
  }
}
