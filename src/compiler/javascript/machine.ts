/** What surrounds the texts of the tier: cells of other functions, the machine's stack and its activations (instance.ts). */
import type { ModuleData } from '../../decoder';
import { LABELS } from './control';
import { TypedMemories } from './memories';
import { wordAt } from './slots';
import type { Surroundings } from './surroundings';

export function machineOf({ types }: ModuleData): Surroundings {
  return {
    pauses: true,
    keepsBits: true,
    sharesViews: false,
    work: undefined,
    control: () => LABELS,
    memories: (writer) => new TypedMemories(writer),
    constant: () => undefined,
    frame: ['fp', 'sp'],
    frameOf: (slot) => [wordAt(slot), 'sp+1'],
    callee: (uses, funcidx) => `${uses.need('cell', funcidx)}.f`,
    cell: (uses, funcidx) => uses.need('cell', funcidx),
    reference: (uses, funcidx) => uses.need('func', funcidx),
    element(uses, { tableidx, typeidx, offset }, index, cell) {
      const { id } = types[typeidx];
      const slow = `${cell}=A.element(X,${tableidx},${index},${id},${offset});`;
      const cells = uses.need('table', tableidx);
      return `${cell}=${cells}[${index}];if(${cell}===undefined||${cell}.t!==${id})${slow}`;
    },
    referred: (_uses, reference, offset) => `A.referred(${reference},${offset})`,
    globalWord: (uses, globalidx, high) => `${uses.need('global', globalidx)}[${high ? 1 : 0}]`,
    cover: (end) => `A.cover(${end});`,
    tail: (_uses, cell) => `A.t=${cell};`,
  };
}
