/**
 * Assembling with more forms than the compact set has: the most specific factory for an expression's operands, two statements in one
 * closure, a statement and its branch in one. Where the set lacks a form, `Assembler` has the plain one. scripts/small-parts.mjs leaves this
 * file out: with `Assembler` alone everything runs the same, with more calls.
 *
 * No two constants are concatenated here, also not when V8 inlines: its compiler would do it in the background, allocate for it, and Node 20
 * may wait for that allocation for ever when the process ends meanwhile (nodejs/node#54918).
 */
import {
  bits,
  type Compute,
  type Expr,
  isArithmetic,
  isOperation,
  type Load,
  type LoweredBody,
  type Select,
  type Store,
} from '../lowering';
import type { Instance, Views } from '../runtime';
import { Assembler } from './assemble';
import {
  type Blocks,
  type Header,
  isBack,
  MAX_CHAIN,
  type Simple,
  type Target,
  type Terminator,
} from './blocks';
import { type Code, codeOf } from './code';
import { factorySource } from './factories';
import { HOWS, type Leaf, Names } from './names';
import type { Step } from './step';
import { gathered } from './vectors';
import { constantNumber, word } from './words';

/** A factory's name and what its closure captures, but for the steps behind it. */
interface Form {
  readonly name: string;
  readonly operands: readonly unknown[];
  /** The memory among the operands. */
  readonly memory?: Views | undefined;
  /** Of a form that sets a slot to what an instruction computes: the instruction and the forms of its operands. */
  readonly computes?: string;
}
/** The form of an instruction's operands. */
interface OperandForm extends Form {
  readonly how: string;
}

/** What a closure does with an instruction's value, and the instruction. */
const USES = new Names(' ');
/** What is done with a value, and its kind. */
const KINDS = new Names('.');
/** An instruction, and how its operands come. */
const FORMS = new Names('/');
/** What one closure does one after the other. */
const PAIRS = new Names('+');

export function assembler(
  code: Code,
  body: LoweredBody,
  instance: Instance,
  blocks: Blocks,
  isLate: boolean,
): Assembler {
  const Assembling = factorySource(code.hot).has(MORE) ? FormAssembler : PlainAssembler;
  return new Assembling(code, body, instance, blocks, isLate);
}
/** A form that each set has but the compact one. Of that code is made which runs once: it looks for no forms that are not there. */
const MORE = 'i32.add/rr';

/** Which loops end where, by their numbers, the first being 1: 0 is none. */
interface Endings {
  /** By block: of those whose last branch back is its end. */
  readonly outermost: Int32Array;
  /** By loop: the next one inside of it that ends at the same block. */
  readonly inside: Int32Array;
}

export function endingsOf({ headers, length }: Blocks): Endings {
  const outermost = new Int32Array(length);
  const inside = new Int32Array(headers.length + 1);
  // Outer loops come first, so they are put in front of the inner ones.
  for (let loop = headers.length; loop > 0; loop--) {
    const { last } = headers[loop - 1];
    if (last < 0) continue;
    inside[loop] = outermost[last];
    outermost[last] = loop;
  }
  return { outermost, inside };
}

/** With the forms that every set has. */
class PlainAssembler extends Assembler {
  /** Loops around the block `looked`, innermost last. */
  private readonly open: Header[] = [];
  private looked: number;
  private endings: Endings | undefined = undefined;

  constructor(code: Code, body: LoweredBody, instance: Instance, blocks: Blocks, isLate: boolean) {
    super(code, body, instance, blocks, isLate);
    this.looked = blocks.length;
  }

  /**
   * Where a loop is left, a long chain behind it goes through the trampoline. Otherwise the end of that chain may fall into the loop's body,
   * and each turn go through it.
   */
  protected override longest(block: number): number {
    return this.late !== undefined || block > this.loopEnd() ? MAX_CHAIN / 2 : MAX_CHAIN;
  }

