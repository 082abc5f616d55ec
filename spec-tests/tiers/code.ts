/** Code of the second tier: a function's lowered body as it is, and the ways into the middle of it. */
import type { ModuleData } from '../../src/decoder/module';
import type { Step } from '../../src/interpreter/step';
import type { ResumePoint, TierCode } from '../../src/interpreter/tiers';
import { keptBody, type LoweredBody, lower } from '../../src/lowering';
import type { Block, If, Loop, Statement } from '../../src/lowering/statements';
import type { Func } from '../../src/runtime/index';
import { Leaves, type OwnStack } from './leaves';

export type Nested = Block | Loop | If;

/** Runs code from its entry, or on in the loop that the path leads to; a path of nothing leads behind the entry. */
export interface Runner {
  readonly own: OwnStack;
  readonly counts: { dropped: number };
  run(code: WalkedCode, fp: number, path: readonly Nested[] | undefined): Step | null;
}

export function bodyOf(module: ModuleData, funcidx: number): LoweredBody {
  return keptBody(module, funcidx) ?? lower(module, funcidx);
}

function isNested(statement: Statement): statement is Nested {
  return statement.kind === 'block' || statement.kind === 'loop' || statement.kind === 'if';
}
export function listsOf(nested: Nested): (readonly Statement[])[] {
  return nested.kind === 'if' ? [nested.body, nested.otherwise] : [nested.body];
}

export function nestingOf(statements: readonly Statement[]): number {
  let most = 0;
  const open: [list: readonly Statement[], depth: number][] = [[statements, 0]];
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    const [list, depth] = top;
    most = Math.max(most, depth);
    for (const statement of list) {
      if (isNested(statement)) for (const inner of listsOf(statement)) open.push([inner, depth + 1]);
    }
  }
  return most;
}

/** A function as the walker runs it. */
export class WalkedCode implements TierCode {
  readonly func: Func;
  readonly body: LoweredBody;
  readonly leaves: Leaves;
  readonly entry: Step;
  /** By offset of the `loop`: it and what it lies in, outermost first. */
  readonly loops = new Map<number, readonly Nested[]>();
  private readonly runner: Runner;

  constructor(func: Func, runner: Runner) {
    this.func = func;
    this.body = bodyOf(func.instance!.module, func.funcidx);
    this.leaves = new Leaves(func.instance!, this.body, runner.own);
    this.runner = runner;
    this.entry = (fp) => runner.run(this, fp, undefined);
    this.findLoops(this.body.statements, []);
  }

  private findLoops(list: readonly Statement[], outer: readonly Nested[]): void {
    for (const statement of list) {
      if (!isNested(statement)) continue;
      const path = [...outer, statement];
      if (statement.kind === 'loop') this.loops.set(statement.label.offset, path);
      for (const inner of listsOf(statement)) this.findLoops(inner, path);
    }
  }

  at(point: ResumePoint): Step | undefined {
    const path = point.kind === 'entry' ? [] : this.loops.get(point.targetLoop);
    return path && ((fp) => this.runner.run(this, fp, path));
  }

  drop(): void {
    this.runner.counts.dropped++;
    this.loops.clear();
  }
}
