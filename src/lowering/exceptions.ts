/** What instructions that throw and handle exceptions become (handlers.ts has the others). A part that a bundle can go without. */
import type { ExceptionOp } from '../decoder';
import { readBlockType } from '../decoder/body';
import { readCatchClauses } from '../decoder/catches';
import type { Builder, Handler } from './builder';
import { TRAPS } from './expr';
import type { Clause } from './statements';

function tryTable(lowering: Builder): void {
  const { reader, module, operands } = lowering;
  const { params, results } = readBlockType(reader, module);
  const clauses = readCatchClauses(reader).map(({ tagidx, takesRef, labelidx }): Clause => {
    const control = lowering.control(labelidx);
    return {
      tagidx,
      slot: control.kind === 'func' ? 0 : operands.slotAt(control.height),
      ref: takesRef ? 'behind' : 'none',
      to: lowering.branchTo(control),
    };
  });
  lowering.openTry(clauses, params, results);
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
  try: (l) => {
    const { params, results } = readBlockType(l.reader, l.module);
    l.openTry([], params, results);
  },
  try_table: tryTable,
  catch: (l) => l.handle(l.reader.u32()),
  catch_all: (l) => l.handle(-1),
  delegate: (l) => l.delegate(l.reader.u32()),
  throw: throwTag,
  rethrow: (l) => throwSlot(l, l.caughtSlot(l.reader.u32())),
  throw_ref: (l) => throwSlot(l, l.operands.popReference().slot),
};
