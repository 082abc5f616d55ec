/** The JavaScript tier: functions run as text that the host evaluates. */
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
import { Budget, codeSize, type Most, whyTooLarge } from '../limits';
import { Activations, type Entered } from './activations';
import { CompiledInstance, type Evaluator } from './instance';
import { whyNot } from './refusals';

/** Bytes of code of a function, and of those that are compiled between two looks at the clock. */
const MOST: Most = { bytes: 2 ** 16, countsBlocks: true, carried: Number.POSITIVE_INFINITY };
const MADE_AT_ONCE = 2 ** 14;
const TRACKED = 'writes to its memory are tracked';

export class JavaScriptTier implements Tier {
  readonly name = 'javascript';
  readonly haste = 3;
  readonly isPrompt = false;
  readonly counts: TierCounts = { offered: 0, entered: 0, continued: 0, refused: new Map() };
  private readonly evaluator: Evaluator;
  private readonly instances = new WeakMap<Instance, CompiledInstance>();
  private readonly budget = new Budget(MADE_AT_ONCE);
  private activations: Activations | undefined;

  constructor(evaluator: Evaluator) {
    this.evaluator = evaluator;
  }

  judge(module: ModuleData, funcidx: number): Verdict {
    const why = this.whyNot(module, funcidx);
    return why === undefined ? { kind: 'runs' } : { kind: 'refuses', why };
  }

  offer(func: Func, _occasion: Occasion, machine: TierMachine): Offer {
    const instance = func.instance!;
    if (this.budget.isSpent(machine.registers)) return { kind: 'later' };
    this.budget.spend(codeSize(instance.module, func.funcidx));
    const why = this.whyNot(instance.module, func.funcidx);
    if (why !== undefined) return this.refused(why);
    if (instance.memories.some(({ views }) => views.dirty !== undefined)) return this.refused(TRACKED);
    this.activations ??= new Activations(machine);
    const { activations } = this;
    let compiled = this.instances.get(instance);
    if (compiled === undefined || compiled.isDropped) {
      compiled = new CompiledInstance(instance, machine, activations, this.evaluator);
      this.instances.set(instance, compiled);
    }
    const code = compiled.compile(func.funcidx);
    if (code === undefined) return this.refused('the store has no room for its code');
    this.counts.offered++;
    return { kind: 'code', code: new JavaScriptCode(func, compiled, code, activations, this.counts) };
  }

  private whyNot(module: ModuleData, funcidx: number): string | undefined {
    return whyTooLarge(module, funcidx, MOST) ?? whyNot(module, funcidx);
  }

  private refused(why: string): Offer {
    const { refused } = this.counts;
    refused.set(why, (refused.get(why) ?? 0) + 1);
    return { kind: 'refused', why };
  }
}

class JavaScriptCode implements TierCode {
  readonly entry: Step;
  private readonly func: Func;
  private readonly compiled: CompiledInstance;
  private readonly activations: Activations;
  private readonly counts: TierCounts;
  private readonly continuations = new Map<number, Entered | undefined>();

  constructor(
    func: Func,
    compiled: CompiledInstance,
    entered: Entered,
    activations: Activations,
    counts: TierCounts,
  ) {
    this.func = func;
    this.compiled = compiled;
    this.activations = activations;
    this.counts = counts;
    this.entry = (fp) => {
      counts.entered++;
      return activations.run(entered, fp);
    };
  }

  at(point: ResumePoint): Step | undefined {
    if (point.kind === 'entry') return undefined;
    const { targetLoop } = point;
    const { continuations, compiled, func, activations } = this;
    if (!continuations.has(targetLoop)) {
      continuations.set(targetLoop, compiled.enteredAt(func.funcidx, targetLoop));
    }
    const entered = continuations.get(targetLoop);
    if (entered === undefined) return undefined;
    return (fp) => {
      this.counts.continued++;
      return activations.run(entered, fp);
    };
  }

  drop(): void {
    this.compiled.drop();
  }
}
