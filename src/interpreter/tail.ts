/** Tail calls: the arguments go to the frame's start, and the callee takes the frame (spec "exec/instructions", `return_call`). */
import { trap } from '../errors';
import type { TailCall, TailCallIndirect, TailCallRef } from '../lowering';
import { Func, type Instance } from '../runtime';
import { codeOf, type FuncCode } from './code';
import { registers, stack } from './registers';

/** Moves the arguments and says whom to enter. */
export type Prepare = (fp: number) => FuncCode;

export function prepareTail(
  instance: Instance,
  { funcidx, slot, count }: TailCall,
  hasRefs: boolean,
): Prepare {
  const callee = instance.funcAt(funcidx);
  return (fp) => replaceFrame(callee, fp, slot, count, hasRefs);
}

export function prepareIndirectTail(instance: Instance, call: TailCallIndirect, hasRefs: boolean): Prepare {
  const { typeidx, tableidx, slot, count, offset } = call;
  const { id } = instance.module.types[typeidx];
  const table = instance.tables[tableidx];
  const wide = table.type.address === 'i64';
  const { ints } = stack();
  const word = 2 * (slot + count);
  return (fp) => {
    const index = ints[fp + word] >>> 0;
    if (index >= table.length || (wide && ints[fp + word + 1] !== 0)) throw trap('undefinedElement', offset);
    const callee = table.elements[index];
    if (!(callee instanceof Func)) throw trap('uninitializedElement', offset);
    if (!callee.isOf(id)) throw trap('indirectCallType', offset);
    return replaceFrame(callee, fp, slot, count, hasRefs);
  };
}

export function prepareTailRef({ slot, count, offset }: TailCallRef, hasRefs: boolean): Prepare {
  const { refs } = stack();
  return (fp) => {
    const callee = refs[(fp >> 1) + slot + count];
    if (!(callee instanceof Func)) throw trap('nullFunctionReference', offset);
    return replaceFrame(callee, fp, slot, count, hasRefs);
  };
}

function replaceFrame(callee: Func, fp: number, slot: number, count: number, hasRefs: boolean): FuncCode {
  const { ints, refs, sites } = stack();
  ints.copyWithin(fp, fp + 2 * slot, fp + 2 * (slot + count));
  const first = fp >> 1;
  if (hasRefs) for (let k = first; k < first + count; k++) refs[k] = refs[k + slot];
  const top = registers.sp - 1;
  const site = sites[top]!;
  if (site.callee !== callee) sites[top] = site.replaced(callee);
  return codeOf(callee);
}
