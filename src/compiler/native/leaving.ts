/**
 * How frames leave: what stands around what may throw so, and what of a frame is handed over then. Of most functions one `catch_all` hands over all
 * that they have; of long functions of interpreters each point has one of its own (in-place.ts).
 */
import { I32, type ValType } from '../../decoder';
import { typesOf } from '../../decoder/typelist';
import { codeSize } from '../limits';
import { EMPTY_BLOCK, type Emitter, entryOf } from './emitter';
import { dispatches } from './facts';
import { type EmittedLocal, type Kept, pushLocals } from './frame';
import { FunctionWriter } from './function-writer';
import { leavesInPlace, type MainLoop, mainLoopOf, steadyIn } from './in-place';
import { InnerTries } from './inner-tries';
import type { AddedFunction, Layout } from './layout';
import { type DeadLocals, deadAtPoints } from './liveness';
import { MOST_CODE_OF_LOOPS } from './turns';

/** Values that one call hands over where a frame leaves in place. */
const MOST_AT_ONCE = 64;
/** The label behind the function's end, around that of its body. */
const LEAVES = 0;

export abstract class LeavingWriter extends FunctionWriter {
  protected readonly tries = new InnerTries();
  /** A local for the point that the function has come to; at first it is the first one. */
  private point = -1;
  private readonly isInPlace: boolean;
  /** In the code entry. */
  protected offsetOfEntry = 0;
  /** When somebody has asked for it. */
  private dead: DeadLocals | undefined = undefined;
  private main: { readonly loop: MainLoop | undefined } | undefined = undefined;
  /** What stands behind the function's end pushes of frames that leave from the main loop; undefined: that is not open, or has been. */
  private steady: readonly Kept[] | undefined = undefined;
  private isInMain = false;

  constructor(layout: Layout, funcidx: number, id: number) {
    super(layout, funcidx, id);
    this.isInPlace =
      layout.isLarge &&
      !layout.variant.isExact &&
      leavesInPlace(layout.module, funcidx, this.typesOfLocals.length);
  }

  /** Opens the block that is the function's body. */
  protected beginLeaving(code: Emitter): void {
    if (this.isInPlace) {
      code.op('block');
      code.u8(EMPTY_BLOCK);
    }
    this.openBody(this.isInPlace ? 'block' : 'try', code);
  }
  /** Behind the body: the frame leaves when something in it throws so. */
  protected endLeaving(): void {
    if (this.isInPlace) return;
    const { out } = this;
    out.op('catch_all');
    this.spillFrame();
    out.indexed('rethrow', 0);
  }

  /** Behind the function's end, where its results lie on the operand stack: what frames come to that leave in place. */
  protected endInPlace(): void {
    if (!this.isInPlace) return;
    const { out } = this;
    out.op('return');
    out.op('end');
    pushLocals(out, this.layout, this.steady ?? NONE_KEPT);
    this.throwOn(out);
  }

  protected override noteCall(): void {
    if (!this.isInPlace) this.tries.called();
  }

  /** The entry is the last point of a function, and the runtime knows when a frame leaves from it. */
  protected override askAtEntry(code: Emitter): void {
    const entry = this.addPoint({
      kind: 'entry',
      offset: this.offsetOfEntry,
      targetLoop: -1,
      operands: undefined,
    });
    if (!this.isInPlace) {
      this.askForFuel(undefined, code);
      return;
    }
    code.op('try');
    code.u8(EMPTY_BLOCK);
    this.askForFuel(undefined, code);
    const params = this.type.params.map((_, localidx) => this.keptLocal(localidx));
    this.leaveInPlace(entry, params, code);
    code.op('end');
  }

  /** Writes what may throw so that the frame leaves from a point. It takes and leaves operands of these types. */
  protected mayLeave(
    pointidx: number,
    takes: readonly ValType[],
    leaves: readonly ValType[],
    write: () => void,
  ): void {
    if (!this.isInPlace) {
      // Of a loop the runtime has been told.
      if (this.points[pointidx].kind !== 'loop') this.notePoint(pointidx);
      write();
      return;
    }
    this.open('try', takes, leaves);
    write();
    this.leaveInPlace(pointidx, this.keptAt(pointidx), this.out);
    this.close();
  }

  private notePoint(pointidx: number): void {
    // No loop stands before the first one, or around it.
    if (pointidx === 0) return;
    if (this.point < 0) this.point = this.addLocal(I32);
    this.out.i32Const(pointidx);
    this.out.indexed('local.set', this.point);
  }

  private spillFrame(): void {
    const { out, layout, point, site, shadows } = this;
    out.i32Const(this.id);
    if (point < 0) out.i32Const(0);
    else out.indexed('local.get', point);
    out.indexed('local.get', this.base);
    this.help('frame');
    const values: EmittedLocal[] = [];
    for (const { type, count, localidx } of this.locals) {
      for (let k = 0; k < count; k++) values.push({ localidx: this.localOf(localidx + k), type });
    }
    if (site >= 0) values.push({ localidx: site, type: I32 });
    pushLocals(out, layout, [...values, ...shadows]);
  }

  // In place.

