/** Instructions on memories, tables and segments as calls of what is in the file (parts/), on operands in variables. */
import { BYTES_PER_UNIT, ELEMENTS_PER_UNIT } from '../../../interpreter/fuel';
import type { Bulk, BulkOp, Effect, EffectOp } from '../../../lowering';
import { ON_REFERENCES } from '../references';
import type { DirectWork } from '../surroundings';
import type { Uses } from '../uses';

type EffectText = (uses: Uses, taken: readonly string[], effect: Effect) => string;
type BulkText = (uses: Uses, bulk: Bulk) => readonly [part: string, first: string];

const part = (uses: Uses, name: string): string => uses.helper('numeric', name);
const EFFECTS: ReadonlyMap<EffectOp, EffectText> = new Map<EffectOp, EffectText>(
  Object.entries({
    'memory.size': (uses, _taken, { x }) => `${uses.need('memory', x)}.pages`,
    'memory.grow': (uses, [by], { x }) => `${part(uses, 'memoryGrow')}(${uses.need('memory', x)},${by})`,
    'data.drop': (uses, _taken, { x }) => `${uses.need('data', x)}=null`,
    'table.get': (uses, [at], { x, offset }) =>
      `${part(uses, 'tableGet')}(${uses.need('table', x)},${at},${offset})`,
    'table.set': (uses, [at, value], { x, offset }) =>
      `${part(uses, 'tableSet')}(${uses.need('table', x)},${at},${value},${offset})`,
    'table.size': (uses, _taken, { x }) => `${uses.need('table', x)}.elements.length`,
    'table.grow': (uses, [value, by], { x }) =>
      `${part(uses, 'tableGrow')}(${uses.need('table', x)},${value},${by})`,
    'elem.drop': (uses, _taken, { x }) => `${uses.need('elem', x)}=null`,
  } satisfies { [K in EffectOp]?: EffectText }) as [EffectOp, EffectText][],
);

/** Whether a file has what the instruction does. Of others refusals.ts tells. */
export const isInFiles = (op: EffectOp): boolean => EFFECTS.has(op) || ON_REFERENCES.has(op);

/** What does it, what it works on, and how much of it costs a unit of fuel. */
const BULKS: Readonly<Record<BulkOp, readonly [text: BulkText, unit: number]>> = {
  'memory.fill': [(uses, { x }) => ['memoryFill', uses.need('memory', x)], BYTES_PER_UNIT],
  'memory.copy': [
    (uses, { x, y }) => ['memoryCopy', `${uses.need('memory', x)},${uses.need('memory', y)}`],
    BYTES_PER_UNIT,
  ],
  'memory.init': [
    (uses, { x, y }) => ['memoryInit', `${uses.need('memory', y)},${uses.need('data', x)}`],
    BYTES_PER_UNIT,
  ],
  'table.fill': [(uses, { x }) => ['tableFill', uses.need('table', x)], ELEMENTS_PER_UNIT],
  'table.copy': [
    (uses, { x, y }) => ['tableCopy', `${uses.need('table', x)},${uses.need('table', y)}`],
    ELEMENTS_PER_UNIT,
  ],
  'table.init': [
    (uses, { x, y }) => ['tableInit', `${uses.need('table', y)},${uses.need('elem', x)}`],
    ELEMENTS_PER_UNIT,
  ],
};

/** The units that growth by so much costs. */
const GROWTH: ReadonlyMap<EffectOp, EffectText> = new Map<EffectOp, EffectText>([
  [
    'memory.grow',
    (uses, [by], { x }) => `(${by}>>>0)*(${uses.need('memory', x)}.bits?65536:1)/${BYTES_PER_UNIT}`,
  ],
  ['table.grow', (_uses, [, by]) => `(${by}>>>0)/${ELEMENTS_PER_UNIT}`],
]);

export const DIRECT: DirectWork = {
  effect(uses, effect, taken, given) {
    const text = EFFECTS.get(effect.op)!(uses, taken, effect);
    return given.length === 0 ? `${text};` : `${given[0]}=${text};`;
  },
  bulk(uses, bulk, taken) {
    const [text] = BULKS[bulk.op];
    const [name, first] = text(uses, bulk);
    return `${part(uses, name)}(${first},${taken.join()},${bulk.offset});`;
  },
};

/** The same where fuel is counted: what works in bulk costs units as it does in the interpreter. */
export const PAID: DirectWork = {
  effect(uses, effect, taken, given) {
    const units = GROWTH.get(effect.op);
    if (units === undefined) return DIRECT.effect(uses, effect, taken, given);
    const text = EFFECTS.get(effect.op)!(uses, taken, effect);
    return `${given[0]}=${part(uses, 'paid')}(${text},${units(uses, taken, effect)});`;
  },
  bulk(uses, bulk, taken) {
    const [, unit] = BULKS[bulk.op];
    return `${DIRECT.bulk(uses, bulk, taken)}${part(uses, 'fuel')}-=Math.floor((${taken[2]}>>>0)/${unit});`;
  },
};
