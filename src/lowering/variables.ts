/** Locals and globals, and the parametric instructions: what moves values and computes none. */
import { I32, isRef, slotsOf, V128 } from '../decoder';
import { only } from '../decoder/plain';
import { NO_TYPES } from '../decoder/typelist';
import { placeWhatIsBuilt } from './build';
import type { Builder } from './builder';
import { effect } from './effects';
import { isIn, localBit, READS_GLOBAL, TRAPS } from './expr';
import { getLocal, globalGet, select } from './makers';
import { dropped } from './operands';

export function getGlobal(lowering: Builder): void {
  const globalidx = lowering.reader.u32();
  const type = lowering.module.globals[globalidx].value;
  if (isRef(type))
    effect(lowering, 'ref.global.get', { x: globalidx, y: 0, takes: NO_TYPES, gives: only(type) });
  else lowering.operands.push(globalGet(type, globalidx));
}

export function setGlobal(lowering: Builder): void {
  const { operands, reader, module } = lowering;
  const globalidx = reader.u32();
  const type = module.globals[globalidx].value;
  if (isRef(type)) {
    effect(lowering, 'ref.global.set', { x: globalidx, y: 0, takes: only(type), gives: NO_TYPES });
    return;
  }
  if (type === V128) operands.place(operands.height - 1);
  const value = operands.pop();
  operands.computeFlags(READS_GLOBAL | TRAPS);
  lowering.emit({ kind: 'global.set', globalidx, value });
}

export function pushLocal(lowering: Builder, localidx: number): void {
  const { type, slot: start, localidx: first } = lowering.locals.groupOf(localidx);
  const slot = start + (localidx - first) * slotsOf(type);
  lowering.operands.push(lowering.constants.copyAt(slot) ?? getLocal(type, slot, localidx));
}

export function popToLocal(lowering: Builder, localidx: number): void {
  const { operands, locals, constants } = lowering;
  placeWhatIsBuilt(operands, localBit(localidx));
  const value = operands.pop();
  operands.computeReaders(localidx, (value.flags & TRAPS) !== 0);
  const group = locals.groupOf(localidx);
  const slot = group.slot + (localidx - group.localidx) * slotsOf(group.type);
  constants.change(slot, localidx);
  if (value.op === 'vector' && value.instruction === 'v128.const') {
    constants.set(slot, localidx, value);
    return;
  }
  if (isIn(value, slot)) return;
  lowering.emit({ kind: 'set', slot, value: constants.source(value) });
  constants.written(slot, localidx, value, lowering.sequences);
}

export function drop(lowering: Builder): void {
  const { operands } = lowering;
  const value = operands.popWaiting();
  if (value === undefined || (value.flags & TRAPS) === 0) return;
  operands.computeFlags(TRAPS);
  lowering.emit(dropped(value, operands.top));
}

export function lowerSelect(lowering: Builder): void {
  const { operands } = lowering;
  const first = operands.height - 3;
  const type = operands.typeAt(first);
  if (isRef(type)) {
    effect(lowering, 'ref.select', { x: 0, y: 0, takes: [type, type, I32], gives: only(type) });
    return;
  }
  // Only one operand will be computed: what can trap is computed before.
  if (((operands.at(first).flags | operands.at(first + 1).flags) & TRAPS) !== 0) {
    operands.computeFlagsBelow(first + 2, TRAPS);
  }
  if (type === V128) for (const height of [first, first + 1]) operands.place(height);
  const condition = operands.pop();
  const b = operands.pop();
  const a = operands.pop();
  operands.push(select(a, b, condition));
}
