/**
 * A second tier, to prove the tier interface (src/interpreter/tiers.ts): it walks the lowered statements as they are. It is as unlike the
 * interpreter as a compiled tier would be: its frames lie in a stack of its own, its calls of itself stand on the host's stack, it counts
 * the fuel in a place of its own, and it refuses what it cannot run. What a numeric instruction computes comes from the interpreter's
 * templates (leaves.ts).
 */
import type { ModuleData } from '../../src/decoder/module';
import type { Offer, Tier, TierMachine, Verdict } from '../../src/interpreter/tiers';
import type { Func } from '../../src/runtime/index';
import { Activations, type Counts } from './activations';
import { bodyOf, nestingOf, WalkedCode } from './code';

/** Blocks inside each other: each is a call on the host's stack. */
const MOST_NESTED_BLOCKS = 30;
export class Walker implements Tier {
  readonly name = 'walker';
  readonly haste = 0;
  readonly isPrompt = false;
  readonly counts: Counts = {
    offered: 0,
    entered: 0,
    continued: 0,
    refused: new Map(),
    left: 0,
    called: 0,
    dropped: 0,
  };
  private activations: Activations | undefined;

  judge(module: ModuleData, funcidx: number): Verdict {
    const { statements, usesExceptions } = bodyOf(module, funcidx);
    if (usesExceptions) return { kind: 'refuses', why: 'it throws or handles exceptions' };
    const nesting = nestingOf(statements);
    if (nesting <= MOST_NESTED_BLOCKS) return { kind: 'runs' };
    return { kind: 'refuses', why: `blocks are nested ${nesting} deep, more than ${MOST_NESTED_BLOCKS}` };
  }

  offer(func: Func, _: unknown, machine: TierMachine): Offer {
    const verdict = this.judge(func.instance!.module, func.funcidx);
    if (verdict.kind === 'refuses') {
      const { refused } = this.counts;
      refused.set(verdict.why, (refused.get(verdict.why) ?? 0) + 1);
      return { kind: 'refused', why: verdict.why };
    }
    this.activations ??= new Activations(machine, this.counts);
    this.counts.offered++;
    return { kind: 'code', code: new WalkedCode(func, this.activations) };
  }
}
