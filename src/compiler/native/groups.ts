/**
 * Which functions are emitted together. A small module is emitted whole. Of a large one the main module only has ways out, and functions come
 * in groups when they are needed: one that has been asked for, and those that it calls, since calls within a group are direct.
 */
import { codeReader, funcTypeOf, readLocals } from '../../decoder/body';
import type { ModuleData } from '../../decoder/module';
import { codeSize } from '../limits';
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
  const locals = readLocals(funcTypeOf(module, funcidx), codeReader(module, funcidx), module);
  const last = locals[locals.length - 1];
  const many = last === undefined ? 0 : Math.max(0, last.localidx + last.count - FEW_LOCALS);
  return codeSize(module, funcidx) + BYTES_PER_LOCAL * many;
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

/**
 * A function that can run natively, and others, in the order in which they are met: those that are in no group yet, and all quiet ones,
 * since calls of these do not unwind. Undefined when these are too many.
 */
export function groupOf(
  layout: Layout,
  root: number,
  refusals: Refusals,
  sizes: PartSizes,
  isGrouped: (funcidx: number) => boolean,
): number[] | undefined {
  const { module } = layout;
  const members = new Set([root]);
  let bytes = sizeOf(module, root);
  // Those that are added are visited too.
  for (const member of members) {
    for (const callee of factsOf(module, member).callees) {
      if (members.has(callee) || refusals.why(callee) !== undefined) continue;
      if (!layout.isQuiet(callee) && (isGrouped(callee) || bytes + sizeOf(module, callee) > sizes.group))
        continue;
      members.add(callee);
      bytes += sizeOf(module, callee);
      if (bytes > MOST_CODE) return undefined;
    }
  }
  return [...members];
}
