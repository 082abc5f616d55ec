/** The compiled functions of an instance. */
import { isQuiet } from '../../decoder/quiet';
import { InternalError } from '../../errors';
import type { TierMachine } from '../../interpreter/tiers';
import type { LoweredBody } from '../../lowering';
import type { Func, Instance } from '../../runtime';
import type { Charge } from '../../runtime/ledger';
import * as numerics from '../../runtime/numerics';
import type { Activations, Entered } from './activations';
import * as wide from './ahead/parts/wide';
import { bodyOf } from './bodies';
import { loudnessOf } from './callees';
import type { CodeRecord, CompiledCall, Continuation, StackCall } from './cells';
import { type ContinuationText, continuationText, REHEARSED } from './continuations';
import * as divisions from './divisions';
import type { FunctionText, Leaving, Open } from './frame-texts';
import { functionText } from './functions';
import { heldViews } from './held-views';
import * as helpers from './helpers';
import type { TextRules } from './machine';
import { rehearse } from './rehearsal';
import type { SplitRules } from './split';
import { GIVEN, type Need } from './uses';
import { everyStatement } from './walk';
import { STEADY } from './works';

/** Makes a function of these parameters and this body, as `new Function` does. An entry hands it over: this room evaluates nothing. */
export type Evaluate = (parameters: readonly string[], body: string) => (...args: unknown[]) => unknown;

export interface Evaluator {
  readonly evaluate: Evaluate;
  /** The engine compiles what is hot. */
  readonly compilesHot: boolean;
  /** Which functions are split, where the engine compiles. */
  readonly splits?: SplitRules;
}

/** What texts are evaluated with (functions.ts). */
const PARAMETERS = ['Q', 'M', 'S', 'SF', 'SD', 'R', 'W', 'A', 'X'];
/** Heap for a character of text: an estimate of syntax trees, bytecode and compiled code. */
const BYTES_PER_CHARACTER = 16;

/** What a text returns. */
interface Evaluated {
  readonly f: CompiledCall;
  readonly g: StackCall;
  readonly d: (fp: number, result: unknown) => void;
  readonly o: (fp: number, sp: number, mark: number) => unknown;
}

/** What runs a function's frames on from headers of loops, by their offsets. */
type Continuations = ReadonlyMap<number, Continuation>;

export class CompiledInstance {
  private readonly instance: Instance;
  private readonly machine: TierMachine;
  private readonly activations: Activations;
  private readonly evaluate: Evaluate;
  private readonly rules: TextRules;
  private readonly compiled = new Map<number, Entered>();
  private readonly continuations = new Map<number, Continuations>();
  /** Those that do not pay before. */
  private readonly frugal = new Map<number, Continuations>();
  private readonly charges: Charge[] = [];
  /** It has been given up: writes to its memory are tracked from now on. */
  isDropped = false;

  constructor(
    instance: Instance,
    machine: TierMachine,
    activations: Activations,
    { evaluate, compilesHot, splits }: Evaluator,
  ) {
    this.instance = instance;
    this.machine = machine;
    this.activations = activations;
    this.evaluate = evaluate;
    this.rules = { compilesHot, canonicalNans: instance.store.canonicalNans, ...(splits && { splits }) };
  }

  /** Compiles a function, with the quiet ones that it calls. Undefined when the store has no room. */
  compile(funcidx: number): Entered | undefined {
    const made = this.compiled.get(funcidx);
    if (made !== undefined) return made;
    const { module } = this.instance;
    const body = bodyOf(module, funcidx);
    const callees = new Set<number>();
    everyStatement(body.statements, (statement) => {
      if (statement.kind === 'call' || statement.kind === 'tail') callees.add(statement.funcidx);
    });
    for (const callee of callees) {
      if (!isQuiet(module, callee) || loudnessOf(module, callee) === 'loud') continue;
      if (this.compile(callee) === undefined) return undefined;
    }
    const text = functionText(module, body, this.rules);
    if (!this.reserve(text)) return undefined;
    const func = this.instance.funcAt(funcidx);
    const code = this.record(text, func);
    const { f, g, d, o } = this.evaluated(text, code);
    this.rehearse(f, text.leaving, body);
    if (text.open !== undefined) this.continuations.set(funcidx, this.entrances(text.open, o, code, body));
    const compiled: Entered = { func, words: 2 * body.slots, call: g, put: d };
    this.compiled.set(funcidx, compiled);
    const cell = this.activations.stubs.cellOf(func);
    cell.f = f;
    cell.g = g;
    return compiled;
  }

  private rehearse(call: CompiledCall, leaving: Leaving | undefined, { slots }: LoweredBody): void {
    if (!this.rules.compilesHot || leaving === undefined) return;
    rehearse({ call, leaving, words: 2 * slots }, this.machine, this.activations);
  }

