/** Instructions on references that compiled code does itself, with nothing of the machine. */
import type { Effect, EffectOp } from '../../lowering';
import type { FunctionWriter } from './writer';

export const ON_REFERENCES: ReadonlyMap<EffectOp, (writer: FunctionWriter, effect: Effect) => string> =
  new Map<EffectOp, (writer: FunctionWriter, effect: Effect) => string>([
    ['ref.null', ({ uses }, { slot }) => `${uses.reference(slot)}=null;`],
    [
      'ref.func',
      ({ uses, surroundings }, { slot, x }) => `${uses.reference(slot)}=${surroundings.reference(uses, x)};`,
    ],
    [
      'ref.global.get',
      ({ uses }, { slot, x }) => `${uses.reference(slot)}=${uses.need('reference', x)}.ref;`,
    ],
    [
      'ref.global.set',
      ({ uses }, { slot, x }) => `${uses.need('reference', x)}.ref=${uses.reference(slot)};`,
    ],
    [
      'ref.as_non_null',
      (writer, { slot, offset }) =>
        `if(${writer.uses.reference(slot)}===null)${writer.raise('nullReference', offset)};`,
    ],
    [
      'ref.select',
      ({ uses }, { slot }) =>
        `if(${uses.low(slot + 2)}===0)${uses.reference(slot)}=${uses.reference(slot + 1)};`,
    ],
  ]);
