/** The native tier: functions run as instrumented code by the host's own engine. */
import { I64, type Module } from '../../decoder';
import type { ModuleData } from '../../decoder/module';
import type { Step } from '../../interpreter/step';
import type {
  BriefCall,
  DirectCode,
  Occasion,
  Offer,
  ResumePoint,
  Tier,
  TierCode,
  TierCounts,
  TierMachine,
  Verdict,
} from '../../interpreter/tiers';
import type { Func, Instance } from '../../runtime';
import type { Charge } from '../../runtime/ledger';
import { Budget, codeSize } from '../limits';
import { Activations, type Entered } from './activations';
import { factsOf } from './facts';
import { PART_SIZES, type PartSizes } from './groups';
import { HeldMemories } from './held-memories';
import { type HostWebAssembly, hasExceptions } from './host';
import { foundOut, isSame, type KnownCode } from './kept';
import { isBrief, isDirect, type Variant } from './layout';
import { type EnterNative, NativeInstance } from './native-instance';
import { Program } from './program';
import { whyNotModule } from './refusals';

/** Or why there is none. */
interface ProgramOf {
  readonly variant: Variant;
  readonly program: Program | string;
}

const RUNS: Verdict = { kind: 'runs' };
const refuses = (why: string): Verdict => ({ kind: 'refuses', why });

const TRACKED = 'writes to its memory are tracked';

/** Bytes of modules that it makes between two looks at the clock. */
const MADE_AT_ONCE = 2 ** 18;
/** Heap and code that the host's engine takes for a byte of an emitted module: an estimate. */
const BYTES_PER_BYTE = 10;

export class NativeTier implements Tier {
  readonly name = 'native';
  readonly haste = 5;
  readonly isPrompt: boolean = true;
  readonly needsHostMemories = true;
  private readonly host: HostWebAssembly;
  /** Undefined: it can run functions. */
  private readonly whyNotHere: string | undefined;
  private readonly sizes: PartSizes;
  /** What earlier processes have found out of modules. */
  private readonly known = new WeakMap<ModuleData, KnownCode>();
  /** Who is asked what they have found out, when a module's first function is to run. */
  keeper: ((module: Module) => KnownCode | undefined) | undefined;
  private readonly programs = new WeakMap<ModuleData, ProgramOf[]>();
  private readonly instances = new WeakMap<Instance, NativeInstance | string>();
  private activations: Activations | undefined;
  private readonly budget = new Budget(MADE_AT_ONCE);
  readonly counts: TierCounts = { offered: 0, entered: 0, continued: 0, refused: new Map() };

  constructor(host: HostWebAssembly, sizes: PartSizes = PART_SIZES) {
    this.host = host;
    this.whyNotHere = hasExceptions(host) ? undefined : NO_EXCEPTIONS;
    this.sizes = sizes;
  }

  /** Before the module's functions are first run: what an earlier process has found out about it, on the same host. */
  know(module: ModuleData, known: KnownCode): void {
    this.known.set(module, known);
  }
  /** What a later process should know of the module; undefined: no more than this one has known. */
  found(module: ModuleData): KnownCode | undefined {
    const programs = this.programs.get(module) ?? [];
    return foundOut(
      programs.flatMap(({ program }) => (typeof program === 'string' ? [] : program.kept)),
      this.known.get(module),
    );
  }

  judge(module: ModuleData, funcidx: number): Verdict {
    const why = this.whyNotHere ?? whyNotModule(module) ?? factsOf(module, funcidx).why;
    return why === undefined ? RUNS : refuses(why);
  }

  offer(func: Func, _occasion: Occasion, machine: TierMachine): Offer {
    if (this.whyNotHere !== undefined) return { kind: 'refused', why: this.whyNotHere };
    this.activations ??= new Activations(machine, this.host, this.counts);
    if (this.budget.isSpent(machine.registers)) return { kind: 'later' };
    const native = this.nativeFor(func, this.activations);
    if (typeof native === 'string') {
      this.budget.spend(codeSize(func.instance!.module, func.funcidx));
      this.counts.refused.set(native, (this.counts.refused.get(native) ?? 0) + 1);
      return { kind: 'refused', why: native };
    }
    this.counts.offered++;
    return { kind: 'code', code: new NativeCode(func, native, this.activations, this) };
  }

  /**
   * Gives up what runs natively of an instance, so that it is decided anew where its functions run. False when it is not time for that:
   * while it runs its memory stays where it is, unless a buffer of it has been asked for.
   */
  giveUp(native: NativeInstance, activations: Activations): boolean {
    const { instance, held } = native;
    if (this.instances.get(instance) !== native) return true;
    if (!held.haveMoved && activations.isRunning(native)) return false;
    native.giveUp();
    if (native.throwRate.isHigh) this.instances.set(instance, THROWS);
    else this.instances.delete(instance);
    activations.machine.reconsider(instance);
    return true;
  }

  /** Or why there is none for this function. */
  private nativeFor(func: Func, activations: Activations): NativeInstance | string {
    const instance = func.instance!;
    const why = whyNotModule(instance.module);
    if (why !== undefined) return why;
    if (instance.memories.some(({ views }) => views.dirty !== undefined)) return TRACKED;
    const native = this.instanceOf(instance, activations);
    if (typeof native === 'string') return native;
    return this.load(native, func.funcidx, activations.machine) ?? native;
  }

