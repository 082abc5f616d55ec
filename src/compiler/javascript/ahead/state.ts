/** What a file that pauses says of its instance (`FileState` in parts/frames.ts): the state that a snapshot holds. */
import { F32, F64, I32, I64, isRef, type ModuleData, type ValType } from '../../../decoder';
import { isQuiet } from '../../../decoder/quiet';
import { hashText, isFuncRef } from './sites';
import { sharedGlobals } from './surroundings';

const LETTERS: Readonly<Record<ValType, string>> = { [I32]: 'i', [I64]: 'I', [F32]: 'w', [F64]: 'W' };

/** Parts that write and read values, by letter; floats of globals are words. */
const VALUES: Readonly<Record<string, string>> = {
  i: 'valueI32',
  I: 'valueI64',
  f: 'valueF32',
  F: 'valueF64',
  g: 'ownF32',
  G: 'ownF64',
  a: 'valueFunc',
  e: 'valueExtern',
  w: 'wordsF32',
  W: 'wordsF64',
};

export interface StateNeeds {
  /** Functions that references name. */
  readonly cells: readonly number[];
  /** How many frames there may be. */
  readonly depth: number;
  /** The letters of values that frames hold. */
  readonly letters: ReadonlySet<string>;
  readonly grows: boolean;
  /** The name of a part that the text needs. */
  readonly part: (name: string) => string;
}

/** `var P={...};`. */
export function stateText(module: ModuleData, { cells, depth, letters, grows, part }: StateNeeds): string {
  const { memories, tables, globals, exports, funcTypes, importedFuncs, datas, elements } = module;
  const names = (letter: string, count: number): string =>
    `[${Array.from({ length: count }, (_, k) => letter + k).join()}]`;
  const types = globals.map(({ value }) => LETTERS[value] ?? (isFuncRef(value) ? 'a' : 'e'));
  const roots = exports.filter(({ kind }) => kind === 'func');
  const pausing = [...funcTypes.keys()].slice(importedFuncs).filter((k) => !isQuiet(module, k));
  const sections = [
    ...(memories.length > 0 ? ['memorySection'] : []),
    ...(tables.length > 0 ? ['tableSection'] : []),
    ...(globals.length > 0 ? ['globalSection'] : []),
    ...(datas.length + elements.length > 0 ? ['segmentSection'] : []),
  ];
  const values = [...new Set([...letters, ...types])].sort();
  const fields = {
    sections: `[${sections.map(part).join()}]`,
    values: `{${values.map((letter) => `${letter}:${part(VALUES[letter])}`).join()}}`,
    ...(grows ? { grow: part('memoryGrow') } : {}),
    memories: names('m', memories.length),
    tables: names('T', tables.length),
    types: `"${types.join('')}"`,
    mutable: `"${globals.map(({ mutable }) => (mutable ? 1 : 0)).join('')}"`,
    globals: globalsText(module),
    dropped: droppedText(module),
    cells: `[${cells.map((k) => `C${k}`).join()}]`,
    indices: `[${cells.join()}]`,
    records: `[${pausing.map((k) => `R${k}`).join()}]`,
    roots: `[${roots.map(({ index }) => `R${index}`).join()}]`,
    names: JSON.stringify(roots.map(({ name }) => name)),
    hash: hashText(module),
    depth: `${depth}`,
  };
  const entries = Object.entries(fields).map(([name, text]) => `${name}:${text}`);
  return `var P={${entries.join()}};`;
}

/** Gives two words of each global, and sets those that can change. */
function globalsText(module: ModuleData): string {
  const shared = sharedGlobals(module);
  const words = module.globals.map(({ value }, k) => {
    if (isRef(value)) return [`H${k}.ref`, '0'];
    return shared.has(k) ? [`H${k}[0]`, `H${k}[1]`] : [`g${k}`, `w${k}`];
  });
  const set = module.globals.map(({ value, mutable }, k) => {
    if (!mutable) return '';
    const [low, high] = words[k];
    return `${low}=v[${2 * k}];${isRef(value) ? '' : `${high}=v[${2 * k + 1}];`}`;
  });
  return `function(v){${set.some((text) => text !== '') ? `if(v){${set.join('')}}` : ''}return[${words.flat().join()}]}`;
}

/** Gives which segments are dropped, and drops others. */
function droppedText({ datas, elements }: ModuleData): string {
  const list = (letter: string, count: number): string =>
    Array.from({ length: count }, (_, k) => `${letter}${k}===null?1:0`).join();
  const drop = (from: string, letter: string, count: number): string =>
    Array.from({ length: count }, (_, k) => `if(${from}[${k}])${letter}${k}=null;`).join('');
  const all = drop('d', 'D', datas.length) + drop('e', 'Y', elements.length);
  const dropped = all === '' ? '' : `if(d){${all}}`;
  return `function(d,e){${dropped}return[[${list('D', datas.length)}],[${list('Y', elements.length)}]]}`;
}
