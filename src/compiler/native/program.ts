/**
 * A module as the native tier has it, for all instances and stores: its parts, each emitted and compiled once. These are the main module,
 * groups of functions of a large one, and continuations.
 */
import { type Module, OP, Reader } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { Body } from './body';
import { type Entries, entriesOf } from './entries';
import type { FrameShape } from './frame';
import {
  ALONE,
  groupOf,
  groupOfWanted,
  grown,
  isSmall,
  type Others,
  type PartSizes,
  Refusals,
} from './groups';
import type { HostWebAssembly } from './host';
import {
  type KeptGroup,
  type KeptProgram,
  type KnownProgram,
  keptLayout,
  membersOf,
  restoreLayout,
  type SideBytes,
} from './kept';
import { type Landing, landingOf } from './landing';
import { type FrameSize, Layout, type Variant } from './layout';
import { type EmittedModule, emitHollow, emitModule, shapeOf } from './module';
import { numbered } from './section-writer';
import {
  behind,
  type ContinuationModule,
  type EmittedGroup,
  emitContinuation,
  emitGroup,
  type GroupModule,
  keptContinuation,
  keptGroup,
  linked,
  type SideModule,
  sideBytes,
} from './side-module';

/** A module beside the main one, compiled. */
export interface CompiledSide {
  readonly side: SideModule;
  readonly compiled: object;
}
export interface CompiledGroup extends CompiledSide {
  readonly side: GroupModule;
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
    readonly funcidx: number,
    readonly areInside: boolean,
  ) {}

  readonly entries = (): Entries => {
    this.found ??= entriesOf(this.module, this.funcidx, this.areInside);
    return this.found;
  };
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
/** Groups made in haste that there may be at least, before all are made anew. */
const MOST_HASTY = 4;
/**
 * Bytes of groups from which on a module takes no more of them: V8 takes some ten milliseconds to validate a megabyte, and a program that runs
 * cannot be stopped meanwhile.
 */
