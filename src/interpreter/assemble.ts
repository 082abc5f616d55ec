/**
 * Blocks to closures, last block first, so that a branch forward captures the step it goes to. Statements are chained by
 * continuation, branches forward call their target, and a branch back returns the loop's header to the nearest loop step. What the
 * host's stack holds is bounded: a chain longer than MAX_CHAIN goes through the trampoline.
 *
 * This takes the forms that every set of factories has; forms.ts looks for better ones.
 */

import { isRef } from '../decoder';
import { InternalError } from '../errors';
import type { LoopCell, Safepoint } from './code';
import { bits, constantNumber, type Expr, isArithmetic } from './expr';
import { type Factory, type FactorySource, factorySource } from './factories';
import type { Block, Statement, Target, Terminator } from './ir';
import type { Lowering } from './lower';
import { type Step, stack } from './registers';

export const MAX_CHAIN = 120;

export type Store = Extract<Statement, { kind: 'store' }>;

interface Loop {
  readonly cell: LoopCell;
  readonly header: Step;
}

export function assembler(lowering: Lowering): Assembler {
  return new Assembler(lowering);
}

export class Assembler {
  protected readonly lowering: Lowering;
  private readonly factories: FactorySource;
  protected readonly steps: Step[] = [];
  /** Longest chain of host calls from each block's start. */
  protected readonly depths: number[] = [];
  /** By the block of the loop label. */
  private readonly loops = new Map<number, Loop>();
  protected depth = 0;
  /** The block being assembled; those from the next one on are done. */
  protected current: number;

  constructor(lowering: Lowering) {
    this.lowering = lowering;
    this.factories = factorySource(lowering.code.hot);
    this.current = lowering.blocks.length;
  }

  /** Assembles some blocks; a statement counts as four of `most`. True when the code is complete. */
  run(most: number): boolean {
    const { blocks, code, locals, func } = this.lowering;
    for (let left = most; this.current > 0; left -= 4 * blocks[this.current].statements.length + 1) {
      if (left <= 0) return false;
      const k = --this.current;
      this.depth = 0;
      let step = this.body(blocks[k]);
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
    return true;
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

  protected make(name: string): Factory {
    const factory = this.factories.make(name);
    if (factory === undefined) throw new InternalError(`no factory ${name}`);
    return factory;
  }
  protected has(name: string): boolean {
    return this.factories.has(name);
  }

  /** Keeps the host's stack shallow. */
  protected bounded(step: Step): Step {
    if (++this.depth < MAX_CHAIN) return step;
    this.depth = 1;
    return this.make('hop')(step) as Step;
  }

  // Terminators

  protected target({ label, back }: Target): Step {
    if (back === undefined) {
      const depth = this.depths[label.block];
      if (depth === undefined) throw new InternalError('a branch back without a safepoint');
      // Branches alone make chains too: thousands of `br_if` in a row.
      if (depth >= this.longest(label.block)) {
        this.depth = Math.max(this.depth, 1);
        return this.make('hop')(this.steps[label.block]) as Step;
      }
      this.depth = Math.max(this.depth, depth + 1);
      return this.steps[label.block];
    }
    return this.make('back')(back, this.header(label.block, back)) as Step;
  }

  /** The chain behind a block, for which a branch to it goes through the trampoline. */
  protected longest(_block: number): number {
    return MAX_CHAIN;
  }

  /** The header of the loop at a block; the code that it runs may be assembled later. */
  protected header(block: number, site: Safepoint): Step {
    let loop = this.loops.get(block);
    if (loop === undefined) {
      const cell: LoopCell = { body: null };
      loop = { cell, header: this.make(this.loopForm())(cell) as Step };
      this.loops.set(block, loop);
      this.lowering.code.loops.set(site.targetLoop, loop.header);
    }
    site.resume = loop.header;
    return loop.header;
  }

  protected loopForm(): string {
    return 'loop';
  }

  protected body({ statements, end }: Block): Step {
    let step = this.terminator(end!);
    for (let k = statements.length - 1; k >= 0; k--) step = this.statement(statements[k], this.bounded(step));
    return step;
  }

  protected terminator(end: Terminator): Step {
    switch (end.kind) {
      case 'jump':
        return this.target(end.to);
      case 'if':
        return this.branch(end.condition, end.yes, end.no);
      case 'table': {
        const targets = end.targets.map((target) => this.target(target));
        return this.table(end.index, targets);
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
  protected nextBlock(): Step {
    const next = this.current + 1;
    if (this.depths[next] < MAX_CHAIN) this.depth = this.depths[next] + 1;
    else {
      this.depth = 1;
      return this.make('hop')(this.steps[next]) as Step;
    }
    return this.steps[next];
  }

  protected table(index: Expr, targets: Step[]): Step {
    return this.make('br_table')(this.value(index), targets, targets.length - 1) as Step;
  }

  protected branch(condition: Expr, yes: Target, no: Target): Step {
    if (condition.name === 'i32.eqz') return this.branch(condition.a!, no, yes);
    return this.make('if/e')(this.value(condition), this.target(yes), this.target(no)) as Step;
  }

  // Statements

  protected statement(statement: Statement, next: Step): Step {
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

  protected set(to: number, value: Expr, next: Step): Step {
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
    return this.make(`set.${moved.kind}/e`)(to, this.value(moved), next) as Step;
  }

  protected store(statement: Store, next: Step): Step {
    const { name, value } = stored(statement);
    const { address, offset, memory, at } = statement;
    return this.make(`${name}/ee`)(this.value(address), this.value(value), offset, memory, at, next) as Step;
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
        return this.make('select')(this.value(expr.a!), this.value(expr.b!), this.value(expr.c!));
      case 'index64':
        return this.make('index64')(this.value(expr.a!), expr.trap, expr.at);
      case 'address':
        return this.make('address')(this.value(expr.a!), expr.lo, expr.hi, expr.memory, expr.at);
    }
    return this.computed(expr);
  }

  /** An instruction of nested closures, or of one and a constant. */
  private computed({ name, a, b, lo, memory, at }: Expr): unknown {
    const operands: unknown[] = [this.value(a!)];
    const form = b === undefined ? 'e' : this.has(`${name}/ee`) ? 'ee' : 'ek';
    if (b !== undefined) operands.push(form === 'ee' ? this.value(b) : b.lo);
    if (memory !== undefined) operands.push(lo, memory);
    if (at >= 0) operands.push(at);
    return this.make(`${name}/${form}`)(...operands);
  }

  private globalGet(expr: Expr): unknown {
    if (expr.kind === 'i' || expr.kind === 'I')
      return this.make(`global.get.${expr.kind}`)(expr.cells, expr.lo);
    const word = this.globalGet(bits(expr));
    return this.make(expr.kind === 'f' ? 'f32.reinterpret_i32/e' : 'f64.reinterpret_i64/e')(word);
  }
}

/** The factories of a store and its operand: a float that is only moved is stored as bits. */
export function stored({ name, value, memory }: Store): { name: string; value: Expr } {
  if ((value.kind === 'f' || value.kind === 'F') && !isArithmetic(value)) {
    value = bits(value);
    name = value.kind === 'i' ? 'i32.store' : 'i64.store';
  }
  return { name: memory.dirty === undefined ? name : `track ${name}`, value };
}
