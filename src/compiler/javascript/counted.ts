/**
 * Loops whose turns are known before they begin: a local goes up or down by a constant until it reaches a bound that does not change. The fuel
 * says how many turns more there may be, so that the loop needs no count: it ends at the bound, or where the fuel does, and one test behind
 * it takes what has been used and says which of the two it was (counts.ts has the text).
 *
 * Either the loop begins with its test, or ends with it:
 *
 *     loop{ if(i < bound){ ...; i += step; br loop } }            loop{ ...; i += step; br_if loop (i < bound) }
 *
 * Only the innermost ones, with nothing inside that counts fuel itself.
 */
import { I32 } from '../../decoder';
import type { ModuleData } from '../../decoder/module';
import { type Branch, type Expr, type Loop, type Statement, TRAPS } from '../../lowering';
import { loudnessOf } from './callees';
import { everyStatement } from './walk';

export interface Counted {
  /** The statement that tests whether there is another turn. */
  readonly test: Statement;
  readonly testsFirst: boolean;
  readonly slot: number;
  readonly step: number;
  readonly until: Until;
  /** The only branch back. */
  readonly back: Branch;
  /** Labels of blocks inside: branches to others leave the loop. */
  readonly inside: ReadonlySet<number>;
  /** Something in it may trap. */
  readonly traps: boolean;
  /** Something in it leads out, besides the test and traps. */
  readonly leaves: boolean;
}

/** Turns are made while the local is below the bound, above it, or another number. */
export interface Until {
  readonly order: 'below' | 'above' | 'other';
  readonly isSigned: boolean;
  readonly bound: Bound;
}
/** A constant, or the slot of a local. */
export type Bound =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'slot'; readonly slot: number };

/** With as many turns as a slice of fuel has units, below 2^21 (src/interpreter/pace.ts), the local goes less than 2^31 far. */
export const LARGEST_STEP = 512;

export function countedLoop(module: ModuleData, loop: Loop): Counted | undefined {
  const form = formOf(loop);
  const inner = form && innerOf(module, loop);
  if (form === undefined || inner === undefined) return undefined;
  const until = untilOf(form.condition);
  if (until === undefined || inner.setsOf(until.slot) !== 1) return undefined;
  const step = stepOf(form.list, until.slot, inner.setsOf);
  if (step === undefined || !isReached(until, step)) return undefined;
  const { bound } = until;
  if (bound.kind === 'slot' && inner.setsOf(bound.slot) !== 0) return undefined;
  const { test, back, testsFirst } = form;
  const { inside, traps, leaves } = inner;
  return { test, testsFirst, slot: until.slot, step, until, back, inside, traps, leaves };
}

interface Form {
  readonly test: Statement;
  readonly testsFirst: boolean;
  readonly condition: Expr;
  /** What a turn does before its branch. */
  readonly list: readonly Statement[];
  readonly back: Branch;
}

function formOf({ label, body }: Loop): Form | undefined {
  const test = body[body.length - 1];
  if (test?.kind === 'br_if' && isPlain(test.branch, label.id)) {
    const { condition, branch: back } = test;
    return { test, testsFirst: false, condition, list: body.slice(0, -1), back };
  }
  if (test?.kind !== 'if' || body.length > 1 || test.label.used || test.otherwise.length > 0)
    return undefined;
  const { condition, body: list } = test;
  const last = list[list.length - 1];
  if (last?.kind !== 'br' || !isPlain(last.branch, label.id)) return undefined;
  return { test, testsFirst: true, condition, list: list.slice(0, -1), back: last.branch };
}

function isPlain({ label, moves }: Branch, id: number): boolean {
  return label.kind === 'loop' && label.id === id && moves.length === 0;
}

interface Inner {
  readonly inside: ReadonlySet<number>;
  readonly traps: boolean;
  readonly leaves: boolean;
  /** How often statements inside set a slot. */
  readonly setsOf: (slot: number) => number;
}

/** Undefined where something inside counts fuel, or a second branch goes back. */
function innerOf(module: ModuleData, { label, body }: Loop): Inner | undefined {
  const inside = new Set<number>();
  const sets = new Map<number, number>();
  let from = Number.POSITIVE_INFINITY;
  let traps = false;
  const targets: Branch[] = [];
  let returns = false;
  let isSimple = true;
  const see = ({ flags }: Expr): void => {
    traps ||= (flags & TRAPS) !== 0;
  };
  everyStatement(body, (statement) => {
    switch (statement.kind) {
      case 'set':
        see(statement.value);
        sets.set(statement.slot, (sets.get(statement.slot) ?? 0) + 1);
        return;
      case 'store':
      case 'drop':
      case 'unreachable':
        traps = true;
        return;
      case 'global.set':
        see(statement.value);
        return;
      case 'call':
        // Results, and what the callee leaves, are from there on.
        from = Math.min(from, statement.slot);
        traps = true;
        isSimple &&= loudnessOf(module, statement.funcidx) === 'silent';
        return;
      case 'block':
        inside.add(statement.label.id);
        return;
      case 'if':
        see(statement.condition);
        inside.add(statement.label.id);
        return;
      case 'br':
        targets.push(statement.branch);
        return;
      case 'br_if':
        see(statement.condition);
        targets.push(statement.branch);
        return;
      case 'br_table':
        see(statement.index);
        targets.push(...statement.branches);
        return;
      case 'return':
        returns = true;
        return;
      default:
        isSimple = false;
    }
  });
  const others = targets.filter(({ label: { id } }) => id !== label.id);
  if (!isSimple || targets.length !== others.length + 1) return undefined;
  const leaves = returns || others.some(({ label: { id } }) => !inside.has(id));
  const setsOf = (slot: number): number => (slot >= from ? 2 : (sets.get(slot) ?? 0));
  return { inside, traps, leaves, setsOf };
}