  /** The last block of the innermost loop around the current one, which is where the last branch back to its start is. */
  private loopEnd(): number {
    const { open, blocks } = this;
    if (blocks.headers.length === 0) return Number.POSITIVE_INFINITY;
    this.endings ??= endingsOf(blocks);
    const { outermost, inside } = this.endings;
    while (this.looked > this.current) {
      const last = --this.looked;
      for (let loop = outermost[last]; loop > 0; loop = inside[loop]) open.push(blocks.headers[loop - 1]);
      while (open.length > 0 && open[open.length - 1].block > last) open.pop();
    }
    return open.length === 0 ? Number.POSITIVE_INFINITY : open[open.length - 1].last;
  }

  protected override branch(condition: Expr, yes: Target, no: Target): Step {
    if (condition.op !== 'get') return super.branch(condition, yes, no);
    return this.make('if/r')(word(condition), this.target(yes), this.target(no)) as Step;
  }
}

class FormAssembler extends PlainAssembler {
  protected override loopForm(): string {
    return !this.body.calls && this.has('loop/leaf') ? 'loop/leaf' : 'loop';
  }

  protected override block(statements: readonly Simple[], end: Terminator): Step {
    const forms = statements.map((statement) => this.statementForm(statement));
    let s = forms.length - 1;
    let step = forms[s] && this.withTerminator(forms[s]!, end);
    if (step === undefined) step = this.terminator(end);
    else s--;
    for (; s >= 0; s--) {
      const next = this.bounded(step);
      const form = forms[s];
      if (form === undefined) step = this.statement(statements[s], next);
      else {
        const pair = forms[s - 1] && this.composed(forms[s - 1]!, form);
        if (pair !== undefined) s--;
        const { name, operands } = pair ?? form;
        step = this.made(name, operands, next) as Step;
      }
    }
    return step;
  }

  private made(name: string, operands: readonly unknown[], ...behind: unknown[]): unknown {
    if (behind.length === 0) return this.make(name)(...operands);
    const captured = list(...operands);
    captured.push(...behind);
    return this.make(name)(...captured);
  }

  /** One form for both, if the set has it. */
  private composed(first: Form, second: Form): Form | undefined {
    const name = PAIRS.of(first.name, second.name);
    if (!this.has(name)) return undefined;
    const operands = list(...first.operands);
    const { memory } = first;
    if (memory === undefined || second.memory === undefined) {
      operands.push(...second.operands);
      return { name, operands, memory: memory ?? second.memory };
    }
    if (memory !== second.memory) return undefined;
    for (const operand of second.operands) if (operand !== memory) operands.push(operand);
    return { name, operands, memory };
  }

  /** A statement and the terminator behind it, when one closure can do both. */
  private withTerminator(form: Form, end: Terminator): Step | undefined {
    if (end.kind === 'if') return this.withTest(form, end.condition, end.yes, end.no);
    const name = PAIRS.of(form.name, end.kind);
    if (!this.has(name)) return undefined;
    if (end.kind === 'call') {
      const callee = this.instance.funcAt(end.funcidx);
      const site = this.callSite(end, callee);
      return this.made(name, form.operands, site, site.base, codeOf(callee), site.next) as Step;
    }
    if (!isBack(end)) return this.made(name, form.operands) as Step;
    return this.made(name, form.operands, ...this.back(end)) as Step;
  }

  /** A statement and a branch on a slot. */
  private withTest(form: Form, condition: Expr, yes: Target, no: Target): Step | undefined {
    if (condition.op === 'i32.eqz') return this.withTest(form, condition.a, no, yes);
    const looped = isBack(yes);
    if (condition.op !== 'get' || (looped && isBack(no))) return undefined;
    if (form.computes !== undefined && form.operands[0] === word(condition)) {
      const tested = USES.of(looped ? 'setloop' : 'setif', form.computes);
      if (this.has(tested)) {
        return this.made(tested, form.operands, ...this.targets(yes, no, looped)) as Step;
      }
    }
    const name = PAIRS.of(form.name, looped ? 'loop/r' : 'if/r');
    if (!this.has(name)) return undefined;
    return this.made(name, form.operands, word(condition), ...this.targets(yes, no, looped)) as Step;
  }

  /** What a branch goes to; of `loop` forms, the taken branch goes back. */
  private targets(yes: Target, no: Target, looped: boolean): unknown[] {
    if (looped && isBack(yes)) return [...this.back(yes), this.target(no)];
    return [this.target(yes), this.target(no)];
  }

