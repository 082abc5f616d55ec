/**
 * Blocks to closures, last block first, so that a branch forward captures the step it goes to. Statements are chained by
 * continuation, branches forward call their target, and a branch back returns the loop's header to the nearest loop step. What the
 * host's stack holds is bounded: a chain longer than MAX_CHAIN goes through the trampoline.
 */

import { isRef } from '../decoder';
import { InternalError } from '../errors';
import type { LoopCell, Safepoint } from './code';
import { bits, constantNumber, type Expr, isArithmetic } from './expr';
import { type Factories, type Factory, freshFactory, hasFreshFactories, sharedFactories } from './factories';
import type { Block, Statement, Target, Terminator } from './ir';
import type { Lowering } from './lower';
import { type Step, stack } from './registers';

const MAX_CHAIN = 120;

interface Loop {
  readonly cell: LoopCell;
  readonly header: Step;
}

export function assemble(lowering: Lowering): void {
  new Assembler(lowering).run();
}

class Assembler {
  private readonly lowering: Lowering;
  private readonly shared: Factories;
  private readonly hot: boolean;
  private readonly steps: Step[] = [];
  /** Longest chain of host calls from each block's start. */
  private readonly depths: number[] = [];
  /** By the block of the loop label. */
  private readonly loops = new Map<number, Loop>();
  private depth = 0;
  /** The statement of the block being assembled that is still to do, from the end. */
  private last = 0;
  /** The block being assembled. */
  private current = 0;

  constructor(lowering: Lowering) {
    this.lowering = lowering;
    this.shared = sharedFactories();
    this.hot = lowering.code.hot && hasFreshFactories();
  }

  run(): void {
    const { blocks, code, locals, func } = this.lowering;
    for (let k = blocks.length - 1; k >= 0; k--) {
      this.depth = 0;
      this.current = k;
      const block = blocks[k];
      let step = this.end(block);
      for (let s = this.last; s >= 0; s--) {
        const pair = s > 0 ? this.pair(block.statements[s - 1], block.statements[s]) : undefined;
        if (pair !== undefined) s--;
        const next = this.bounded(step);
        step = pair === undefined ? this.statement(block.statements[s], next) : pair(next);
      }
      const loop = this.loops.get(k);
      if (loop !== undefined) {
        loop.cell.body = step;
        step = loop.header;
        this.depth += 2;
      }
      this.steps[k] = step;
      this.depths[k] = this.depth;
    }
    code.size = this.lowering.highest;
    const params = 2 * func.type.params.length;
    const zeroTo = 2 * locals.length;
    code.entrySite.resume = this.steps[0];
    const enter = this.make('enter')(code.entrySite, code.size, params, zeroTo, this.steps[0]) as Step;
    code.entry = this.lowering.usesRefs ? this.enterWithRefs(enter) : enter;
  }

  /** References: the parallel array covers the frame, and locals start as null. */
  private enterWithRefs(enter: Step): Step {
    const { refs } = stack();
    const { code, locals, func } = this.lowering;
    const cleared: number[] = [];
    for (let k = func.type.params.length; k < locals.length; k++) if (isRef(locals[k])) cleared.push(k);
    return (fp) => {
      const first = fp >> 1;
      for (let missing = first + (code.size >> 1) - refs.length; missing > 0; missing--) refs.push(null);
      for (const k of cleared) refs[first + k] = null;
      return enter(fp);
    };
  }

  // Factories

  private make(name: string): Factory {
    const factory = this.shared[name];
    if (factory === undefined) throw new InternalError(`no factory ${name}`);
    return this.hot ? freshFactory(name) : factory;
  }
  private has(name: string): boolean {
    return this.shared[name] !== undefined;
  }

  /** Keeps the host's stack shallow. */
  private bounded(step: Step): Step {
    if (++this.depth < MAX_CHAIN) return step;
    this.depth = 1;
    return this.make('hop')(step) as Step;
  }

  // Terminators

