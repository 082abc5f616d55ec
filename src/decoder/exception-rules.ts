/** The rules of the instructions that throw and handle exceptions (rules.ts has the others). A part that a bundle can go without. */
import { invalid } from '../errors';
import { type CatchClause, readCatchClauses } from './catches';
import { type ExceptionOp, OP } from './instructions';
import { EXNREF, HEAP, refType, type ValType } from './types';
import type { Rule, Validator } from './validator';

/** The types that a label must take to be a catch clause's. */
function caughtTypes(v: Validator, { tagidx, takesRef }: CatchClause): readonly ValType[] {
  const values = tagidx < 0 ? NO_VALUES : v.lookup('tag', v.context.tags, tagidx).type.params;
  if (!takesRef) return values;
  const known = withReference.get(values) ?? [...values, refType(false, HEAP.exn)];
  withReference.set(values, known);
  return known;
}

const NO_VALUES: readonly ValType[] = [];
/** A tag may have a thousand values, and many clauses catch it. */
const withReference = new WeakMap<readonly ValType[], readonly ValType[]>();

function tryTable(v: Validator): void {
  const type = v.blockType();
  for (const clause of readCatchClauses(v.reader)) {
    const caught = caughtTypes(v, clause);
    const types = v.labelTypes(clause.labelidx);
    if (v.areMatching(caught, types)) continue;
    const names = (list: readonly ValType[]) => list.map((one) => v.nameOf(one)).join(' ');
    throw v.mismatch(`catch clause gives [${names(caught)}] but its label takes [${names(types)}]`);
  }
  v.enter(type, v.op);
}

/** The `catch` or `catch_all` of a `try`: the values of the tag are its operands. */
function handle(v: Validator, values: readonly ValType[]): void {
  v.nextPart([OP.try, OP.catch], v.op, values);
}

/** Ends a `try` whose exceptions another block handles, or the caller. */
function delegate(v: Validator): void {
  v.requireFrame([OP.try]);
  v.leave();
  v.label();
}

/** The label must be that of a `try`, from inside of its `catch` or `catch_all`. */
function rethrow(v: Validator): void {
  const labelidx = v.reader.u32();
  v.labelTypes(labelidx);
  const op = v.frameOp(labelidx);
  if (op !== OP.catch && op !== OP.catch_all) throw invalid('invalid rethrow label', v.at);
  v.endReachable();
}

export const EXCEPTIONS: Readonly<Record<ExceptionOp, Rule>> = {
  try: (v) => v.enter(v.blockType(), v.op),
  try_table: tryTable,
  catch: (v) => handle(v, v.index('tag', v.context.tags).type.params),
  catch_all: (v) => handle(v, NO_VALUES),
  delegate,
  throw: (v) => {
    v.popAll(v.index('tag', v.context.tags).type.params);
    v.endReachable();
  },
  rethrow,
  throw_ref: (v) => {
    v.pop(EXNREF);
    v.endReachable();
  },
};