  protected override table(index: Expr, targets: Step[]): Step {
    if (index.op === 'i32.add' && index.b!.op === 'const' && this.has('br_table i32.add/rk')) {
      const { a, b } = index;
      if (a.op === 'get') {
        return this.make('br_table i32.add/rk')(word(a), b!.low, targets, targets.length - 1) as Step;
      }
    }
    if (index.op !== 'get' || !this.has('br_table/r')) return super.table(index, targets);
    return this.make('br_table/r')(word(index), targets, targets.length - 1) as Step;
  }

  protected override branch(condition: Expr, yes: Target, no: Target): Step {
    if (condition.op === 'i32.eqz') return this.branch(condition.a, no, yes);
    // A fused form where the taken branch goes back; else the branches are steps of their own.
    const looped = isBack(yes) && this.has('loop/e');
    const prefix = looped ? 'loop' : 'if';
    const form = this.form(USES.of(prefix, condition.op), condition);
    const targets = this.targets(yes, no, looped);
    if (condition.op === 'get') return this.make(FORMS.of(prefix, 'r'))(word(condition), ...targets) as Step;
    if (form !== undefined) return this.made(form.name, form.operands, ...targets) as Step;
    return this.make(FORMS.of(prefix, 'e'))(this.value(condition), ...targets) as Step;
  }

  private statementForm(statement: Simple): Form | undefined {
    if (statement.kind === 'set') return this.setForm(2 * statement.slot, statement.value);
    if (statement.kind === 'store') return this.storeForm(statement);
    if (statement.kind !== 'global.set') return undefined;
    const value = bits(statement.value);
    if (value.kind === 'v') return undefined;
    const { cells, at } = this.instance.globals[statement.globalidx];
    const slot = value.op === 'get' && this.has(`global.set.${value.kind}/r`);
    return {
      name: `global.set.${value.kind}/${slot ? 'r' : 'e'}`,
      operands: [cells, at, slot ? word(value) : this.value(value)],
    };
  }

  override set(to: number, value: Expr, next: Step): Step {
    const form = this.setForm(to, value);
    return form === undefined
      ? super.set(to, value, next)
      : (this.made(form.name, form.operands, next) as Step);
  }

  private setForm(to: number, value: Expr): Form | undefined {
    if (value.kind === 'r' || value.kind === 'v') return undefined;
    const moved = isArithmetic(value) ? value : bits(value);
    const fused =
      moved.op === 'select' ? this.select(moved, 'set select/') : this.bitField(moved, 'set bits/');
    if (fused !== undefined) return { ...fused, operands: list(to, ...fused.operands) };
    const form = this.form(USES.of('set', moved.op), moved);
    if (form !== undefined) {
      const { name, memory, how } = form;
      return { name, operands: list(to, ...form.operands), memory, computes: FORMS.of(moved.op, how) };
    }
    if (moved.op === 'get')
      return { name: FORMS.of(KINDS.of('set', moved.kind), 'r'), operands: list(to, word(moved)) };
    if (moved.op !== 'const')
      return { name: FORMS.of(KINDS.of('set', moved.kind), 'e'), operands: [to, this.value(moved)] };
    if (moved.kind === 'i') return { name: 'set.i/k', operands: list(to, moved.low) };
    return { name: 'set.I/k', operands: list(to, moved.low, moved.high) };
  }

  private storeForm(statement: Store): Form {
    const { name, value } = this.stored(statement);
    const { address, memoryOffset, offset } = statement;
    const memory = this.views(statement.memidx);
    let what: Leaf = value.op === 'get' ? 'r' : value.op === 'const' && value.kind === 'i' ? 'k' : 'e';
    let where: 'r' | 'e' = address.op === 'get' ? 'r' : 'e';
    if (!this.has(FORMS.of(name, HOWS[where][what]))) what = 'e';
    if (!this.has(FORMS.of(name, HOWS[where][what]))) where = 'e';
    const operands = [
      where === 'r' ? word(address) : this.value(address),
      what === 'e' ? this.value(value) : leafOperand(value),
      memoryOffset,
      memory,
      offset,
    ];
    return { name: FORMS.of(name, HOWS[where][what]), operands, memory };
  }

