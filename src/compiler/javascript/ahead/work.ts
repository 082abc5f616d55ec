/** Instructions on memories, tables and segments as calls of what is in the file (parts/), on operands in variables. */
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
    'data.drop': (uses, _taken, { x }) => `${uses.need('data', x)}=''`,
    'table.get': (uses, [at], { x, offset }) =>
      `${part(uses, 'tableGet')}(${uses.need('table', x)},${at},${offset})`,
    'table.set': (uses, [at, value], { x, offset }) =>
      `${part(uses, 'tableSet')}(${uses.need('table', x)},${at},${value},${offset})`,
    'table.size': (uses, _taken, { x }) => `${uses.need('table', x)}.elements.length`,
    'table.grow': (uses, [value, by], { x }) =>
      `${part(uses, 'tableGrow')}(${uses.need('table', x)},${value},${by})`,
    'elem.drop': (uses, _taken, { x }) => `${uses.need('elem', x)}=[]`,
  } satisfies { [K in EffectOp]?: EffectText }) as [EffectOp, EffectText][],
);

/** Whether a file has what the instruction does. Of others refusals.ts tells. */
export const isInFiles = (op: EffectOp): boolean => EFFECTS.has(op) || ON_REFERENCES.has(op);

const BULKS: Readonly<Record<BulkOp, BulkText>> = {
  'memory.fill': (uses, { x }) => ['memoryFill', uses.need('memory', x)],
  'memory.copy': (uses, { x, y }) => ['memoryCopy', `${uses.need('memory', x)},${uses.need('memory', y)}`],
  'memory.init': (uses, { x, y }) => ['memoryInit', `${uses.need('memory', y)},${uses.need('data', x)}`],
  'table.fill': (uses, { x }) => ['tableFill', uses.need('table', x)],
  'table.copy': (uses, { x, y }) => ['tableCopy', `${uses.need('table', x)},${uses.need('table', y)}`],
  'table.init': (uses, { x, y }) => ['tableInit', `${uses.need('table', y)},${uses.need('elem', x)}`],
};

export const DIRECT: DirectWork = {
  effect(uses, effect, taken, given) {
    const text = EFFECTS.get(effect.op)!(uses, taken, effect);
    return given.length === 0 ? `${text};` : `${given[0]}=${text};`;
  },
  bulk(uses, bulk, taken) {
    const [name, first] = BULKS[bulk.op](uses, bulk);
    return `${part(uses, name)}(${first},${taken.join()},${bulk.offset});`;
  },
};
