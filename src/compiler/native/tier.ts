/** The native tier: functions run as instrumented code by the host's own engine. */
import { canonicalFuncType, isRef, type Module, OP, V128, type ValType } from '../../decoder';
import { codeReader, funcTypeOf, readInstruction, readLocals } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import { usesExceptions } from '../../decoder/instructions';
import type { ModuleData } from '../../decoder/module';
import type { Step } from '../../interpreter/step';
import type {
  Occasion,
  Offer,
  ResumePoint,
  Tier,
  TierCode,
  TierMachine,
  Verdict,
} from '../../interpreter/tiers';
import type { Func, Instance } from '../../runtime';
import { Activations } from './activations';
import { slotsIn } from './function-writer';
import type { HostWebAssembly } from './host';
import { hostMemories, NativeInstance } from './native-instance';
import { Program } from './program';

const RUNS: Verdict = { kind: 'runs' };
const refuses = (why: string): Verdict => ({ kind: 'refuses', why });

const TRACKED = 'writes to its memory are tracked';

/** Heap and code that the host's engine takes for a byte of an emitted module: an estimate. */
const BYTES_PER_BYTE = 10;

export class NativeTier implements Tier {
  readonly name = 'native';
  readonly haste = 5;
  private readonly host: HostWebAssembly;
  private readonly programs = new WeakMap<ModuleData, Program | string>();
  private readonly instances = new WeakMap<Instance, NativeInstance | string>();
  private activations: Activations | undefined;
  /** Functions that have been offered, and why others were refused: for reports. */
  readonly counts = { offered: 0, entered: 0, continued: 0, refused: new Map<string, number>() };

  constructor(host: HostWebAssembly) {
    this.host = host;
  }

  judge(module: ModuleData, funcidx: number): Verdict {
    const why = whyNotModule(module) ?? refusalsOf(module).get(funcidx);
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
    const verdict = this.judge(instance.module, func.funcidx);
    if (verdict.kind === 'refuses') return verdict.why;
    if (instance.memories.some(({ views }) => views.dirty !== undefined)) return TRACKED;
    return this.instanceOf(instance, activations);
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
    const bytes = BYTES_PER_BYTE * program.emitted.bytes.length;
    const charge = instance.store.code.reserve(bytes);
    if (charge === undefined) return 'the store has no room for its code';
    charge.holdFor(instance);
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
    const refused = refusalsOf(module);
    const isNative = (funcidx: number): boolean => funcidx >= module.importedFuncs && !refused.has(funcidx);
    try {
      return new Program(module, this.host, isNative);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return `the host's engine does not take it: ${error.message}`;
    }
  }
}

/** Types that make a module impossible in the host's engine, or in how this tier uses it. */
function whyNotModule({ memories, tables, tags, types, globals }: ModuleData): string | undefined {
  if (tags.length > 0) return 'it has tags of exceptions';
  const isVector = (type: ValType): boolean => type === V128;
  const crosses = types.some(
    ({ composite: { func } }) => func.params.some(isVector) || func.results.some(isVector),
  );
  if (crosses || globals.some(({ value }) => isVector(value)))
    return 'it has functions or globals of vectors';
  if (memories.length > 1) return 'it has several memories';
  if (memories.some(({ address }) => address === 'i64')) return 'its memory has 64-bit addresses';
  if (memories.some(({ shared }) => shared)) return 'its memory is shared';
  if (memories.some(({ pageBits }) => pageBits !== 16)) return 'its memory has pages of another size';
  if (tables.some(({ address }) => address === 'i64')) return 'it has a table with 64-bit indices';
  return undefined;
}

const unplain = new WeakMap<ModuleData, ReadonlySet<number>>();
/** Types that the host's engine takes for others: references are all of one type there, and supertypes unknown. */
function unplainTypes(module: ModuleData): ReadonlySet<number> {
  let found = unplain.get(module);
  if (found === undefined) {
    const indices = Array.from(module.types.keys()).filter((k) => !isPlain(module, k));
    found = new Set(indices);
    unplain.set(module, found);
  }
  return found;
}
function isPlain({ types }: ModuleData, typeidx: number): boolean {
  const { composite, id } = types[typeidx];
  const { params, results } = composite.func;
  return [...params, ...results].every((type) => !isRef(type)) && id === canonicalFuncType(composite.func);
}

const refusals = new WeakMap<ModuleData, ReadonlyMap<number, string>>();
/** Functions of a module that cannot run natively, and why. */
function refusalsOf(module: ModuleData): ReadonlyMap<number, string> {
  let found = refusals.get(module);
  if (found === undefined) {
    const refused = new Map<number, string>();
    for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++) {
      const why = whyNotFunction(module, funcidx);
      if (why !== undefined) refused.set(funcidx, why);
    }
    refusals.set(module, refused);
    found = refused;
  }
  return found;
}

const WITH_VECTORS = 'it computes with vectors';

function whyNotFunction(module: ModuleData, funcidx: number): string | undefined {
  const types = unplainTypes(module);
  const reader = codeReader(module, funcidx);
  const locals = readLocals(funcTypeOf(module, funcidx), reader, module);
  if (locals.some(({ type }) => type === V128)) return WITH_VECTORS;
  while (reader.pos < reader.end) {
    const row = readInstruction(reader);
    if (row.feature === 'simd' || row.feature === 'relaxedSimd') return WITH_VECTORS;
    if (usesExceptions(row)) return 'it throws or handles exceptions';
    if (row.op === OP.call_ref || row.op === OP.return_call_ref) return 'it calls by reference';
    if (row.op !== OP.call_indirect && row.op !== OP.return_call_indirect) {
      skipImmediates(reader, row, module);
      continue;
    }
    if (types.has(reader.u32())) return 'it calls indirectly by a type with references';
    reader.u32();
  }
  return undefined;
}

interface Counts {
  entered: number;
  continued: number;
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
    private readonly counts: Counts,
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