  override value(expr: Expr): unknown {
    const load = this.forLanes === undefined ? undefined : gathered(this.forLanes, '', expr);
    if (load !== undefined) return load;
    const form =
      expr.op === 'select'
        ? this.select(expr, 'select/')
        : (this.bitField(expr, 'bits/') ?? this.form(expr.op, expr));
    return form === undefined ? super.value(expr) : this.made(form.name, form.operands);
  }

  private select({ kind, a, b, condition }: Select, prefix: string): Form | undefined {
    const name = prefix + leaf(a) + leaf(b);
    if (kind !== 'i' || !this.has(name)) return undefined;
    const operand = (value: Expr) => (leaf(value) === 'e' ? this.value(value) : leafOperand(value));
    return { name, operands: [operand(a), operand(b), this.value(condition)] };
  }

  /** (x >>> k) & mask, in one closure if the set has it. */
  private bitField(expr: Expr, prefix: string): Form | undefined {
    if (expr.op !== 'i32.and') return undefined;
    const { a, b } = expr;
    if (b?.op !== 'const' || a.op !== 'i32.shr_u' || a.b?.op !== 'const') return undefined;
    const how = a.a.op === 'get' ? 'r' : 'e';
    const name = prefix + how;
    if (!this.has(name)) return undefined;
    const x = how === 'r' ? word(a.a) : this.value(a.a);
    return { name, operands: [x, a.b.low, b.low] };
  }

  /**
   * The most specific factory there is for an expression's operands, and what it captures of them: a slot (r), a constant (k) or a
   * closure (e). Undefined when the prefix has no form at all.
   */
  private form(prefix: string, expr: Expr): OperandForm | undefined {
    if (!isOperation(expr)) return undefined;
    return expr.b === undefined ? this.unaryForm(prefix, expr) : this.binaryForm(prefix, expr, expr.b);
  }

  private unaryForm(prefix: string, expr: Load | Compute): OperandForm | undefined {
    const { a, offset } = expr;
    let how = a.op === 'get' ? 'r' : 'e';
    if (!this.has(FORMS.of(prefix, how))) how = 'e';
    const name = FORMS.of(prefix, how);
    if (!this.has(name)) return undefined;
    const operands = list(how === 'r' ? word(a) : this.value(a));
    const memory = 'memidx' in expr ? this.views(expr.memidx) : undefined;
    if ('memidx' in expr) operands.push(expr.memoryOffset, memory, offset);
    else if (offset >= 0) operands.push(offset);
    return { name, operands, memory, how };
  }

  private binaryForm(prefix: string, { a, offset }: Load | Compute, b: Expr): OperandForm | undefined {
    const left = a.op === 'get' ? 'r' : 'e';
    const right = leaf(b);
    let how: string = HOWS[left][right];
    if (!this.has(FORMS.of(prefix, how))) how = HOWS.e[right];
    if (!this.has(FORMS.of(prefix, how))) how = HOWS[left].e;
    if (!this.has(FORMS.of(prefix, how))) how = HOWS.e.e;
    const name = FORMS.of(prefix, how);
    if (!this.has(name)) return undefined;
    const operands = list(how[0] === 'r' ? word(a) : this.value(a));
    if (how[1] === 'e') operands.push(this.value(b));
    else if (b.op === 'const' && b.kind === 'I') operands.push(b.low, b.high);
    else if (b.op === 'const') operands.push(constantNumber(b));
    else operands.push(word(b));
    if (offset >= 0) operands.push(offset);
    return { name, operands, how };
  }
}

/**
 * What a factory is called with. V8 keeps an array of nothing but numbers, one of them a fraction, as doubles, and what is read from it are
 * doubles, slots as well: a closure that captured one would add doubles for ever. A rest parameter is never such an array.
 */
function list(...operands: unknown[]): unknown[] {
  return operands;
}

/** The form of an operand: a slot, a constant, or a closure. */
function leaf(expr: Expr): Leaf {
  return expr.op === 'get' ? 'r' : expr.op === 'const' ? 'k' : 'e';
}
/** What a closure captures of a slot, or of a constant of one word. */
function leafOperand(expr: Expr): number {
  return expr.op === 'const' ? expr.low : word(expr);
}
