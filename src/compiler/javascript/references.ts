/** Instructions on references that compiled code does itself, with nothing of the machine. */
import type { Effect, EffectOp } from '../../lowering';
import type { Surroundings } from './surroundings';
import type { Uses } from './uses';

/** What is being written. */
export interface Writing {
  readonly uses: Uses;
  readonly surroundings: Surroundings;
  readonly nullReference: (offset: number) => string;
}

export const ON_REFERENCES: ReadonlyMap<EffectOp, (writing: Writing, effect: Effect) => string> = new Map<
  EffectOp,
  (writing: Writing, effect: Effect) => string
>([
  ['ref.null', ({ uses }, { slot }) => `${uses.reference(slot)}=null;`],
  [
    'ref.func',
    ({ uses, surroundings }, { slot, x }) => `${uses.reference(slot)}=${surroundings.reference(uses, x)};`,
  ],
  ['ref.global.get', ({ uses }, { slot, x }) => `${uses.reference(slot)}=${uses.need('reference', x)}.ref;`],
  ['ref.global.set', ({ uses }, { slot, x }) => `${uses.need('reference', x)}.ref=${uses.reference(slot)};`],
  [
    'ref.as_non_null',
    ({ uses, nullReference }, { slot, offset }) =>
      `if(${uses.reference(slot)}===null)${nullReference(offset)};`,
  ],
  [
    'ref.select',
    ({ uses }, { slot }) =>
      `if(${uses.low(slot + 2)}===0)${uses.reference(slot)}=${uses.reference(slot + 1)};`,
  ],
]);
