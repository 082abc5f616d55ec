/**
 * A module as the native tier has it, for all instances and stores: its parts, each emitted and compiled once. These are the main module,
 * groups of functions of a large one, and continuations.
 */
import { type Module, OP, Reader } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { Body } from './body';
import { type Entries, entriesOf } from './entries';
import type { FrameShape } from './frame';
import { type GroupSizes, groupOf, grown, isSmall, type PartSizes, Refusals } from './groups';
import type { HostWebAssembly } from './host';
import { type Landing, landingOf } from './landing';
import { type FrameSize, Layout, type Variant } from './layout';
import { type EmittedModule, emitHollow, emitModule, shapeOf } from './module';
import { type ContinuationModule, emitContinuation, emitGroup, type SideModule } from './side-module';

/** A module beside the main one, compiled. */
export interface CompiledSide {
  readonly side: SideModule;
  readonly compiled: object;
}
export interface CompiledContinuation extends CompiledSide {
  readonly id: number;
  readonly side: ContinuationModule;
}

/** A continuation, and the number of the loop at which it begins. */
export interface Beginning {
  readonly continuation: CompiledContinuation;
  readonly entry: number;
}
class Continued {
  compiled: CompiledContinuation | undefined;
  private found: Entries | undefined;

  constructor(
    private readonly module: Module,
    private readonly funcidx: number,
    private readonly areInside: boolean,
  ) {}

  get entries(): Entries {
    this.found ??= entriesOf(this.module, this.funcidx, this.areInside);
    return this.found;
  }
}

/** Code of a program: the main module, or one beside it. The program holds it. */
interface Part {
  readonly program: Program;
  readonly side: SideModule | undefined;
}
/** Parts of programs that are in use, by the number in the name that the host's traces give. Numbers are not given twice. */
const parts = new Map<number, WeakRef<Part>>();
const lost = new FinalizationRegistry((number: number) => parts.delete(number));
let nextPart = 0;
const ALONE: GroupSizes = { group: 0, likely: 0, beside: 0 };
/** Names of emitted modules begin with it: a trace tells them. */
export const NAME = 'tswasm';

export class Program {
  readonly module: Module;
  readonly emitted: EmittedModule;
  readonly compiled: object;
  /** What an activation of it may measure (state.ts). */
  readonly most: number;
  private readonly host: HostWebAssembly;
  private readonly shapes = new Map<number, FrameShape>();
  /** By the numbers of bodies, and of points in them. */
  private readonly landings: Landing[][] = [];
  /** By function: what begins outside of the loops in which interpreters dispatch, and within these. */
  private readonly continued = new Map<number, [Continued, Continued]>();
  private readonly byId: CompiledContinuation[] = [];
  /** Of a large module: what is not in the main one. */
  private readonly groups: Map<number, CompiledSide> | undefined;
  /** How many there are. */
  private made = 0;
  private readonly refusals: Refusals;
  private readonly sizes: PartSizes;
  private readonly parts: Part[] = [];

  /** Throws what the host's engine throws that does not take the module. */
  constructor(module: Module, host: HostWebAssembly, sizes: PartSizes, variant: Variant) {
    this.module = module;
    this.host = host;
    this.sizes = sizes;
    const name = this.nextName();
    this.addPart(undefined);
    this.groups = isSmall(module, sizes) ? undefined : new Map();
    this.emitted = (this.groups === undefined ? emitModule : emitHollow)(
      new Layout(module, variant, this.groups === undefined),
      name,
    );
    this.compiled = new host.Module(this.emitted.bytes);
    this.most = this.emitted.layout.room.most;
    this.refusals = new Refusals(this.emitted.layout);
  }

  /** Whether the main module has all functions, and not ways out alone. */
  get isWhole(): boolean {
    return this.groups === undefined;
  }

  /**
   * Where a function's code is beside the main module; undefined: it is in that. Or why there is none. `isAwaited`: somebody may want to stop
   * it meanwhile.
   */
  group(funcidx: number, isAwaited: boolean): CompiledSide | undefined | string {
    const { groups, refusals } = this;
    if (groups === undefined) return this.emitted.refused.get(funcidx);
    const why = refusals.why(funcidx);
    if (why !== undefined) return why;
    let group = groups.get(funcidx);
    if (group === undefined) {
      const { layout } = this.emitted;
      const isGrouped = (other: number) => groups.has(other);
      const sizes = grown(this.sizes, this.made, isAwaited);
      const members = groupOf(layout, funcidx, { sizes, refusals, isGrouped });
      group = members && this.compileGroup(members);
      if (group === undefined) {
        const alone = groupOf(layout, funcidx, { sizes: ALONE, refusals, isGrouped });
        if (alone === undefined)
          return refusals.refuse(funcidx, 'the quiet functions that it calls are too many');
        group = this.compileGroup(alone);
      }
      if (group === undefined) return refusals.refuse(funcidx, "the host's engine does not take it");
      this.made++;
      for (const { funcidx: member } of group.side.bodies) if (!groups.has(member)) groups.set(member, group);
    }
    return group;
  }

