/**
 * Which functions are emitted together. A small module is emitted whole. Of a large one the main module only has ways out, and functions come
 * in groups when they are needed: one that has been asked for, and those that it calls, since calls within a group are direct.
 */
import type { ModuleData } from '../../decoder/module';
import { allLocals, codeSize } from '../limits';
import { factsOf, whyNotFunction } from './facts';
import type { Layout } from './layout';
import { MOST_CODE } from './refusals';

export interface PartSizes {
  /** Bytes of code of the largest module that is emitted whole. */
  readonly whole: number;
  /** Bytes of code up to which a group takes functions, but for quiet ones. */
  readonly group: number;
}
/** A group takes a millisecond to emit, and some more on a cold engine; a small module is not much more than one. */
export const PART_SIZES: PartSizes = { whole: 16_384, group: 16_384 };

/** A program that has asked for a handful of groups uses much of its module: each handful is of groups twice as large, up to so many times. */
const HANDFUL = 4;
const MOST_TIMES = 8;
/** Where somebody may want to stop it meanwhile. */
const MOST_TIMES_AWAITED = 4;
/** The part of a group's bytes below which it takes neighbours, which are called next more often than not. */
const FEW = 1 / 4;

/**
 * Bytes of code up to which one group takes functions, but for quiet ones; of those that are likely to be called; and of those that stand
 * beside it in the module.
 */
export interface GroupSizes {
  readonly group: number;
  readonly likely: number;
  readonly beside: number;
}
/** With quiet functions alone. */
export const ALONE: GroupSizes = { group: 0, likely: 0, beside: 0 };
export function grown({ group: first }: PartSizes, groups: number, isAwaited: boolean): GroupSizes {
  const most = isAwaited ? MOST_TIMES_AWAITED : MOST_TIMES;
  const group = first * Math.min(2 ** Math.floor(groups / HANDFUL), most);
  return { group, likely: first * most, beside: FEW * group };
}

export function isSmall(module: ModuleData, { whole }: PartSizes): boolean {
  const { codeStart, codeEnd, importedFuncs } = module;
  const { length } = codeStart;
  if (length === 0) return true;
  if (codeEnd[length - 1] - codeStart[0] > whole) return false;
  let size = 0;
  for (let k = 0; k < length; k++) size += sizeOf(module, importedFuncs + k);
  return size <= whole;
}

/** A function's share of a part: its code, and its locals, which are written where a frame leaves. */
function sizeOf(module: ModuleData, funcidx: number): number {
  const locals = allLocals(module, funcidx);
  return codeSize(module, funcidx) + BYTES_PER_LOCAL * Math.max(0, locals - FEW_LOCALS);
}
/** Locals that most functions have, and what each other one is like, in bytes of code. */
const FEW_LOCALS = 50;
const BYTES_PER_LOCAL = 8;

/** Why functions of a module cannot run natively, found when it is asked. */
export class Refusals {
  private readonly layout: Layout;
  private readonly known = new Map<number, string | undefined>();

  constructor(layout: Layout) {
    this.layout = layout;
  }

  why(funcidx: number): string | undefined {
    if (!this.known.has(funcidx)) this.known.set(funcidx, this.find(funcidx));
    return this.known.get(funcidx);
  }

  /** It is refused from now on, for this reason. */
  refuse(funcidx: number, why: string): string {
    this.known.set(funcidx, why);
    if (this.layout.isQuiet(funcidx)) this.layout.outside.add(funcidx);
    return why;
  }

  private find(funcidx: number): string | undefined {
    const { layout } = this;
    const { module } = layout;
    if (funcidx < module.importedFuncs) return 'it is imported';
    const why = whyNotFunction(module, funcidx, layout.variant.isExact);
    const { callees } = factsOf(module, funcidx);
    if (!layout.isQuiet(funcidx)) return why;
    // It has no way to unwind, and so must not call out.
    const refused = why ?? (this.isAnyRefused(callees) ? QUIET_CALLS_OUT : undefined);
    return refused === undefined ? undefined : this.refuse(funcidx, refused);
  }

