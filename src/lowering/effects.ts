/** What works on canonical slots: plain instructions on memories, tables and references, and those that do their work in parts. */
import type { PlainOp } from '../decoder';
import { type PlainEffect, readPlain } from '../decoder/plain';
import type { Builder, Handler } from './builder';
import type { BulkOp, EffectOp } from './statements';

/** The operands go to their slots, and the results come there. */
export function effect(lowering: Builder, op: EffectOp, { x, y, takes, gives }: PlainEffect): void {
  const { operands, offset } = lowering;
  operands.computeAll();
  operands.truncate(operands.height - takes.length);
  lowering.emit({ kind: 'effect', op, x, y, takes, gives, slot: operands.top, offset });
  for (const type of gives) operands.pushSlot(type);
}

export const plain =
  (op: PlainOp): Handler =>
  (lowering) => {
    const { reader, module, operands } = lowering;
    effect(lowering, op, readPlain(op, reader, module, operands.topType));
  };

/** The operands stay in their slots until the operation is done. */
function bulk(lowering: Builder, op: BulkOp, x: number, y: number): void {
  const { operands, offset } = lowering;
  operands.computeAll();
  const types = operands.list(operands.height);
  operands.truncate(operands.height - 3);
  lowering.emit({ kind: 'bulk', op, x, y, slot: operands.top, offset, operands: types });
}
export const bulkOne =
  (op: BulkOp): Handler =>
  (lowering) =>
    bulk(lowering, op, lowering.reader.u32(), 0);
export const bulkTwo =
  (op: BulkOp): Handler =>
  (lowering) => {
    const x = lowering.reader.u32();
    bulk(lowering, op, x, lowering.reader.u32());
  };
