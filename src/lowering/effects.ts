/** What works on canonical slots: instructions on memories, tables and references, and those that do their work in parts. */
import { I32, I64, type Limits, type ValType } from '../decoder';
import { isWide } from './access';
import type { Builder, Handler } from './builder';
import type { BulkOp, EffectOp } from './statements';

export const addressType = (limits: Limits): ValType => (isWide(limits) ? I64 : I32);

/** Takes so many operands; leaves a result of this type, if any. */
export function effect(
  lowering: Builder,
  op: EffectOp,
  index: number,
  taken: number,
  result?: ValType,
): void {
  const { operands, offset } = lowering;
  operands.computeAll();
  operands.truncate(operands.height - taken);
  lowering.emit({ kind: 'effect', op, index, slot: operands.top, offset });
  if (result !== undefined) operands.pushSlot(result);
}

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