const UNIT = 2 ** 20;

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
  private readonly byId: { readonly compiled: CompiledContinuation; readonly of: Continued }[] = [];
  /** Of a large module: what is not in the main one. */
  private readonly groups: Map<number, CompiledGroup> | undefined;
  /** Those that have been emitted by an earlier process and not been asked for yet, by their functions. */
  private readonly keptGroups = new Map<number, KeptGroup>();
  /** Groups that have been made of what is wanted, by the module in which a later process will have them. */
  private readonly units: EmittedGroup[][] = [];
  /** Functions that groups are made of, where that is known. */
  private readonly wanted: readonly number[] | undefined;
  /** How many groups there are. */
  private made = 0;
  /** Groups that have been made without knowing what would be called, here or before. */
  private hasty: number;
  /** Whether there is more than what it has been made of. */
  private hasMore: boolean;
  private readonly refusals: Refusals;
  private readonly sizes: PartSizes;
  private readonly parts: Part[] = [];

  /** Throws what the host's engine throws that does not take the module. */
  constructor(
    module: Module,
    host: HostWebAssembly,
    sizes: PartSizes,
    variant: Variant,
    { program: kept, wanted }: KnownProgram = {},
  ) {
    this.module = module;
    this.host = host;
    this.sizes = sizes;
    this.wanted = wanted;
    this.hasMore = kept === undefined;
    this.hasty = kept?.hasty ?? 0;
    this.groups = isSmall(module, sizes) ? undefined : new Map();
    const layout = new Layout(module, variant, this.groups === undefined);
    if (kept !== undefined) this.emitted = keptModule(layout, kept);
    else this.emitted = (this.groups === undefined ? emitModule : emitHollow)(layout);
    this.compiled = this.compiledPart(this.emitted.bytes, undefined);
    this.most = layout.room.most;
    this.refusals = new Refusals(layout);
    for (const group of kept?.groups ?? []) {
      for (const funcidx of membersOf(group)) this.keptGroups.set(funcidx, group);
    }
    for (const { funcidx, areInside, ...bytes } of kept?.continuations ?? [])
      this.compile(this.continuedOf(funcidx)[areInside ? 1 : 0], bytes);
  }

  /** What another process that runs the module may begin with; nothing: what this one has begun with. */
  get kept(): KnownProgram {
    if (!this.hasMore) return {};
    const { emitted, groups, keptGroups, byId } = this;
    const inUnits = new Set<GroupModule>(this.units.flat());
    const made = [...new Set(groups?.values())].map(({ side }) => side);
    const all: KeptGroup[] = [
      ...this.units.map(linked),
      ...made.filter((side) => !inUnits.has(side)).map(({ kept }) => kept),
      ...new Set(keptGroups.values()),
    ];
    const pieces = all.reduce((count, group) => count + group.pieces.length, 0);
    const others = pieces - this.hasty;
    if (this.hasty > (others === 0 ? 0 : Math.max(MOST_HASTY, others)))
      return { wanted: [...new Set(all.flatMap(membersOf))] };
    const program: KeptProgram = {
      variant: emitted.layout.variant,
      main: {
        bytes: emitted.bytes,
        codeStart: [...emitted.codeStart],
        refused: [...emitted.refused],
      },
      layout: keptLayout(emitted.layout),
      groups: all,
      hasty: this.hasty,
      continuations: byId.map(({ compiled: { side }, of: { funcidx, areInside } }) => {
        return { funcidx, areInside, ...sideBytes(side) };
      }),
    };
    return { program };
  }

  /** Whether the main module has all functions, and not ways out alone. */
  get isWhole(): boolean {
    return this.groups === undefined;
  }

  /**
   * Where a function's code is beside the main module; undefined: it is in that. Or why there is none. `isAwaited`: somebody may want to stop
   * it meanwhile.
   */
  group(funcidx: number, isAwaited: boolean): CompiledGroup | undefined | string {
    const { groups, refusals } = this;
    if (groups === undefined) return this.emitted.refused.get(funcidx);
    let group = groups.get(funcidx) ?? this.keptGroup(funcidx);
    if (group === undefined) {
      const why = refusals.why(funcidx);
      if (why !== undefined) return why;
      const { layout } = this.emitted;
      const isGrouped = (other: number) => groups.has(other) || this.keptGroups.has(other);
      const sizes = grown(this.sizes, this.made, isAwaited);
      const others = { sizes, refusals, isGrouped };
      group =
        this.wanted === undefined ? this.hastyGroup(funcidx, others) : this.wantedGroup(funcidx, others);
      if (group === undefined) {
        const alone = groupOf(layout, funcidx, { ...others, sizes: ALONE });
        if (alone === undefined)
          return refusals.refuse(funcidx, 'the quiet functions that it calls are too many');
        group = this.compileGroup(emitGroup(layout, alone));
      }
      if (group === undefined) return refusals.refuse(funcidx, "the host's engine does not take it");
      this.made++;
      if (this.wanted === undefined) this.hasty++;
      this.hasMore = true;
      for (const member of group.side.members) if (!groups.has(member)) groups.set(member, group);
    }
    return group;
  }

  /** These are undefined where quiet functions are too many, or the host's engine does not take one. */
  private hastyGroup(funcidx: number, others: Others): CompiledGroup | undefined {
    const { layout } = this.emitted;
    const members = groupOf(layout, funcidx, others);
    return members && this.compileGroup(emitGroup(layout, members));
  }
  private wantedGroup(funcidx: number, others: Others): CompiledGroup | undefined {
    const { units } = this;
    const { layout } = this.emitted;
    const members = groupOfWanted(layout, funcidx, this.wanted!, others);
    const last = units.at(-1) ?? [];
    const isFull = last.reduce((bytes, group) => bytes + group.bytes.length, 0) >= UNIT;
    const unit = isFull ? [] : last;
    const side = members && emitGroup(layout, members, unit.length === 0 ? undefined : behind(unit.at(-1)!));
    const group = side && this.compileGroup(side);
    if (group === undefined) return undefined;
    if (unit.push(side!) === 1) units.push(unit);
    return group;
  }

  /** Undefined where the host's engine does not take one of them. */
  private compileGroup(side: GroupModule): CompiledGroup | undefined {
    try {
      return this.compileSide(side);
    } catch {
      return undefined;
    }
  }

  /** What an earlier process has emitted that holds a function. */
  private keptGroup(funcidx: number): CompiledGroup | undefined {
    const { keptGroups, groups, emitted } = this;
    const kept = keptGroups.get(funcidx);
    if (kept === undefined) return undefined;
    const group = this.compileGroup(keptGroup(emitted.layout, kept));
    for (const member of membersOf(kept)) {
      if (keptGroups.get(member) !== kept) continue;
      keptGroups.delete(member);
      if (group !== undefined) groups!.set(member, group);
    }
    this.made++;
    return group;
  }

  private compileSide<Side extends SideModule>(side: Side): { side: Side; compiled: object } {
    return { side, compiled: this.compiledPart(side.bytes, side) };
  }
  /** Compiles a part, under a name that tells it from all others. */
  private compiledPart(bytes: Uint8Array, side: SideModule | undefined): object {
    const compiled = new this.host.Module(numbered(bytes, nextPart));
    const part = { program: this, side };
    this.parts.push(part);
    parts.set(nextPart, new WeakRef(part));
    lost.register(part, nextPart++);
    return compiled;
  }

  /** What a frame holds, by the number that its body gives. */
  shape(id: number): FrameShape {
    const { length } = this.module.funcTypes;
    if (id >= length) return this.byId[id - length].compiled.side.shape;
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
    return id < length ? id : this.byId[id - length].of.funcidx;
  }

  /** What begins at a loop, given by its offset in the code entry. */
  continuation(funcidx: number, targetLoop: number): Beginning | undefined {
    const { module } = this;
    const offset = module.codeStart[funcidx - module.importedFuncs] + targetLoop;
    for (const one of this.continuedOf(funcidx)) {
      const entry = one.entries().targets.get(offset)?.entry ?? -1;
      if (entry >= 0) return { continuation: one.compiled ?? this.compile(one), entry };
    }
    return undefined;
  }
  private continuedOf(funcidx: number): readonly [Continued, Continued] {
    const { module } = this;
    let continued = this.continued.get(funcidx);
    if (continued === undefined) {
      continued = [new Continued(module, funcidx, false), new Continued(module, funcidx, true)];
      this.continued.set(funcidx, continued);
    }
    return continued;
  }

  /** The same at the loop of a point of a body. */
  continuationAt(id: number, pointidx: number): Beginning | undefined {
    return this.continuation(this.funcidxOf(id), this.shape(id).points[pointidx].targetLoop);
  }

  private compile(of: Continued, kept?: SideBytes): CompiledContinuation {
    const { module, emitted, byId } = this;
    const { funcidx, entries } = of;
    const id = module.funcTypes.length + byId.length;
    const side =
      kept === undefined
        ? emitContinuation(emitted.layout, funcidx, id, entries())
        : keptContinuation(emitted.layout, funcidx, id, entries, kept);
    if (kept === undefined) this.hasMore = true;
    of.compiled = { id, ...this.compileSide(side) };
    byId.push({ compiled: of.compiled, of });
    return of.compiled;
  }
}

function keptModule(layout: Layout, { main, layout: kept }: KeptProgram): EmittedModule {
  restoreLayout(layout, kept);
  const { bytes, codeStart, refused } = main;
  return { bytes, layout, refused: new Map(refused), codeStart: Uint32Array.from(codeStart) };
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
  if (side !== undefined) {
    const origin = side.originAt(offset);
    return origin && { program, ...origin };
  }
  const { layout, refused, codeStart } = program.emitted;
  const at = codeStart.findIndex((start: number) => start > offset) - 1;
  if (at < 0) return undefined;
  if (!program.isWhole || at < program.module.importedFuncs || refused.has(at)) return undefined;
  return { program, funcidx: at, offset: new Body(layout, at).originOf(offset - codeStart[at]) };
}
