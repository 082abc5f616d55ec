/**
 * Blocks to closures, last block first, so that a branch forward captures the step it goes to. Statements are chained by
 * continuation, branches forward call their target, and a branch back returns the loop's header to the nearest loop step. What the
 * host's stack holds is bounded: a chain longer than MAX_CHAIN goes through the trampoline.
 *
 * This takes the forms that every set of factories has; forms.ts looks for better ones.
 */

import { InternalError } from '../errors';
import {
  bits,
  type Call,
  type CallIndirect,
  type CallRef,
  type Compute,
  type Const,
  type Expr,
  type GlobalGet,
  isArithmetic,
  type Load,
  type LoweredBody,
  type Store,
  safepointOf,
} from '../lowering';
import type { Func, Instance, Views } from '../runtime';
import {
  type Back,
  type Blocks,
  type Header,
  isBack,
  MAX_CHAIN,
  type Simple,
  type Handlers as StaticHandlers,
  type Target,
  type Terminator,
} from './blocks';
import { makeBulk } from './bulk';
import { CatchingSteps } from './catching';
import { CallSite, type Code, codeOf, type Handlers, type LoopCell, type Safepoint } from './code';
import { makeEffect } from './effects';
import { entryStep } from './entry';
import { throwRefStep, throwStep } from './exceptions';
import { type Factory, type FactorySource, factorySource, vectorFactorySource } from './factories';
import { LateBlocks } from './late';
import { ByOffset } from './offsets';
import { stack } from './registers';
import type { Step } from './step';
import { prepareIndirectTail, prepareTail, prepareTailRef } from './tail';
import { type Parts, partsOf } from './vector-parts';
import { setVector, vectorStore, vectorTest } from './vectors';
import { constantNumber, word } from './words';

interface Loop {
  readonly cell: LoopCell;
  readonly header: Step;
}

export function assembler(
  code: Code,
  body: LoweredBody,
  instance: Instance,
  blocks: Blocks,
  isLate: boolean,
): Assembler {
  return new Assembler(code, body, instance, blocks, isLate);
}

export class Assembler {
  protected readonly code: Code;
  protected readonly body: LoweredBody;
  readonly instance: Instance;
  protected readonly blocks: Blocks;
  /** Blocks that are assembled when they first run, or when somebody looks for a place in them: all or none. */
  protected readonly late: LateBlocks | undefined;
  private readonly factories: FactorySource;
  /** Filled from the last block on: an array that grew that way would be moved again and again. */
  protected readonly steps: Step[];
  /** Longest chain of host calls from each block's start. */
  protected readonly depths: Uint8Array;
  /** By the block of the loop label. */
  private readonly loops = new ByOffset<Loop>();
  protected depth = 0;
  /** The block being assembled; those from the next one on are done. */
  protected current: number;

  constructor(code: Code, body: LoweredBody, instance: Instance, blocks: Blocks, isLate: boolean) {
    this.code = code;
    this.body = body;
    this.instance = instance;
    this.blocks = blocks;
    this.factories = factorySource(code.hot);
    this.current = blocks.length;
    this.steps = new Array(blocks.length);
    this.depths = new Uint8Array(blocks.length);
    if (!isLate) return;
    const late = new LateBlocks(blocks, { make: (k) => this.assemble(k), begin: () => this.begin() });
    this.late = late;
    code.rest = () => late.makeRest();
    code.lateLoop = (targetLoop) => {
      const header = blocks.header('targetLoop', targetLoop);
      return header && this.stepAt(header.block);
    };
  }

  /** Assembles some blocks; a statement counts as four of `most`. True when the code is complete, but for what is made late. */
  run(most: number): boolean {
    const { blocks, code, body } = this;
    let left = most;
    while (this.current > 0 && this.late === undefined) {
      if (left <= 0) return false;
      const k = this.current - 1;
      const end = blocks.ends[k];
      left -= 4 * blocks.statements[k].length + (end.kind === 'table' ? end.targets.length : 1);
      this.assemble(k);
    }
    code.size = 2 * body.slots;
    this.begin();
    return true;
  }

  private begin(): void {
    const { code, body } = this;
    const first = this.stepAt(0);
    code.entrySite.resume = first;
    code.enterAt(entryStep(code, body, (name) => this.make(name), first));
  }

