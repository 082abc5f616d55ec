/** What surrounds the text of a function in a file: the texts of others, and variables of the file. */
import type { FuncType, ModuleData } from '../../../decoder';
import { LABELS } from '../control';
import { TypedMemories } from '../memories';
import { wordAt } from '../slots';
import type { Surroundings } from '../surroundings';
import { ComparedMemories } from './compared';
import type { Dialect } from './dialects';
import { Flags } from './flags';
import { exactly } from './numbers';
import { lettersOf } from './sites';
import { FileStops, isEntranceOf, withoutStops } from './stops';
import { DIRECT, PAID } from './work';

/** What functions are told of their frame's place: `fp` if any uses the stack, `sp` if any calls itself by others. */
export interface FrameNeeds {
  readonly stack: boolean;
  readonly depth: boolean;
  /** Functions stop at safepoints, and are entered again. */
  readonly pauses: boolean;
}

export interface FileSurroundings extends Surroundings {
  /** Constants that the file has in variables, and how they are computed. */
  readonly constants: ReadonlyMap<string, string>;
}

export function surroundingsOf(module: ModuleData, dialect: Dialect, needs: FrameNeeds): FileSurroundings {
  const constants = new Map<string, string>();
  const shared = sharedGlobals(module);
  const shown = <T>(fp: T, sp: T): T[] => [...(needs.stack ? [fp] : []), ...(needs.depth ? [sp] : [])];
  return {
    constants,
    stops: (writer) => (needs.pauses ? new FileStops(writer) : withoutStops(writer.control)),
    isEntrance: needs.pauses ? isEntranceOf(module) : () => false,
    mayRepeat: false,
    areOpen: true,
    again: (frame) => `next(${frame.join()})`,
    keepsBits: dialect.keepsBits,
    canonicalNans: true,
    widens: dialect.widens ? 'all' : 'none',
    masksSelects: false,
    dividesInPlace: false,
    views: dialect.copiesViews ? 'copied' : 'shared',
    prefix: '',
    work: needs.pauses ? PAID : DIRECT,
    control: (uses) => (dialect.labels ? LABELS : new Flags(uses)),
    memories: (writer) =>
      dialect.checksByUndefined ? new TypedMemories(writer) : new ComparedMemories(writer),
    constant(value) {
      if (dialect.exactNumbers || (Number.isInteger(value) && value < 2 ** 32)) return undefined;
      const text = exactly(value);
      const known = [...constants].find(([, kept]) => kept === text);
      if (known !== undefined) return known[0];
      const name = `Q${constants.size}`;
      constants.set(name, text);
      return name;
    },
    frame: shown('fp', 'sp'),
    frameOf: (slot) => shown(wordAt(slot), 'sp+1'),
    callee: (uses, funcidx) => uses.need('func', funcidx),
    cell: (uses, funcidx) => uses.need('cell', funcidx),
    reference: (uses, funcidx) => uses.need('cell', funcidx),
    element(uses, { tableidx, typeidx, offset }, index, cell) {
      const type = JSON.stringify(signature(module.types[typeidx].composite.func));
      const table = uses.need('table', tableidx);
      const slow = `${cell}=${uses.helper('numeric', 'element')}(${table},${index},${type},${offset});`;
      return `${cell}=${table}.elements[${index}];if(!${cell}||${cell}.t!==${type})${slow}`;
    },
    referred: (uses, reference, offset) => `${uses.helper('numeric', 'referred')}(${reference},${offset})`,
    globalWord(uses, globalidx, high) {
      if (shared.has(globalidx)) return `${uses.need('reference', globalidx)}[${high ? 1 : 0}]`;
      return uses.need(high ? 'highWord' : 'word', globalidx);
    },
    cover: () => '',
    tail: (uses, cell) => `${uses.helper('numeric', 'A')}.t=${cell};`,
  };
}

/** Globals that others see: imported or exported. */
export function sharedGlobals({ imports, exports }: ModuleData): ReadonlySet<number> {
  const count = imports.filter(({ type }) => type.kind === 'global').length;
  const shared = new Set(Array.from({ length: count }, (_, k) => k));
  for (const { kind, index } of exports) if (kind === 'global') shared.add(index);
  return shared;
}

/** Equal for equal types, in every file. */
export function signature({ params, results }: FuncType): string {
  return `${lettersOf(params)}:${lettersOf(results)}`;
}
