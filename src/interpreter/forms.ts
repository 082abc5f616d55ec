/**
 * Assembling with more forms than the compact set has: the most specific factory for an expression's operands, two statements in one
 * closure, a statement and its branch in one. Where the set lacks a form, `Assembler` has the plain one. scripts/min.ts leaves this file
 * out: with `Assembler` alone everything runs the same, with more calls.
 */
import { Assembler, type Store, stored } from './assemble';
import { bits, constantNumber, type Expr, isArithmetic } from './expr';
import type { Factory } from './factories';
import type { Block, Statement, Target, Terminator } from './ir';
import type { Lowering } from './lower';
import type { Step } from './registers';

interface Form {
  readonly factory: Factory;
  readonly operands: unknown[];
}

export function assemble(lowering: Lowering): void {
  new FormAssembler(lowering).run();
}

class FormAssembler extends Assembler {
  protected override body(block: Block): Step {
    const { statements, end } = block;
    let last = statements.length - 1;
    const fused = this.lastAndEnd(block);
    if (fused !== undefined) last--;
    let step = fused ?? this.terminator(end);
    for (let s = last; s >= 0; s--) {
      const pair = s > 0 ? this.pair(statements[s - 1], statements[s]) : undefined;
      if (pair !== undefined) s--;
      const next = this.bounded(step);
      step = pair === undefined ? this.statement(statements[s], next) : pair(next);
    }
    return step;
  }

  /** The last statement and the terminator, when one closure can do both. */
  private lastAndEnd({ statements, end }: Block): Step | undefined {
    const before = statements[statements.length - 1];
    if (end?.kind !== 'if' || end.condition.name !== 'get') return undefined;
    if (before?.kind !== 'set' || before.to !== end.condition.lo) return undefined;
    return this.setAndTest(before.to, before.value, end);
  }

  private setAndTest(to: number, value: Expr, end: Extract<Terminator, { kind: 'if' }>): Step | undefined {
    const { yes, no } = end;
    const prefix = yes.back === undefined ? 'setif' : 'setloop';
    if (
      no.back !== undefined ||
      !this.has(`${prefix} ${value.name}/rk`) === !this.has(`${prefix} ${value.name}/r`)
    )
      return undefined;
    const form = this.form(`${prefix} ${value.name}`, value);
    if (form === undefined) return undefined;
    if (yes.back === undefined)
      return form.factory(to, ...form.operands, this.target(yes), this.target(no)) as Step;
    return form.factory(
      to,
      ...form.operands,
      yes.back,
      this.header(yes.label.block, yes.back),
      this.target(no),
    ) as Step;
  }

  protected override table(index: Expr, targets: Step[]): Step {
    if (index.name !== 'get' || !this.has('br_table/r')) return super.table(index, targets);
    return this.make('br_table/r')(index.lo, targets, targets.length - 1) as Step;
  }

  protected override branch(condition: Expr, yes: Target, no: Target): Step {
    if (condition.name === 'i32.eqz') return this.branch(condition.a!, no, yes);
    // A fused form where the taken branch goes back; else the branches are steps of their own.
    const fused = yes.back !== undefined && this.has('loop/e');
    const prefix = fused ? 'loop' : 'if';
    const targets = fused
      ? [yes.back, this.header(yes.label.block, yes.back!), this.target(no)]
      : [this.target(yes), this.target(no)];
    if (condition.name === 'get') return this.make(`${prefix}/r`)(condition.lo, ...targets) as Step;
    const form = this.form(`${prefix} ${condition.name}`, condition);
    if (form !== undefined) return form.factory(...form.operands, ...targets) as Step;
    return this.make(`${prefix}/e`)(this.value(condition), ...targets) as Step;
  }

  /** What makes one closure of two statements, if the set has a form for them. */
  private pair(first: Statement, second: Statement): ((next: Step) => Step) | undefined {
    if (first.kind !== 'set' || second.kind !== 'set') return undefined;
    const one = pairable(first.value);
    const two = pairable(second.value);
    if (one === undefined || two === undefined || !this.has(`${one.name};${two.name}`)) return undefined;
    return (next) =>
      this.make(`${one.name};${two.name}`)(
        first.to,
        ...one.operands,
        second.to,
        ...two.operands,
        next,
      ) as Step;
  }

  protected override set(to: number, value: Expr, next: Step): Step {
    if (value.kind === 'r') return super.set(to, value, next);
    const moved = isArithmetic(value) ? value : bits(value);
    const form = this.bitField(moved, 'set bits') ?? this.form(`set ${moved.name}`, moved);
    if (form !== undefined) return form.factory(to, ...form.operands, next) as Step;
    return super.set(to, value, next);
  }

