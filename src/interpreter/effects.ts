/**
 * Instructions that are not worth a closure form of their own: they find their operands in canonical slots and leave their results there
 * (spec "exec/instructions": memory, table, reference instructions, and globals and select of references). Bulk operations: bulk.ts.
 */
import { trap } from '../errors';
import type { EffectOp, EffectWork } from '../lowering';
import type { Func, Instance } from '../runtime';
import { ATOMICS } from './atomics';
import { chargeBytes, chargeElements } from './fuel';
import { type Effect, type EffectMaker, operand } from './operands';
import { registers, type Stack, stack } from './registers';

/** A size, or -1. */
function result(frames: Stack, word: number, wide: boolean, value: number): void {
  frames.ints[word] = value | 0;
  if (wide) frames.ints[word + 1] = value < 0 ? -1 : (value / 4294967296) | 0;
}

const MAKERS: Readonly<Record<EffectOp, EffectMaker>> = {
  'memory.size': ({ instance, x }, frames) => {
    const memory = instance.memories[x];
    const wide = memory.type.address === 'i64';
    return (at) => result(frames, at, wide, memory.pages);
  },
  'memory.grow': ({ instance, x }, frames) => {
    const memory = instance.memories[x];
    const wide = memory.type.address === 'i64';
    return (at) => {
      const delta = operand(frames, at, wide);
      const old = memory.grow(delta);
      if (old >= 0) chargeBytes(delta * memory.pageSize);
      result(frames, at, wide, old);
    };
  },
  'data.drop':
    ({ instance, x }) =>
    () => {
      instance.droppedDatas[x] = 1;
    },
  'table.get': ({ instance, x }, frames) => {
    const table = instance.tables[x];
    const wide = table.type.address === 'i64';
    return (at) => {
      const index = operand(frames, at, wide);
      if (index >= table.length) throw trap('tableBounds');
      frames.refs[at >> 1] = table.elements[index];
    };
  },
  'table.set': ({ instance, x }, frames) => {
    const table = instance.tables[x];
    const wide = table.type.address === 'i64';
    return (at) => {
      const index = operand(frames, at, wide);
      if (index >= table.length) throw trap('tableBounds');
      table.put(index, frames.refs[(at >> 1) + 1]);
    };
  },
  'table.size': ({ instance, x }, frames) => {
    const table = instance.tables[x];
    return (at) => result(frames, at, table.type.address === 'i64', table.length);
  },
  'table.grow': ({ instance, x }, frames) => {
    const table = instance.tables[x];
    const wide = table.type.address === 'i64';
    return (at) => {
      const delta = operand(frames, at + 2, wide);
      const old = table.grow(delta, frames.refs[at >> 1]);
      if (old >= 0) chargeElements(delta);
      result(frames, at, wide, old);
    };
  },
  'elem.drop':
    ({ instance, x }) =>
    () => {
      instance.droppedElems[x] = 1;
    },
  'ref.null': (_, frames) => (at) => {
    frames.refs[at >> 1] = null;
  },
  'ref.as_non_null': (_, frames) => (at) => {
    if (frames.refs[at >> 1] === null) throw trap('nullReference');
  },
  'ref.func': ({ instance, x }, frames) => {
    const func: Func = instance.funcAt(x);
    return (at) => {
      frames.refs[at >> 1] = func;
    };
  },
  'ref.global.get': ({ instance, x }, { refs }) => {
    const global = instance.globals[x];
    return (at) => {
      refs[at >> 1] = global.ref;
    };
  },
  'ref.global.set': ({ instance, x }, { refs }) => {
    const global = instance.globals[x];
    return (at) => {
      global.ref = refs[at >> 1];
    };
  },
  // Two references and an i32 condition.
  'ref.select':
    (_, { refs, ints }) =>
    (at) => {
      if (ints[at + 4] === 0) refs[at >> 1] = refs[(at >> 1) + 1];
    },
  ...ATOMICS,
};

export function makeEffect(instance: Instance, { op, x, y, offset }: EffectWork): Effect {
  const effect = MAKERS[op]({ instance, x, y }, stack());
  return (at) => {
    registers.trapOffset = offset;
    effect(at);
  };
}
