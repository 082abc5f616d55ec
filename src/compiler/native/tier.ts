/** The native tier: functions run as instrumented code by the host's own engine. */
import type { Module } from '../../decoder';
import type { ModuleData } from '../../decoder/module';
import type { Step } from '../../interpreter/step';
import type {
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
import { Activations } from './activations';
import { factsOf } from './facts';
import { slotsIn } from './function-writer';
import { PART_SIZES, type PartSizes } from './groups';
import type { HostWebAssembly } from './host';
import { hostMemories, NativeInstance } from './native-instance';
import { Program } from './program';
import { whyNotModule } from './refusals';

const RUNS: Verdict = { kind: 'runs' };
const refuses = (why: string): Verdict => ({ kind: 'refuses', why });

const TRACKED = 'writes to its memory are tracked';

/** Heap and code that the host's engine takes for a byte of an emitted module: an estimate. */
const BYTES_PER_BYTE = 10;

export class NativeTier implements Tier {
  readonly name = 'native';
  readonly haste = 5;
  readonly isPrompt: boolean = true;
  private readonly host: HostWebAssembly;
  private readonly sizes: PartSizes;
  private readonly programs = new WeakMap<ModuleData, Program | string>();
  private readonly instances = new WeakMap<Instance, NativeInstance | string>();
  private activations: Activations | undefined;
  readonly counts: TierCounts = { offered: 0, entered: 0, continued: 0, refused: new Map() };

  constructor(host: HostWebAssembly, sizes: PartSizes = PART_SIZES) {
    this.host = host;
    this.sizes = sizes;
  }

  judge(module: ModuleData, funcidx: number): Verdict {
    const why = whyNotModule(module) ?? factsOf(module, funcidx).why;
    return why === undefined ? RUNS : refuses(why);
  }

  offer(func: Func, _occasion: Occasion, machine: TierMachine): Offer {
    this.activations ??= new Activations(machine, this.host);
    const native = this.nativeFor(func, this.activations);
    if (typeof native === 'string') {
      this.counts.refused.set(native, (this.counts.refused.get(native) ?? 0) + 1);
      return { kind: 'refused', why: native };
    }
    this.counts.offered++;
    return { kind: 'code', code: new NativeCode(func, native, this.activations, this.counts) };
  }

  /** Or why there is none for this function. */
  private nativeFor(func: Func, activations: Activations): NativeInstance | string {
    const instance = func.instance!;
    const why = whyNotModule(instance.module);
    if (why !== undefined) return why;
    if (instance.memories.some(({ views }) => views.dirty !== undefined)) return TRACKED;
    const native = this.instanceOf(instance, activations);
    if (typeof native === 'string') return native;
    return this.load(native, func.funcidx) ?? native;
  }

  /** The part of the program that a function is in. Or why there is none. */
  private load(native: NativeInstance, funcidx: number): string | undefined {
    const group = native.program.group(funcidx);
    if (group === undefined || typeof group === 'string') return group;
    if (native.has(group)) return undefined;
    if (!reserve(native.instance, group.side.bytes)) return NO_ROOM;
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

  private instantiate(instance: Instance, { helpers, crossing }: Activations): NativeInstance | string {
    const program = this.programOf(instance.module);
    if (typeof program === 'string') return program;
    const memories = hostMemories(instance);
    if (memories === undefined) return 'its memory is not one of the host';
    if (!reserve(instance, program.emitted.bytes)) return NO_ROOM;
    return new NativeInstance(instance, program, this.host, helpers, crossing, memories);
  }

  private programOf(module: Module): Program | string {
    let program = this.programs.get(module);
    if (program === undefined) {
      program = this.compile(module);
      this.programs.set(module, program);
    }
    return program;
  }

  private compile(module: Module): Program | string {
    try {
      return new Program(module, this.host, this.sizes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return `the host's engine does not take it: ${error.message}`;
    }
  }
}

const NO_ROOM = 'the store has no room for its code';
/** Room for what the host's engine makes of an emitted module. */
function reserve(instance: Instance, bytes: Uint8Array): boolean {
  const charge = instance.store.code.reserve(BYTES_PER_BYTE * bytes.length);
  charge?.holdFor(instance);
  return charge !== undefined;
}

class NativeCode implements TierCode {
  readonly entry: Step;
  private readonly func: Func;
  private readonly native: NativeInstance;
  private readonly activations: Activations;

  constructor(
    func: Func,
    native: NativeInstance,
    activations: Activations,
    private readonly counts: TierCounts,
  ) {
    this.func = func;
    this.native = native;
    this.activations = activations;
    const slots = slotsIn(func.type.params);
    const { funcidx } = func;
    this.entry = (fp) => {
      counts.entered++;
      return activations.run(native, func, funcidx, slots, fp);
    };
  }

  at(point: ResumePoint): Step | undefined {
    if (point.kind === 'entry') return undefined;
    const { native, func, activations } = this;
    const continuation = native.program.continuation(func.funcidx, point.targetLoop);
    if (continuation === undefined) return undefined;
    const index = native.continuation(continuation);
    const { slots } = continuation.side;
    return (fp) => {
      this.counts.continued++;
      return activations.run(native, func, index, slots, fp);
    };
  }

  drop(): void {}
}