  /** Gives the block's code, which in a loop is that behind the header. */
  private assemble(k: number): Step {
    const { blocks } = this;
    this.current = k;
    this.depth = 0;
    this.handlers = blocks.handlers[k];
    const step = this.block(blocks.statements[k], blocks.ends[k]);
    this.put(k, step, this.depth);
    return step;
  }

  /** Where blocks before it go: to its code, or to a step that makes it. */
  protected stepAt(k: number): Step {
    if (this.steps[k] === undefined) {
      if (this.late === undefined) throw new InternalError('a branch back without a safepoint');
      this.put(k, this.late.step(k), 1);
    }
    return this.steps[k];
  }

  private put(k: number, step: Step, depth: number): void {
    const place = this.blocks.header('block', k);
    if (place === undefined) {
      this.steps[k] = step;
      this.depths[k] = depth;
      return;
    }
    const { cell, header } = this.loop(place);
    cell.body = step;
    this.steps[k] = header;
    this.depths[k] = depth + 2;
  }

  // Factories

  make(name: string): Factory {
    const factory = this.factories.make(name);
    if (factory === undefined) throw new InternalError(`no factory ${name}`);
    return factory;
  }
  has(name: string): boolean {
    return this.factories.has(name);
  }

  /** Where the factories of SIMD are: apart, as most programs need none. */
  vectorFactories(): FactorySource {
    return vectorFactorySource(this.code.hot);
  }

  /** While a vector is assembled, what from. */
  forLanes: Parts | undefined = undefined;

  /** Keeps the host's stack shallow. */
  bounded(step: Step): Step {
    if (++this.depth < MAX_CHAIN) return step;
    this.depth = 1;
    return this.make('hop')(step) as Step;
  }

  // Terminators

  protected target(target: Target): Step {
    if (isBack(target)) return this.make('back')(...this.back(target)) as Step;
    const block = typeof target === 'number' ? target : target.block;
    const step = this.stepAt(block);
    const depth = this.depths[block];
    // Branches alone make chains too: thousands of `br_if` in a row.
    if (depth >= this.longest(block)) {
      this.depth = Math.max(this.depth, 1);
      return this.make('hop')(step) as Step;
    }
    this.depth = Math.max(this.depth, depth + 1);
    return step;
  }

  /** The chain behind a block, for which a branch to it goes through the trampoline. */
  protected longest(_block: number): number {
    return MAX_CHAIN;
  }

  /** The safepoint of a branch back to a loop, and the loop's header; the code that it runs may be assembled later. */
  protected back({ header: place, branch }: Back): [site: Safepoint, header: Step] {
    const { offset, targetLoop, operands } = safepointOf(branch)!;
    const header = this.late === undefined ? this.loop(place).header : this.stepAt(place.block);
    return [{ code: this.code, kind: 'loop', offset, targetLoop, operands, resume: header }, header];
  }

  private loop({ block, targetLoop }: Header): Loop {
    let loop = this.loops.get(block);
    if (loop === undefined) {
      const cell: LoopCell = { body: null };
      loop = { cell, header: this.make(this.loopForm())(cell) as Step };
      this.loops.set(block, loop);
      this.code.loops.set(targetLoop, loop.header);
    }
    return loop;
  }

  protected loopForm(): string {
    return 'loop';
  }

  protected block(statements: readonly Simple[], end: Terminator): Step {
    let step = this.terminator(end);
    for (let k = statements.length - 1; k >= 0; k--) step = this.statement(statements[k], this.bounded(step));
    return step;
  }