  private isAnyRefused(callees: ReadonlySet<number>): boolean {
    for (const callee of callees) if (this.why(callee) !== undefined) return true;
    return false;
  }
}
const QUIET_CALLS_OUT = 'it is quiet and calls a function that cannot run natively';

/** How far neighbours are looked for. */
const MOST_NEIGHBOURS = 100;

/** Who may be in a group besides the function that is asked for. */
export interface Others {
  readonly sizes: GroupSizes;
  readonly refusals: Refusals;
  /** Whether a function is in some group. */
  readonly isGrouped: (funcidx: number) => boolean;
}

/**
 * A function that can run natively, and others, in the order in which they are met: callees that are in no group yet, and all quiet ones,
 * since calls of these do not unwind; of few bytes, also its neighbours. More bytes of callees that are likely to be called: they would only
 * come in other groups. Undefined when the quiet ones are too many.
 */
export function groupOf(layout: Layout, root: number, others: Others): number[] | undefined {
  const { sizes, refusals } = others;
  const group = new Group(layout, others);
  if (!group.add(root, Number.POSITIVE_INFINITY)) return undefined;
  for (const next of neighboursOf(root, layout.module)) {
    if (group.bytes >= sizes.beside) break;
    if (others.isGrouped(next) || refusals.why(next) !== undefined) continue;
    if (!group.add(next, sizes.beside)) return undefined;
  }
  return [...group.members];
}

/** The same where it is known which functions will run: of these alone, in their order from that one on. */
export function groupOfWanted(
  layout: Layout,
  root: number,
  wanted: readonly number[],
  others: Others,
): number[] | undefined {
  const { sizes, refusals } = others;
  const group = new Group(layout, { ...others, sizes: ALONE });
  if (!group.add(root, Number.POSITIVE_INFINITY)) return undefined;
  for (let k = wanted.indexOf(root) + 1; k < wanted.length && group.bytes < sizes.likely; k++) {
    const next = wanted[k];
    if (group.members.has(next) || others.isGrouped(next) || refusals.why(next) !== undefined) continue;
    if (!group.add(next, sizes.likely)) return undefined;
  }
  return [...group.members];
}
/** What stands behind a function, and then what stands before it, the nearest first. */
function* neighboursOf(funcidx: number, { funcTypes, importedFuncs }: ModuleData): Generator<number> {
  const end = Math.min(funcTypes.length, funcidx + MOST_NEIGHBOURS);
  for (let next = funcidx + 1; next < end; next++) yield next;
  const first = Math.max(importedFuncs, funcidx - MOST_NEIGHBOURS);
  for (let next = funcidx - 1; next >= first; next--) yield next;
}

class Group {
  readonly members = new Set<number>();
  bytes = 0;
  private readonly layout: Layout;
  private readonly others: Others;

  constructor(layout: Layout, others: Others) {
    this.layout = layout;
    this.others = others;
  }

  /** Adds a function, if the group has then at most so many bytes, with its callees; false where these are too many. */
  add(root: number, most: number): boolean {
    const { layout, members, others } = this;
    const { module } = layout;
    if (this.bytes + sizeOf(module, root) > most) return true;
    const met = [root];
    this.take(root);
    for (let funcidx = met.pop(); funcidx !== undefined; funcidx = met.pop()) {
      const { callees, likely } = factsOf(module, funcidx);
      for (const callee of callees) {
        if (callee < module.importedFuncs || members.has(callee)) continue;
        // To know why it cannot run natively it has to be read.
        if (!this.hasRoom(callee, likely.has(callee)) && !layout.isQuiet(callee)) continue;
        if (others.refusals.why(callee) !== undefined) continue;
        this.take(callee);
        met.push(callee);
        if (this.bytes > MOST_CODE) return false;
      }
    }
    return true;
  }

  /** Whether it takes a function that is not quiet. */
  private hasRoom(funcidx: number, isLikely: boolean): boolean {
    const { sizes, isGrouped } = this.others;
    if (isGrouped(funcidx)) return false;
    return this.bytes + sizeOf(this.layout.module, funcidx) <= (isLikely ? sizes.likely : sizes.group);
  }

  private take(funcidx: number): void {
    this.members.add(funcidx);
    this.bytes += sizeOf(this.layout.module, funcidx);
  }
}