  private leaveInPlace(pointidx: number, kept: readonly Kept[], code: Emitter): void {
    const { layout, id, points } = this;
    points[pointidx].kept = [...kept, ...this.steadyHere];
    const first = kept.slice(0, MOST_AT_ONCE);
    const types = first.map(({ type }) => type);
    const key = `${id}: ${types.join()}`;
    // JavaScriptCore's interpreter does not find the handler of an indirect call that is the last instruction of its `try`.
    code.op('nop');
    code.op('catch_all');
    for (const { localidx } of first) code.indexed('local.get', localidx);
    code.i32Const(pointidx);
    code.indexed('local.get', this.base);
    code.indexed(
      'call',
      layout.addedFunction(key, () => handsOver(layout, id, types)),
    );
    pushLocals(code, layout, kept.slice(MOST_AT_ONCE));
    if (this.isInMain) code.indexed('br', this.depth - LEAVES);
    else this.throwOn(code);
  }
  private get steadyHere(): readonly Kept[] {
    return (this.isInMain ? this.steady : undefined) ?? NONE_KEPT;
  }
  private throwOn(code: Emitter): void {
    code.indexed('call', this.layout.helper('throwOn'));
    code.op('unreachable');
  }

  protected override emitCallOf(kind: 'call' | 'return_call', funcidx: number): void {
    if (this.isInPlace && kind === 'call') this.layout.emitShortCall(this.out, funcidx);
    else super.emitCallOf(kind, funcidx);
  }

  /** What is alive at a point and not steady. */
  private keptAt(pointidx: number): readonly Kept[] {
    const { site, walk } = this;
    const { kind, offset, targetLoop, operands, inLocals } = this.points[pointidx];
    const without = new Set(this.deadAt(walk.start + (kind === 'loop' ? targetLoop : offset)));
    for (const localidx of inLocals ?? NO_LOCALS) without.delete(localidx);
    for (const { original } of this.steadyHere) without.add(original);
    const kept = this.allLocals.filter((localidx) => !without.has(localidx)).map(this.keptLocal);
    typesOf(operands).forEach((type, height) => {
      if ((inLocals?.[height] ?? -1) < 0) kept.push({ original: -1, ...this.shadowOf(height, type) });
    });
    if (kind === 'loop' && site >= 0) kept.push({ original: -1, height: -1, localidx: site, type: I32 });
    // Fewer functions are needed where the order is the same.
    return kept.sort((one, other) => one.type - other.type);
  }
  private readonly keptLocal = (original: number): Kept => {
    return { original, height: -1, localidx: this.localOf(original), type: this.typesOfLocals[original] };
  };
  private get allLocals(): number[] {
    return [...this.typesOfLocals.keys()];
  }

  protected isMainLoop(offset: number): boolean {
    const { layout, funcidx } = this;
    if (!this.isInPlace) return false;
    this.main ??= { loop: mainLoopOf(layout.module, funcidx) };
    return this.main.loop?.offset === offset;
  }
  protected beginMain(): void {
    const { typesOfLocals } = this;
    this.steady = steadyIn(this.main!.loop!, this.allDead, typesOfLocals.length).map(this.keptLocal);
    this.isInMain = true;
  }
  protected endMain(): void {
    this.isInMain = false;
  }

  // What nobody will read.

  /**
   * Locals that hold what nobody will read, unless an operand is in them: a frame that leaves has their defaults instead, so that nothing else
   * must keep it. `offset`: of the loop or instruction in the module.
   */
  protected forgetDead(offset: number, operands: readonly number[] | undefined): void {
    const { out } = this;
    if (this.isInPlace) return;
    for (const localidx of this.deadAt(offset) ?? NO_LOCALS) {
      if (operands?.includes(localidx)) continue;
      out.defaultOf(this.typesOfLocals[localidx]);
      out.indexed('local.set', this.localOf(localidx));
    }
  }

  /** Undefined where all tiers must leave the same: they leave what is there. */
  private deadAt(offset: number): readonly number[] | undefined {
    if (this.layout.variant.isExact) return undefined;
    // In a large module it would be too much code, but for loops in which interpreters dispatch: they have most locals.
    if (!this.isInPlace && !this.isShort() && !this.dispatches(offset)) return undefined;
    return this.allDead.get(offset);
  }
  private get allDead(): DeadLocals {
    const { layout, funcidx, typesOfLocals } = this;
    this.dead ??= deadAtPoints(layout.module, funcidx, typesOfLocals.length, this.isInPlace);
    return this.dead;
  }

  /** Whether a loop's header forgets what the last turn has made: one in which an interpreter dispatches. */
  protected dispatches(loop: number): boolean {
    return dispatches(this.loops, loop);
  }

  /** Whether so much is made of its loops. */
  protected isShort(): boolean {
    const { layout, funcidx } = this;
    return layout.copiesLoops && codeSize(layout.module, funcidx) <= MOST_CODE_OF_LOOPS;
  }
}

const NO_LOCALS: readonly number[] = [];
const NONE_KEPT: readonly Kept[] = [];

/** A function that hands over a frame: it takes the values, the point and the base. */
function handsOver(layout: Layout, id: number, types: readonly ValType[]): AddedFunction {
  const { length } = types;
  const body = entryOf([], (out) => {
    out.i32Const(id);
    out.indexed('local.get', length);
    out.indexed('local.get', length + 1);
    out.indexed('call', layout.helper('frame'));
    pushLocals(
      out,
      layout,
      types.map((type, localidx) => ({ type, localidx })),
    );
  });
  return { typeidx: layout.typeidx([...types, I32, I32], []), body };
}
