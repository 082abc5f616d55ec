/**
 * Which floats may be NaNs with bits of their own. JavaScript numbers do not keep these, so a slot that may hold one has variables for its
 * words beside that of the number: they count where the number is not a number. All other NaNs are canonical.
 */
import { F32, F64, type ModuleData, type ValType } from '../../decoder';
import { type Expr, isArithmetic, isExceptional, type LoweredBody, type Statement } from '../../lowering';
import { everyStatement } from './walk';

const isFloat = (type: ValType): boolean => type === F32 || type === F64;
const CANONICAL_F32 = 0x7fc00000;
const CANONICAL_F64 = 0x7ff80000;

/** Slots whose floats may have bits of their own. */
export interface Payloads {
  has(slot: number): boolean;
}

export function slotsWithPayloads(module: ModuleData, body: LoweredBody): Payloads {
  const search = new Search(module, body);
  search.run();
  return search.found;
}

class Search {
  readonly found = new Set<number>();
  /** To these slots values move from the slot. */
  private readonly moves = new Map<number, number[]>();
  private readonly module: ModuleData;
  private readonly body: LoweredBody;

  constructor(module: ModuleData, body: LoweredBody) {
    this.module = module;
    this.body = body;
  }

  run(): void {
    const { locals } = this.body;
    for (const { type, slot, count, localidx } of locals.groups) {
      if (!isFloat(type)) continue;
      for (let k = 0; k < count && localidx + k < locals.params; k++) this.found.add(slot + k);
    }
    everyStatement(this.body.statements, (statement) => this.look(statement));
    const open = [...this.found];
    for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
      for (const to of this.moves.get(slot) ?? []) {
        if (this.found.has(to)) continue;
        this.found.add(to);
        open.push(to);
      }
    }
  }

  private look(statement: Statement): void {
    const { types, funcTypes } = this.module;
    if (isExceptional(statement)) return;
    switch (statement.kind) {
      case 'set':
        if (isFloat(statement.value.type)) this.set(statement.slot, statement.value);
        return;
      case 'move':
        for (let k = 0; k < statement.count; k++) this.moved(statement.from + k, statement.to + k);
        return;
      case 'call':
        this.results(types[funcTypes[statement.funcidx]].composite.func.results, statement.slot);
        return;
      case 'call_indirect':
      case 'call_ref':
        this.results(types[statement.typeidx].composite.func.results, statement.slot);
        return;
      // They set no slot, or to what is no float; branches and blocks have their moves and statements looked at by themselves.
      case 'drop':
      case 'store':
      case 'vector.store':
      case 'global.set':
      case 'effect':
      case 'bulk':
      case 'tail':
      case 'tail_indirect':
      case 'tail_ref':
      case 'block':
      case 'loop':
      case 'if':
      case 'br':
      case 'br_if':
      case 'br_table':
      case 'return':
      case 'unreachable':
        return;
    }
    statement satisfies never;
  }

  private results(types: readonly ValType[], slot: number): void {
    types.forEach((type, k) => {
      if (isFloat(type)) this.found.add(slot + k);
    });
  }

  private moved(from: number, to: number): void {
    const targets = this.moves.get(from);
    if (targets === undefined) this.moves.set(from, [to]);
    else targets.push(to);
  }

  private set(slot: number, value: Expr): void {
    if (isArithmetic(value)) return;
    switch (value.op) {
      case 'get':
        this.moved(value.slot, slot);
        return;
      case 'const':
        if (!isPlain(value)) this.found.add(slot);
        return;
      case 'f32.abs':
      case 'f64.abs':
        this.set(slot, value.a);
        return;
      case 'select':
        this.set(slot, value.a);
        this.set(slot, value.b);
        return;
      default:
        this.found.add(slot);
    }
  }
}

/** Whether a constant is a number or the canonical NaN. */
export function isPlain({ type, low, high }: { type: ValType; low: number; high: number }): boolean {
  if (type === F32) return (low & 0x7fffffff) <= 0x7f800000 || low === CANONICAL_F32;
  const magnitude = high & 0x7fffffff;
  return (
    magnitude < 0x7ff00000 || (magnitude === 0x7ff00000 && low === 0) || (high === CANONICAL_F64 && low === 0)
  );
}
