/** Calls and tail calls: arguments stand in their slots, where the callee finds them. */
import type { ValType } from '../decoder';
import { isQuiet } from '../decoder/quiet';
import { isWide } from './access';
import type { Builder } from './builder';
import { slotsOfAll } from './frame';
import { narrow } from './makers';

/** Arguments go to their slots. Gives how many operands are below them. */
function placeArguments(lowering: Builder, params: readonly ValType[]): number {
  const { operands } = lowering;
  operands.computeAll();
  lowering.calls = true;
  return operands.height - params.length;
}

function calleeOf({ module }: Builder, funcidx: number) {
  return module.types[module.funcTypes[funcidx]].composite.func;
}

export function callDirect(lowering: Builder): void {
  const funcidx = lowering.reader.u32();
  const { params, results } = calleeOf(lowering, funcidx);
  const { operands } = lowering;
  const height = placeArguments(lowering, params);
  const [below, site] = [operands.list(height), lowering.offset - lowering.start];
  const quiet = isQuiet(lowering.module, funcidx);
  const slot = operands.slotAt(height);
  lowering.emit({ kind: 'call', funcidx, slot, quiet, site, operands: below, results });
  operands.settle(height, results);
}

export function callIndirect(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const tableidx = reader.u32();
  const { params, results } = module.types[typeidx].composite.func;
  const operand = operands.pop();
  const index = isWide(module.tables[tableidx]) ? narrow(operand, 'undefinedElement', offset) : operand;
  const height = placeArguments(lowering, params);
  const [below, site] = [operands.list(height), offset - lowering.start];
  const slot = operands.slotAt(height);
  const kind = 'call_indirect';
  lowering.emit({ kind, typeidx, tableidx, index, slot, offset, site, operands: below, results });
  operands.settle(height, results);
}

export function callRef(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const { params, results } = module.types[typeidx].composite.func;
  const callee = operands.popReference().slot;
  const height = placeArguments(lowering, params);
  const [below, site] = [operands.list(height), offset - lowering.start];
  const slot = operands.slotAt(height);
  lowering.emit({ kind: 'call_ref', typeidx, callee, slot, offset, site, operands: below, results });
  operands.settle(height, results);
}

export function tailCall(lowering: Builder): void {
  const funcidx = lowering.reader.u32();
  const { params } = calleeOf(lowering, funcidx);
  const slot = lowering.operands.slotAt(placeArguments(lowering, params));
  lowering.emit({ kind: 'tail', funcidx, slot, count: slotsOfAll(params) });
  lowering.die();
}

export function tailCallIndirect(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const tableidx = reader.u32();
  const { params } = module.types[typeidx].composite.func;
  operands.computeAll();
  operands.truncate(operands.height - 1);
  const slot = operands.slotAt(placeArguments(lowering, params));
  lowering.emit({ kind: 'tail_indirect', typeidx, tableidx, slot, count: slotsOfAll(params), offset });
  lowering.die();
}

export function tailCallRef(lowering: Builder): void {
  const { reader, operands, offset, module } = lowering;
  const typeidx = reader.u32();
  const { params } = module.types[typeidx].composite.func;
  operands.computeAll();
  operands.truncate(operands.height - 1);
  const slot = operands.slotAt(placeArguments(lowering, params));
  lowering.emit({ kind: 'tail_ref', typeidx, slot, count: slotsOfAll(params), offset });
  lowering.die();
}
