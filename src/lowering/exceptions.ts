/** What instructions that throw and handle exceptions become (handlers.ts has the others). A part that a bundle can go without. */
import { type ExceptionOp, type FuncType, HEAP, refType, type ValType } from '../decoder';
import { readBlockType } from '../decoder/body';
import { readCatchClauses } from '../decoder/catches';
import type { Builder, Handler } from './builder';
import type { Control } from './controls';
import { TRAPS } from './expr';
import { NO_MOVES } from './operands';
import { NOTHING } from './sequences';
import type { Branch, Clause, Try } from './statements';

/** What stands below the values of a legacy handler's tag. */
const CAUGHT: readonly ValType[] = [refType(false, HEAP.exn)];

/** Opens a `try` or `try_table`. The clauses may be added later. */
function openTry(lowering: Builder, clauses: Clause[], { params, results }: FuncType): void {
  lowering.operands.computeAll();
  const height = lowering.begin(params, results);
  const label = lowering.forwardLabel('block');
  const statement: Try = { kind: 'try', label, body: NOTHING, clauses, delegate: undefined };
  lowering.enter('try', height, params, results, statement);
}

/** A handler of the innermost control, a `try`, of a tag or of all (-1). */
function handle(lowering: Builder, tagidx: number): void {
  const { operands, module } = lowering;
  const { height, statement } = lowering.nextPart('catch', CAUGHT);
  if (tagidx >= 0) operands.settle(operands.height, module.tags[tagidx].type.params);
  (statement as Try).clauses.push({ tagidx, slot: operands.slotAt(height), ref: 'before', to: NOTHING });
  lowering.size++;
}

/** Ends a `try`: its exceptions go where those of the code inside a label go. */
function delegate(lowering: Builder): void {
  (lowering.control(0).statement as Try).delegate = lowering.control(lowering.reader.u32() + 1).label;
  lowering.end();
}

/** A branch of a catch clause, whose values are put where they are expected. */
function branchTo({ offset, start }: Builder, { label }: Control): Branch {
  label.used = true;
  return { label, moves: NO_MOVES, offset: offset - start };
}

function tryTable(lowering: Builder): void {
  const { reader, module, operands } = lowering;
  const type = readBlockType(reader, module);
  const clauses = readCatchClauses(reader).map(({ tagidx, takesRef, labelidx }): Clause => {
    const control = lowering.control(labelidx);
    return {
      tagidx,
      slot: control.kind === 'func' ? 0 : operands.slotAt(control.height),
      ref: takesRef ? 'behind' : 'none',
      to: branchTo(lowering, control),
    };
  });
  openTry(lowering, clauses, type);
}

function throwTag(lowering: Builder): void {
  const { operands, module, offset } = lowering;
  const tagidx = lowering.reader.u32();
  operands.computeAll();
  const slot = operands.slotAt(operands.height - module.tags[tagidx].type.params.length);
  lowering.emit({ kind: 'throw', tagidx, slot, offset });
  lowering.die();
}

function throwSlot(lowering: Builder, slot: number): void {
  const { operands, offset } = lowering;
  operands.computeFlags(TRAPS);
  lowering.emit({ kind: 'throw_ref', slot, offset });
  lowering.die();
}

export const EXCEPTIONS: Readonly<Record<ExceptionOp, Handler>> = {
  try: (l) => openTry(l, [], readBlockType(l.reader, l.module)),
  try_table: tryTable,
  catch: (l) => handle(l, l.reader.u32()),
  catch_all: (l) => handle(l, -1),
  delegate,
  throw: throwTag,
  // The exception stands where the handler that caught it begins.
  rethrow: (l) => throwSlot(l, l.operands.slotAt(l.control(l.reader.u32()).height)),
  throw_ref: (l) => throwSlot(l, l.operands.popReference().slot),
};