  protected terminator(end: Terminator): Step {
    switch (end.kind) {
      case 'place':
      case 'back':
        return this.target(end);
      case 'if':
        return this.branch(end.condition, end.yes, end.no);
      case 'table':
        return this.table(end.index, this.targetsOf(end.targets));
      case 'return':
        return this.make('return')() as Step;
      case 'unreachable':
        return this.make('unreachable')(end.offset) as Step;
      case 'throw':
        return throwStep(this.instance.tags[end.tagidx], end, this.handlersHere());
      case 'throw_ref':
        return throwRefStep(end, this.handlersHere());
      case 'tail':
        return this.make('tail')(prepareTail(this.instance, end, this.body.usesRefs)) as Step;
      case 'tail_indirect':
        return this.make('tail')(prepareIndirectTail(this.instance, end, this.body.usesRefs)) as Step;
      case 'tail_ref':
        return this.make('tail')(prepareTailRef(end, this.body.usesRefs)) as Step;
      case 'bulk': {
        const offset = end.offset - this.body.start;
        const { operands } = end;
        const site: Safepoint = {
          code: this.code,
          kind: 'bulk',
          offset,
          targetLoop: -1,
          operands,
          resume: null,
        };
        this.code.bulks.set(offset, site);
        const operation = makeBulk(this.instance, end);
        site.resume = this.make('bulk')(operation, 2 * end.slot, site, this.nextBlock()) as Step;
        return site.resume;
      }
      case 'call': {
        const callee = this.instance.funcAt(end.funcidx);
        const site = this.callSite(end, callee);
        return this.make('call')(site, site.base, codeOf(callee), site.next) as Step;
      }
      case 'call_ref': {
        const site = this.callSite(end, null);
        return this.make('call_ref')(site, site.base, 2 * end.callee, end.offset, site.next) as Step;
      }
      case 'call_indirect': {
        const site = this.callSite(end, null);
        const { typeidx, tableidx, index, offset } = end;
        const { module, tables } = this.instance;
        const typeId = module.types[typeidx].id;
        return this.make('call_indirect')(
          site,
          site.base,
          this.value(index),
          tables[tableidx],
          typeId,
          offset,
          site.next,
        ) as Step;
      }
    }
  }

  /** Equal targets of a table are one step. */
  private targetsOf(targets: readonly Target[]): Step[] {
    const made = new Map<Target, Step>();
    return targets.map((target) => {
      const step = made.get(target) ?? this.target(target);
      made.set(target, step);
      return step;
    });
  }

  protected callSite(call: Call | CallIndirect | CallRef, callee: Func | null): CallSite {
    const site = new CallSite(this.code, call.site, callee, call.operands, 2 * call.slot);
    site.handlers = this.handlersHere();
    site.next = this.nextBlock();
    this.code.calls.set(call.site, site);
    return site;
  }

  /** Of the block at hand, whose terminator may throw. */
  private handlers: StaticHandlers | undefined;
  /** Handlers are entered by the trampoline: no chain leads there. */
  private readonly catching = new CatchingSteps((target) => {
    const { depth } = this;
    const step = this.target(target);
    this.depth = depth;
    return step;
  });

  private handlersHere(): Handlers | null {
    return this.catching.at(this.instance, this.handlers);
  }

  /** The block behind a call or a bulk operation was assembled just before. */
  protected nextBlock(): Step {
    const next = this.current + 1;
    const step = this.stepAt(next);
    if (this.depths[next] >= MAX_CHAIN) {
      this.depth = 1;
      return this.make('hop')(step) as Step;
    }
    this.depth = this.depths[next] + 1;
    return step;
  }

  protected table(index: Expr, targets: Step[]): Step {
    return this.make('br_table')(this.value(index), targets, targets.length - 1) as Step;
  }

  protected branch(condition: Expr, yes: Target, no: Target): Step {
    if (condition.op === 'i32.eqz') return this.branch(condition.a, no, yes);
    return this.make('if/e')(this.value(condition), this.target(yes), this.target(no)) as Step;
  }

  // Statements

  protected statement(statement: Simple, next: Step): Step {
    switch (statement.kind) {
      case 'set':
        return this.set(2 * statement.slot, statement.value, next);
      case 'drop':
        return this.make('drop/e')(this.value(statement.value), next) as Step;
      case 'move': {
        const { to, from, count } = statement;
        const move = moveSlots(from - to, count, this.body.usesRefs);
        return this.make('effect')(move, 2 * to, next) as Step;
      }
      case 'effect':
        return this.make('effect')(makeEffect(this.instance, statement), 2 * statement.slot, next) as Step;
      case 'global.set': {
        const value = bits(statement.value);
        const { cells, at } = this.instance.globals[statement.globalidx];
        if (value.kind === 'v')
          return partsOf(this).make('global.set.v')(cells, at, word(value), next) as Step;
        return this.make(`global.set.${value.kind}/e`)(cells, at, this.value(value), next) as Step;
      }
      case 'store':
        return this.store(statement, next);
      case 'vector.store':
        return vectorStore(partsOf(this), statement, next);
    }
  }