  protected override store(statement: Store, next: Step): Step {
    const { name, value } = stored(statement);
    const how = statement.address.name === 'get' ? 'r' : 'e';
    let what = value.name === 'get' ? 'r' : value.name === 'const' && value.kind === 'i' ? 'k' : 'e';
    let where = how;
    if (!this.has(`${name}/${where}${what}`)) what = 'e';
    if (!this.has(`${name}/${where}${what}`)) where = 'e';
    const address = where === 'r' ? statement.address.lo : this.value(statement.address);
    const operand = what === 'e' ? this.value(value) : value.lo;
    const factory = this.make(`${name}/${where}${what}`);
    return factory(address, operand, statement.offset, statement.memory, statement.at, next) as Step;
  }

  override value(expr: Expr): unknown {
    const form =
      expr.name === 'select'
        ? this.select(expr)
        : (this.bitField(expr, 'bits') ?? this.form(expr.name, expr));
    return form === undefined ? super.value(expr) : form.factory(...form.operands);
  }

  private select({ kind, a, b, c }: Expr): Form | undefined {
    const [left, right] = [leaf(a!), leaf(b!)];
    if (kind !== 'i' || !this.has(`select/${left}${right}`)) return undefined;
    const operand = (form: string, value: Expr) => (form === 'e' ? this.value(value) : value.lo);
    const operands = [operand(left, a!), operand(right, b!), this.value(c!)];
    return { factory: this.make(`select/${left}${right}`), operands };
  }

  /** (x >>> k) & mask, in one closure if the set has it. */
  private bitField(expr: Expr, prefix: string): Form | undefined {
    const { a, b } = expr;
    if (expr.name !== 'i32.and' || b?.name !== 'const' || a?.name !== 'i32.shr_u' || a.b!.name !== 'const')
      return undefined;
    const how = a.a!.name === 'get' ? 'r' : 'e';
    if (!this.has(`${prefix}/${how}`)) return undefined;
    const x = how === 'r' ? a.a!.lo : this.value(a.a!);
    return { factory: this.make(`${prefix}/${how}`), operands: [x, a.b!.lo, b.lo] };
  }

  /**
   * The most specific factory there is for an expression's operands, and what it captures of them: a slot (r), a constant (k) or a
   * closure (e). Undefined when the prefix has no form at all.
   */
  private form(prefix: string, expr: Expr): Form | undefined {
    const { a, b } = expr;
    if (a === undefined) return undefined;
    if (b === undefined) {
      let form = a.name === 'get' ? 'r' : 'e';
      if (!this.has(`${prefix}/${form}`)) form = 'e';
      if (!this.has(`${prefix}/${form}`)) return undefined;
      const operands = [form === 'r' ? a.lo : this.value(a)];
      if (expr.memory !== undefined) operands.push(expr.lo, expr.memory, expr.at);
      else if (expr.at >= 0) operands.push(expr.at);
      return { factory: this.make(`${prefix}/${form}`), operands };
    }
    const left = a.name === 'get' ? 'r' : 'e';
    const right = b.name === 'get' ? 'r' : b.name === 'const' ? 'k' : 'e';
    const name = [left + right, `e${right}`, `${left}e`, 'ee'].find((form) => this.has(`${prefix}/${form}`));
    if (name === undefined) return undefined;
    const operands: unknown[] = [name[0] === 'r' ? a.lo : this.value(a)];
    if (name[1] === 'r') operands.push(b.lo);
    else if (name[1] === 'e') operands.push(this.value(b));
    else if (b.kind === 'I') operands.push(b.lo, b.hi);
    else operands.push(constantNumber(b));
    if (expr.at >= 0) operands.push(expr.at);
    return { factory: this.make(`${prefix}/${name}`), operands };
  }
}

/** The form of an operand that is no closure. */
function leaf(expr: Expr): string {
  return expr.name === 'get' ? 'r' : expr.name === 'const' ? 'k' : 'e';
}

/** A 32-bit move or constant, or a step of a slot by a constant: what pairs are made of. */
function pairable(value: Expr): { name: string; operands: unknown[] } | undefined {
  if (value.name === 'get' && (value.kind === 'i' || value.kind === 'f'))
    return { name: 'set.i/r', operands: [value.lo] };
  if (value.name === 'const' && (value.kind === 'i' || value.kind === 'f'))
    return { name: 'set.i/k', operands: [value.lo] };
  if (value.name === 'i32.add' && value.a!.name === 'get' && value.b!.name === 'const') {
    return { name: 'set i32.add/rk', operands: [value.a!.lo, value.b!.lo] };
  }
  return undefined;
}
