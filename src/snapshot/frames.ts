/** Frames against the code: that each stands at a safepoint of its function and holds the values that the validator sees there. */
import type { ModuleData } from '../decoder/module';
import { type LoopRegion, localsOf, type Safepoint, walkSafepoints } from '../decoder/safepoints';
import { typesOf } from '../decoder/typelist';
import { asNullable, isDefaultable, type ValType } from '../decoder/types';
import type { Activation } from './document';
import { mismatch, typeComplaint } from './value-types';

/** What a frame waits for; at a safepoint other than a call, for nothing. */
export interface Awaited {
  readonly results: readonly ValType[];
  /** The function that the call names, in the terms of its module; -1 for an indirect one. */
  readonly callee: number;
}
const NOTHING: Awaited = { results: [], callee: -1 };

interface Pending {
  readonly frame: Activation;
  readonly index: number;
  found: boolean;
}

/**
 * Takes the frames of a stack, then checks them all with one walk over each function they stand in: the cost is bounded by the code and
 * the values together, however many frames there are.
 */
export class FrameChecker {
  private readonly module: ModuleData;
  private readonly references: ModuleData;
  private readonly byFunc = new Map<number, Pending[]>();
  private readonly awaited = new Map<number, Awaited>();

  /** `references`: the same module, but with the functions that references name (verify-store.ts). */
  constructor(module: ModuleData, references: ModuleData = module) {
    this.module = module;
    this.references = references;
  }

  /** A frame, and its place on the stack: the outermost is 0. */
  add(frame: Activation, index: number): void {
    const { module, byFunc } = this;
    const { func } = frame;
    if (func >= module.funcTypes.length) mismatch(`frame ${index}: function ${func} is not in the module`);
    if (func < module.importedFuncs)
      mismatch(`frame ${index}: function ${func} is imported, so it has no frames here`);
    const pending = byFunc.get(func);
    if (pending === undefined) byFunc.set(func, [{ frame, index, found: false }]);
    else pending.push({ frame, index, found: false });
    this.awaited.set(index, NOTHING);
  }

  /** What each frame waits for, by the frame's place. */
  check(): ReadonlyMap<number, Awaited> {
    for (const [func, pending] of this.byFunc) this.checkFunc(func, pending);
    return this.awaited;
  }

  private checkFunc(func: number, pending: readonly Pending[]): void {
    const locals = localsOf(this.module, func);
    const byOffset = new Map<number, Pending[]>();
    for (const item of pending) {
      const others = byOffset.get(item.frame.offset);
      if (others === undefined) byOffset.set(item.frame.offset, [item]);
      else others.push(item);
    }
    walkSafepoints(this.module, func, {
      safepoint: (point, isUnset) => {
        for (const item of byOffset.get(point.offset) ?? []) {
          const { site, targetLoop } = item.frame;
          if (site !== point.kind || targetLoop !== point.targetLoop) continue;
          item.found = true;
          this.awaited.set(item.index, { results: point.results, callee: point.callee });
          this.checkValues(item, locals, point, isUnset);
        }
      },
    });
    for (const item of pending) if (!item.found) mismatch(this.explain(item));
  }

  private checkValues(
    { frame, index }: Pending,
    locals: readonly ValType[],
    point: Safepoint,
    isUnset: (localidx: number) => boolean,
  ): void {
    const { values } = frame;
    const { operands } = point;
    const expected = locals.length + (operands?.length ?? 0);
    if (values.length !== expected) {
      mismatch(`frame ${index}: ${values.length} values, but ${expected} live at its ${point.kind} site`);
    }
    [...locals, ...typesOf(operands)].forEach((type, at) => {
      // Only null stands for a local that nobody can read yet.
      const declared = at < locals.length && !isDefaultable(type) && isUnset(at) ? asNullable(type) : type;
      const complaint = typeComplaint(values[at], declared, this.references);
      if (complaint !== undefined) mismatch(`frame ${index}, value ${at}: ${complaint}`);
    });
  }

  /** Why no safepoint of the function is this frame's. */
  private explain({ frame, index }: Pending): string {
    const { func, site, offset, targetLoop } = frame;
    const where = `frame ${index}: function ${func} at +0x${offset.toString(16)}`;
    if (site === 'suspend' || site === 'resume') return `${where} is no ${site} site (stack switching)`;
    if (site !== 'loop') return `${where} has no ${site} safepoint`;
    const loops: LoopRegion[] = [];
    walkSafepoints(this.module, func, { loop: (region) => loops.push(region) });
    const loop = loops.find(({ start }) => start === targetLoop);
    const target = `+0x${targetLoop.toString(16)}`;
    if (loop === undefined) return `${where} goes back to ${target}, which is no loop`;
    if (offset >= loop.end) return `${where} goes back to the loop at ${target}, which is not around it`;
    return `${where} has no branch to the loop at ${target}`;
  }
}