  private target({ label, back }: Target): Step {
    if (back === undefined) {
      const depth = this.depths[label.block];
      if (depth === undefined) throw new InternalError('a branch goes back without a safepoint');
      if (depth + 1 > this.depth) this.depth = depth + 1;
      return this.steps[label.block];
    }
    return this.make('back')(back, this.header(label.block, back)) as Step;
  }

  /** The header of the loop at a block; the code that it runs may be assembled later. */
  private header(block: number, site: Safepoint): Step {
    let loop = this.loops.get(block);
    if (loop === undefined) {
      const cell: LoopCell = { body: null };
      loop = { cell, header: this.make('loop')(cell) as Step };
      this.loops.set(block, loop);
      this.lowering.code.loops.set(site.targetLoop, loop.header);
    }
    site.resume = loop.header;
    return loop.header;
  }

  /** The block's terminator, together with the last statement when one closure can do both. */
  private end(block: Block): Step {
    const { statements, end } = block;
    this.last = statements.length - 1;
    if (end === undefined) throw new InternalError('a block has no end');
    const before = statements[this.last];
    if (
      end.kind === 'if' &&
      end.condition.name === 'get' &&
      before?.kind === 'set' &&
      before.to === end.condition.lo
    ) {
      const fused = this.setAndTest(before.to, before.value, end);
      if (fused !== undefined) {
        this.last--;
        return fused;
      }
    }
    return this.terminator(end);
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

  private terminator(end: Terminator): Step {
    switch (end.kind) {
      case 'jump':
        return this.target(end.to);
      case 'if':
        return this.branch(end.condition, end.yes, end.no);
      case 'table': {
        const targets = end.targets.map((target) => this.target(target));
        const { index } = end;
        if (index.name === 'get' && this.has('br_table/r')) {
          return this.make('br_table/r')(index.lo, targets, targets.length - 1) as Step;
        }
        return this.make('br_table')(this.value(index), targets, targets.length - 1) as Step;
      }
      case 'return':
        return this.make('return')() as Step;
      case 'unreachable':
        return this.make('unreachable')(end.at) as Step;
      case 'tail':
        return this.make('tail')(end.prepare) as Step;
      case 'bulk': {
        const step = this.make('bulk')(end.operation, end.at, end.site, this.nextBlock()) as Step;
        end.site.resume = step;
        return step;
      }
      case 'call':
        end.site.next = this.nextBlock();
        return this.make('call')(end.site, end.site.base, end.callee, end.site.next) as Step;
      case 'call_indirect': {
        end.site.next = this.nextBlock();
        const { site, index, table, typeId, at } = end;
        return this.make('call_indirect')(
          site,
          site.base,
          this.value(index),
          table,
          typeId,
          at,
          site.next,
        ) as Step;
      }
    }
  }

  /** The block behind a call or a bulk operation was assembled just before. */
  private nextBlock(): Step {
    const next = this.current + 1;
    if (this.depths[next] < MAX_CHAIN) this.depth = this.depths[next] + 1;
    else {
      this.depth = 1;
      return this.make('hop')(this.steps[next]) as Step;
    }
    return this.steps[next];
  }

  private branch(condition: Expr, yes: Target, no: Target): Step {
    while (condition.name === 'i32.eqz') {
      condition = condition.a!;
      [yes, no] = [no, yes];
    }
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

  // Statements

  private statement(statement: Statement, next: Step): Step {
    switch (statement.kind) {
      case 'set':
        return this.set(statement.to, statement.value, next);
      case 'drop':
        return this.make('drop/e')(this.value(statement.value), next) as Step;
      case 'effect':
        return this.make('effect')(statement.effect, statement.at, next) as Step;
      case 'global.set': {
        const value = bits(statement.value);
        return this.make(`global.set.${value.kind}/e`)(
          statement.cells,
          statement.at,
          this.value(value),
          next,
        ) as Step;
      }
      case 'store':
        return this.store(statement, next);
    }
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

  private set(to: number, value: Expr, next: Step): Step {
    if (value.kind === 'r') return this.make('set.r/r')(to, value.lo, next) as Step;
    const moved = isArithmetic(value) ? value : bits(value);
    if (moved.name === 'get') return this.make(`set.${moved.kind}/r`)(to, moved.lo, next) as Step;
    if (moved.name === 'const') {
      return (
        moved.kind === 'i'
          ? this.make('set.i/k')(to, moved.lo, next)
          : this.make('set.I/k')(to, moved.lo, moved.hi, next)
      ) as Step;
    }
    const field = this.bitField(moved, 'set bits');
    if (field !== undefined) return field.factory(to, ...field.operands, next) as Step;
    const form = this.form(`set ${moved.name}`, moved);
    if (form !== undefined) return form.factory(to, ...form.operands, next) as Step;
    return this.make(`set.${moved.kind}/e`)(to, this.value(moved), next) as Step;
  }

  private store(statement: Extract<Statement, { kind: 'store' }>, next: Step): Step {
    let { name, value } = statement;
    if ((value.kind === 'f' || value.kind === 'F') && !isArithmetic(value)) {
      value = bits(value);
      name = value.kind === 'i' ? 'i32.store' : 'i64.store';
    }
    const tracked = statement.memory.dirty !== undefined;
    if (tracked) name = `track ${name}`;
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

  // Values

  /** A closure that computes the expression. */
  value(expr: Expr): unknown {
    switch (expr.name) {
      case 'get':
        return this.make(`get.${expr.kind}`)(expr.lo);
      case 'const':
        return expr.kind === 'I'
          ? this.make('const.I')(expr.lo, expr.hi)
          : this.make('const')(constantNumber(expr));
      case 'global.get':
        return this.globalGet(expr);
      case 'select':
        return this.select(expr);
      case 'index64':
        return this.make('index64')(this.value(expr.a!), expr.trap, expr.at);
      case 'address':
        return this.make('address')(this.value(expr.a!), expr.lo, expr.hi, expr.memory, expr.at);
    }
    const field = this.bitField(expr, 'bits');
    if (field !== undefined) return field.factory(...field.operands);
    const form = this.form(expr.name, expr);
    if (form === undefined) throw new InternalError(`no form of ${expr.name}`);
    return form.factory(...form.operands);
  }

  private select(expr: Expr): unknown {
    const a = expr.a!;
    const b = expr.b!;
    const condition = this.value(expr.c!);
    const [left, right] = [leaf(a), leaf(b)];
    if (expr.kind !== 'i' || !this.has(`select/${left}${right}`)) {
      return this.make('select')(this.value(a), this.value(b), condition);
    }
    const operand = (form: string, value: Expr) => (form === 'e' ? this.value(value) : value.lo);
    return this.make(`select/${left}${right}`)(operand(left, a), operand(right, b), condition);
  }

  /** (x >>> k) & mask, in one closure if the set has it. */
  private bitField(expr: Expr, prefix: string): { factory: Factory; operands: unknown[] } | undefined {
    const { a, b } = expr;
    if (expr.name !== 'i32.and' || b?.name !== 'const' || a?.name !== 'i32.shr_u' || a.b!.name !== 'const')
      return undefined;
    const how = a.a!.name === 'get' ? 'r' : 'e';
    if (!this.has(`${prefix}/${how}`)) return undefined;
    const x = how === 'r' ? a.a!.lo : this.value(a.a!);
    return { factory: this.make(`${prefix}/${how}`), operands: [x, a.b!.lo, b.lo] };
  }

  private globalGet(expr: Expr): unknown {
    if (expr.kind === 'i' || expr.kind === 'I')
      return this.make(`global.get.${expr.kind}`)(expr.cells, expr.lo);
    const word = this.globalGet(bits(expr));
    return this.make(expr.kind === 'f' ? 'f32.reinterpret_i32/e' : 'f64.reinterpret_i64/e')(word);
  }

  /**
   * The most specific factory there is for an expression's operands, and what it captures of them: a slot (r), a constant (k) or a
   * closure (e). Undefined when the prefix has no form at all.
   */
  private form(prefix: string, expr: Expr): { factory: Factory; operands: unknown[] } | undefined {
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