  set(to: number, value: Expr, next: Step): Step {
    if (value.kind === 'v') return setVector(partsOf(this), to, value, next);
    if (value.kind === 'r') return this.make('set.r/r')(to, word(value), next) as Step;
    const moved = isArithmetic(value) ? value : bits(value);
    if (moved.op === 'get') return this.make(`set.${moved.kind}/r`)(to, word(moved), next) as Step;
    if (moved.op === 'const') {
      return (
        moved.kind === 'i'
          ? this.make('set.i/k')(to, moved.low, next)
          : this.make('set.I/k')(to, moved.low, moved.high, next)
      ) as Step;
    }
    return this.make(`set.${moved.kind}/e`)(to, this.value(moved), next) as Step;
  }

  protected store(statement: Store, next: Step): Step {
    const { name, value } = this.stored(statement);
    const { address, memoryOffset, offset } = statement;
    const captured = [this.value(address), this.value(value), memoryOffset, this.views(statement.memidx)];
    return this.make(`${name}/ee`)(...captured, offset, next) as Step;
  }

  /** The factories of a store and its operand: a float that is only moved is stored as bits. */
  protected stored({ op, value, memidx }: Store): { name: string; value: Expr } {
    const moved = (value.kind === 'f' || value.kind === 'F') && !isArithmetic(value) ? bits(value) : value;
    const name = moved === value ? op : moved.kind === 'i' ? 'i32.store' : 'i64.store';
    return { name: this.views(memidx).dirty === undefined ? name : `track ${name}`, value: moved };
  }

  views(memidx: number): Views {
    return this.instance.memories[memidx].views;
  }

  // Values

  /** A closure that computes the expression. */
  value(expr: Expr): unknown {
    switch (expr.op) {
      case 'get':
        return this.make(`get.${expr.kind}`)(word(expr));
      case 'const':
        return expr.kind === 'I'
          ? this.make('const.I')(expr.low, expr.high)
          : this.make('const')(constantNumber(expr));
      case 'global.get':
        return this.globalGet(expr);
      case 'select':
        return this.make('select')(this.value(expr.a), this.value(expr.b), this.value(expr.condition));
      case 'is_null':
        return this.make('is_null')(word(expr.a));
      case 'narrow':
        return this.make('index64')(this.value(expr.a), expr.trap, expr.offset);
      case 'address': {
        const { a, memoryOffset, bytes, memidx, offset } = expr;
        return this.make('address')(this.value(a), memoryOffset, bytes, this.views(memidx), offset);
      }
      case 'vector':
        return vectorTest(partsOf(this), expr);
      case 'build':
        throw new InternalError('a vector is computed into its slots');
      default:
        return this.computed(expr);
    }
  }

  /** An instruction of nested closures, or of one and a constant. */
  private computed(expr: Load | Compute): unknown {
    const { op, a, b, offset } = expr;
    const operands: unknown[] = [this.value(a)];
    const form = b === undefined ? 'e' : this.has(`${op}/ee`) ? 'ee' : 'ek';
    if (b !== undefined) operands.push(form === 'ee' ? this.value(b) : (b as Const).low);
    if ('memidx' in expr) operands.push(expr.memoryOffset, this.views(expr.memidx));
    if (offset >= 0) operands.push(offset);
    return this.make(`${op}/${form}`)(...operands);
  }

  private globalGet(expr: GlobalGet): unknown {
    if (expr.kind === 'i' || expr.kind === 'I') {
      const { cells, at } = this.instance.globals[expr.globalidx];
      return this.make(`global.get.${expr.kind}`)(cells, at);
    }
    const word = this.globalGet(bits(expr) as GlobalGet);
    return this.make(expr.kind === 'f' ? 'f32.reinterpret_i32/e' : 'f64.reinterpret_i64/e')(word);
  }
}

/** Moves so many slots down to the word index it is called with, from `distance` slots above. */
function moveSlots(distance: number, count: number, hasRefs: boolean): (at: number) => void {
  const { ints, refs } = stack();
  return (at) => {
    ints.copyWithin(at, at + 2 * distance, at + 2 * (distance + count));
    if (!hasRefs) return;
    const first = at >> 1;
    for (let k = first; k < first + count; k++) refs[k] = refs[k + distance];
  };
}