  /** The part of the program that a function is in. Or why there is none. */
  private load(native: NativeInstance, funcidx: number, { registers }: TierMachine): string | undefined {
    const isAwaited = registers.lowering !== Number.POSITIVE_INFINITY;
    const group = native.program.group(funcidx, isAwaited);
    if (group === undefined || typeof group === 'string') return group;
    if (native.has(group)) return undefined;
    this.budget.spend(group.side.bytes.length);
    if (!native.room.add(roomFor(group.side.bytes))) return NO_ROOM;
    native.load(group);
    return undefined;
  }

  private instanceOf(instance: Instance, activations: Activations): NativeInstance | string {
    let native = this.instances.get(instance);
    if (native === undefined) {
      native = this.instantiate(instance, activations);
      this.instances.set(instance, native);
    }
    return native;
  }

  private instantiate(instance: Instance, activations: Activations): NativeInstance | string {
    const { imports, crossing, callsOut } = activations;
    if (hasAliases(instance)) return ALIASES;
    const held = HeldMemories.of(instance);
    if (held === undefined) return 'its memory is not one of the host';
    const variant = { isShared: held.isShared, isExact: instance.store.canonicalNans };
    const program = this.programOf(instance.module, variant);
    const room = typeof program === 'string' ? undefined : roomIn(instance, program);
    if (typeof program !== 'string' && room !== undefined)
      return new NativeInstance(
        instance,
        program,
        this.host,
        imports,
        crossing,
        held,
        room,
        callsOut.directImport,
      );
    held.letGo();
    return typeof program === 'string' ? program : NO_ROOM;
  }

  private programOf(module: Module, variant: Variant): Program | string {
    let known = this.programs.get(module);
    if (known === undefined) {
      known = [];
      this.programs.set(module, known);
    }
    let found = known.find((one) => isSame(one.variant, variant));
    if (found === undefined) {
      found = { variant, program: this.compile(module, variant) };
      known.push(found);
    }
    return found.program;
  }

  private compile(module: Module, variant: Variant): Program | string {
    try {
      const program = this.fromKnown(module, variant) ?? new Program(module, this.host, this.sizes, variant);
      this.budget.spend(program.emitted.bytes.length);
      return program;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return `the host's engine does not take it: ${error.message}`;
    }
  }
  /** Undefined where nothing is known of it, or nothing that the host's engine takes. */
  private fromKnown(module: Module, variant: Variant): Program | undefined {
    const known = this.known.get(module) ?? this.keeper?.(module);
    if (known !== undefined) this.known.set(module, known);
    const program = known?.programs.find((one) => isSame(one.variant, variant));
    if (known === undefined) return undefined;
    try {
      return new Program(module, this.host, this.sizes, variant, { program, wanted: known.wanted });
    } catch {
      return undefined;
    }
  }
}

const NO_EXCEPTIONS = "the host's engine has no exceptions";
const ALIASES = 'one of its mutable globals is imported twice';
/** Emitted code has a copy of each: what is set in one would not be seen in the other. */
function hasAliases({ module, globals }: Instance): boolean {
  const mutable = globals.filter((_, k) => module.globals[k].mutable);
  return new Set(mutable).size < mutable.length;
}

const THROWS = 'it throws exceptions all the time';
const NO_ROOM = 'the store has no room for its code';
/** Room for what the host's engine makes of an emitted module. */
function roomFor(bytes: Uint8Array): number {
  return BYTES_PER_BYTE * bytes.length;
}
function roomIn(instance: Instance, { emitted }: Program): Charge | undefined {
  const room = instance.store.code.reserve(roomFor(emitted.bytes));
  room?.holdFor(instance);
  return room;
}

class NativeCode implements TierCode, DirectCode, Entered {
  readonly entry: Step;
  readonly func: Func;
  readonly native: NativeInstance;
  readonly enter: EnterNative;
  readonly enterDirectly: EnterNative;
  readonly isDirect: boolean;
  readonly direct: DirectCode | undefined;
  private readonly activations: Activations;
  private readonly tier: NativeTier;

  constructor(func: Func, native: NativeInstance, activations: Activations, tier: NativeTier) {
    this.func = func;
    this.native = native;
    this.activations = activations;
    this.tier = tier;
    const { funcidx, instance } = func;
    const typeidx = instance!.module.funcTypes[funcidx];
    this.enter = native.enter(typeidx);
    this.enterDirectly = native.enterDirectly(typeidx);
    this.isDirect = isDirect(func.type);
    this.direct = isBrief(func.type, native.program.emitted.layout.variant) ? this : undefined;
    this.entry = (fp) => {
      if (this.isOver()) return activations.begunElsewhere(func, fp);
      tier.counts.entered++;
      return activations.run(this, funcidx, fp);
    };
  }

  takes(args: readonly unknown[]): boolean {
    const { params } = this.func.type;
    for (let k = 0; k < params.length; k++)
      if (typeof args[k] !== (params[k] === I64 ? 'bigint' : 'number')) return false;
    return true;
  }
  make(call: BriefCall): boolean {
    if (this.isOver()) return false;
    this.tier.counts.entered++;
    this.activations.make(this, call);
    return true;
  }

  /** Whether it must not run any more. */
  private isOver(): boolean {
    const { native, activations, tier } = this;
    return (native.held.haveMoved || native.isBetterElsewhere) && tier.giveUp(native, activations);
  }

  at(point: ResumePoint): Step | undefined {
    if (point.kind === 'entry' || this.isOver()) return undefined;
    const { native, func, activations, tier } = this;
    const beginning = native.program.continuation(func.funcidx, point.targetLoop);
    if (beginning === undefined) return undefined;
    const index = native.continuation(beginning.continuation);
    return (fp) => {
      tier.counts.continued++;
      return activations.run(this, index, fp, beginning.entry);
    };
  }

  drop(): void {}
}