/** The step of a local that a turn sets once, with nothing behind it that traps or leaves: there, as many turns have been made as it says. */
function stepOf(
  list: readonly Statement[],
  slot: number,
  setsOf: (slot: number) => number,
): number | undefined {
  const k = list.findIndex((statement) => statement.kind === 'set' && statement.slot === slot);
  if (k < 0) return undefined;
  const isQuiet = (statement: Statement): boolean =>
    statement.kind === 'set' && (statement.value.flags & TRAPS) === 0;
  if (!list.slice(k + 1).every(isQuiet)) return undefined;
  const value = valueSet(list[k])!;
  if (value.op !== 'get') return stepIn(value, slot);
  // Computed into another local before.
  if (setsOf(value.slot) !== 1) return undefined;
  const before = list
    .slice(0, k)
    .find((statement) => statement.kind === 'set' && statement.slot === value.slot);
  const computed = before && valueSet(before);
  return computed && stepIn(computed, slot);
}

function valueSet(statement: Statement): Expr | undefined {
  return statement.kind === 'set' ? statement.value : undefined;
}

function stepIn(value: Expr, slot: number): number | undefined {
  if (value.op !== 'i32.add' && value.op !== 'i32.sub') return undefined;
  const { op, a, b } = value;
  let step: number | undefined;
  if (isLocal(a, slot) && b?.op === 'const') step = op === 'i32.add' ? b.low : -b.low;
  else if (op === 'i32.add' && a.op === 'const' && b !== undefined && isLocal(b, slot)) step = a.low;
  return step === 0 || step === undefined || Math.abs(step) > LARGEST_STEP ? undefined : step;
}

function isLocal(expr: Expr, slot: number): boolean {
  return expr.op === 'get' && expr.held === I32 && expr.slot === slot;
}

// Tests

const ORDERS: ReadonlyMap<
  string,
  readonly [order: 'below' | 'above' | 'other', isSigned: boolean, more: number]
> = new Map([
  ['i32.lt_s', ['below', true, 0]],
  ['i32.lt_u', ['below', false, 0]],
  ['i32.le_s', ['below', true, 1]],
  ['i32.le_u', ['below', false, 1]],
  ['i32.gt_s', ['above', true, 0]],
  ['i32.gt_u', ['above', false, 0]],
  ['i32.ge_s', ['above', true, -1]],
  ['i32.ge_u', ['above', false, -1]],
  ['i32.ne', ['other', true, 0]],
]);
/** The test with its operands exchanged. */
const EXCHANGED: ReadonlyMap<string, string> = new Map([
  ['i32.lt_s', 'i32.gt_s'],
  ['i32.lt_u', 'i32.gt_u'],
  ['i32.le_s', 'i32.ge_s'],
  ['i32.le_u', 'i32.ge_u'],
  ['i32.gt_s', 'i32.lt_s'],
  ['i32.gt_u', 'i32.lt_u'],
  ['i32.ge_s', 'i32.le_s'],
  ['i32.ge_u', 'i32.le_u'],
  ['i32.ne', 'i32.ne'],
]);

function untilOf(condition: Expr): (Until & { readonly slot: number }) | undefined {
  if (condition.op === 'get') {
    if (condition.held !== I32) return undefined;
    const bound: Bound = { kind: 'constant', value: 0 };
    return { order: 'other', isSigned: true, bound, slot: condition.slot };
  }
  if (!('b' in condition) || condition.b === undefined) return undefined;
  const { op, a, b } = condition;
  const exchanged = EXCHANGED.get(op);
  if (exchanged === undefined) return undefined;
  return untilBound(op, a, b) ?? untilBound(exchanged, b, a);
}

function untilBound(op: string, a: Expr, b: Expr): (Until & { readonly slot: number }) | undefined {
  if (a.op !== 'get' || a.held !== I32) return undefined;
  const [order, isSigned, more] = ORDERS.get(op)!;
  const { slot } = a;
  if (b.op === 'get' && b.held === I32 && more === 0) {
    return { order, isSigned, bound: { kind: 'slot', slot: b.slot }, slot };
  }
  if (b.op !== 'const') return undefined;
  const value = (isSigned ? b.low : b.low >>> 0) + more;
  const isNumber = isSigned ? value === (value | 0) : value === value >>> 0;
  return isNumber ? { order, isSigned, bound: { kind: 'constant', value }, slot } : undefined;
}

/** Whether the local goes towards the bound, and cannot go past it and round to where it came from. */
function isReached({ order, isSigned, bound }: Until, step: number): boolean {
  if (order === 'other') return true;
  if (order === 'below' ? step < 0 : step > 0) return false;
  if (bound.kind === 'slot') return Math.abs(step) === 1;
  const last = bound.value + step + (order === 'below' ? -1 : 1);
  return isSigned ? last === (last | 0) : last === last >>> 0;
}