  /** The function from a loop's header on. */
  enteredAt(funcidx: number, targetLoop: number): Entered | undefined {
    const compiled = this.compiled.get(funcidx);
    const continuation = this.continuation(funcidx, targetLoop);
    if (compiled === undefined || continuation === undefined) return undefined;
    const { activations } = this;
    return { ...compiled, call: (fp, sp) => activations.runFrom(continuation, fp, sp) };
  }

  private continuation(funcidx: number, targetLoop: number): Continuation | undefined {
    if (this.isDropped) return undefined;
    let all = this.continuations.get(funcidx);
    if (all === undefined) {
      all = this.continued(funcidx);
      this.continuations.set(funcidx, all);
    }
    return all.get(targetLoop);
  }

  /** None where there is no room. */
  private continued(funcidx: number): Continuations {
    const text = this.continuationText(funcidx, true);
    return this.reserve(text) ? this.entered(text, funcidx) : new Map();
  }

  private continuationText(funcidx: number, paysBefore: boolean): ContinuationText {
    const { module } = this.instance;
    return continuationText(module, bodyOf(module, funcidx), { ...this.rules, paysBefore });
  }

  private entered(text: ContinuationText, funcidx: number): Continuations {
    const code = this.record(text, this.instance.funcAt(funcidx));
    const { o } = this.evaluated(text, code);
    return this.entrances(text.open, o, code, bodyOf(this.instance.module, funcidx));
  }

  private entrances(
    { marks, leaving }: Open,
    o: Evaluated['o'],
    code: CodeRecord,
    body: LoweredBody,
  ): Continuations {
    const all = new Map<number, Continuation>();
    this.rehearse((fp, sp) => o(fp, sp, REHEARSED), leaving, body);
    for (const [loop, mark] of marks) all.set(loop, { call: (fp, sp) => o(fp, sp, mark), code });
    return all;
  }

  private record({ sites, isWide }: FunctionText, func: Func): CodeRecord {
    const { funcidx } = func;
    return {
      func,
      sites,
      isWide,
      continuation: (targetLoop) => this.continuation(funcidx, targetLoop),
      frugal: (targetLoop) => this.frugalFrom(funcidx, targetLoop),
    };
  }

  private frugalFrom(funcidx: number, targetLoop: number): Continuation {
    let all = this.frugal.get(funcidx);
    if (all === undefined) {
      all = this.entered(this.continuationText(funcidx, false), funcidx);
      this.frugal.set(funcidx, all);
    }
    return all.get(targetLoop)!;
  }

  /** Nothing of it is called any more. */
  drop(): void {
    if (this.isDropped) return;
    this.isDropped = true;
    for (const funcidx of this.compiled.keys()) {
      this.activations.stubs.reset(this.instance.funcAt(funcidx));
    }
    this.compiled.clear();
    this.continuations.clear();
    this.frugal.clear();
    for (const charge of this.charges) charge.release();
  }

  /** Where a text pays before, there must be room for another that does not. */
  private reserve({ text, sites }: FunctionText): boolean {
    const count = sites.some(({ isShort }) => isShort) ? 2 : 1;
    const charge = this.instance.store.code.reserve(count * BYTES_PER_CHARACTER * text.length);
    if (charge === undefined) return false;
    charge.holdFor(this);
    this.charges.push(charge);
    return true;
  }

  private evaluated({ text, needs }: FunctionText, record: CodeRecord): Evaluated {
    const { registers, stack } = this.machine;
    const parameters = [...PARAMETERS, ...needs.keys()].map((name) => GIVEN + name);
    const make = this.evaluate(parameters, text);
    const { ints, floats, doubles, refs } = stack;
    const { activations } = this;
    const given = [...needs.values()].map((need) => this.resolve(need));
    return make(
      activations.counter,
      registers,
      ints,
      floats,
      doubles,
      refs,
      numerics.words,
      activations,
      record,
      ...given,
    ) as Evaluated;
  }

  private resolve(need: Need): unknown {
    const { instance, machine, activations } = this;
    switch (need.kind) {
      case 'memory':
        return instance.memories[need.index].views;
      case 'views':
        return heldViews(instance.memories[need.index].views);
      case 'cell':
        return activations.stubs.cellOf(instance.funcAt(need.index));
      case 'func':
        return instance.funcAt(need.index);
      case 'table':
        return activations.stubs.table(instance.tables[need.index]);
      case 'global': {
        const { cells, at } = instance.globals[need.index];
        return cells.subarray(at, at + 2);
      }
      case 'reference':
        return instance.globals[need.index];
      case 'effect':
        return STEADY.has(need.effect.op)
          ? machine.effect(instance, need.effect)
          : activations.paying(machine.effect(instance, need.effect));
      case 'bulk':
        return activations.paying(machine.bulk(instance, need.bulk));
      case 'view':
      case 'length':
      case 'word':
      case 'highWord':
      case 'data':
      case 'elem':
        throw new InternalError(`a text of this tier needs a ${need.kind}`);
      case 'numeric':
        return { ...numerics, ...divisions, ...helpers, ...wide }[need.name as keyof typeof helpers];
      case 'math':
        return Math[need.name as keyof typeof Math];
    }
  }
}