  /** Undefined where the host's engine does not take one of them. */
  private compileGroup(members: readonly number[]): CompiledSide | undefined {
    const side = emitGroup(this.emitted.layout, members, this.nextName());
    try {
      return this.compileSide(side);
    } catch {
      return undefined;
    }
  }

  private nextName(): string {
    return `${NAME}${nextPart}`;
  }
  private addPart(side: SideModule | undefined): void {
    const part = { program: this, side };
    this.parts.push(part);
    parts.set(nextPart, new WeakRef(part));
    lost.register(part, nextPart++);
  }
  private compileSide<Side extends SideModule>(side: Side): { side: Side; compiled: object } {
    const compiled = new this.host.Module(side.bytes);
    this.addPart(side);
    return { side, compiled };
  }

  /** What a frame holds, by the number that its body gives. */
  shape(id: number): FrameShape {
    const { length } = this.module.funcTypes;
    if (id >= length) return this.byId[id - length].side.shape;
    let shape = this.shapes.get(id);
    if (shape === undefined) {
      shape = shapeOf(this.emitted.layout, id);
      this.shapes.set(id, shape);
    }
    return shape;
  }

  /** The point of a function's entry: its last one. */
  entryOf(id: number): number {
    return this.shape(id).points.length - 1;
  }

  /** What becomes of a frame that leaves at a point of a body. */
  landing(id: number, pointidx: number): Landing {
    this.landings[id] ??= [];
    const known = this.landings[id];
    if (known[pointidx] === undefined) {
      const shape = this.shape(id);
      known[pointidx] = landingOf(shape, shape.points[pointidx]);
    }
    return known[pointidx];
  }

  /** Of a body that has been emitted. */
  frameSize(id: number): FrameSize {
    return this.emitted.layout.frameSizes.get(id)!;
  }

  /** The function that a body is, or is a part of. */
  funcidxOf(id: number): number {
    const { length } = this.module.funcTypes;
    return id < length ? id : this.byId[id - length].side.funcidx;
  }

  /** What begins at a loop, given by its offset in the code entry. */
  continuation(funcidx: number, targetLoop: number): Beginning | undefined {
    const { module } = this;
    const offset = module.codeStart[funcidx - module.importedFuncs] + targetLoop;
    let continued = this.continued.get(funcidx);
    if (continued === undefined) {
      continued = [new Continued(module, funcidx, false), new Continued(module, funcidx, true)];
      this.continued.set(funcidx, continued);
    }
    for (const one of continued) {
      const entry = one.entries.targets.get(offset)?.entry ?? -1;
      if (entry < 0) continue;
      one.compiled ??= this.compile(funcidx, one.entries);
      return { continuation: one.compiled, entry };
    }
    return undefined;
  }

  /** The same at the loop of a point of a body. */
  continuationAt(id: number, pointidx: number): Beginning | undefined {
    return this.continuation(this.funcidxOf(id), this.shape(id).points[pointidx].targetLoop);
  }

  private compile(funcidx: number, entries: Entries): CompiledContinuation {
    const { module, emitted, byId } = this;
    const id = module.funcTypes.length + byId.length;
    const side = emitContinuation(emitted.layout, funcidx, id, entries, this.nextName());
    const continuation = { id, ...this.compileSide(side) };
    byId.push(continuation);
    return continuation;
  }
}

/** An instruction of an original module. */
export interface Origin {
  readonly program: Program;
  readonly funcidx: number;
  /** Module offset. */
  readonly offset: number;
}

/** The name of the instruction that stands there. */
export function nameAt({ program, offset }: Origin): string {
  return readInstruction(new Reader(program.module.bytes, offset)).name;
}

/** The table of the indirect call that stands there. */
export function tableOf({ program, offset }: Origin): number {
  const reader = new Reader(program.module.bytes, offset);
  const { op } = readInstruction(reader);
  if (op !== OP.call_indirect && op !== OP.return_call_indirect) return 0;
  reader.u32();
  return reader.u32();
}

/**
 * Where an instruction of an emitted module came from: the part's number, and the offset in its bytes, which tells the function, too (Deno's
 * traces give each the index 0). Undefined for adapters.
 */
export function originOf(part: number, offset: number): Origin | undefined {
  const found = parts.get(part)?.deref();
  if (found === undefined) return undefined;
  const { program, side } = found;
  const starts = side?.codeStarts ?? program.emitted.codeStart;
  const at = starts.findIndex((start: number) => start > offset) - 1;
  if (at < 0) return undefined;
  const from = offset - starts[at];
  if (side !== undefined) {
    const { funcidx, originOf } = side.bodies[at];
    return { program, funcidx, offset: originOf(from) };
  }
  const { layout, refused } = program.emitted;
  if (!program.isWhole || at < program.module.importedFuncs || refused.has(at)) return undefined;
  return { program, funcidx: at, offset: new Body(layout, at).originOf(from) };
}
