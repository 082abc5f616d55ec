/** What files that pause say of their functions and of themselves, and the values of frames. */
import type { FileMemory } from './memories';
import type { FileTable } from './tables';

/**
 * A function that pauses: its index, what enters it, the types of its values (`eachValue`), of its results, and four entries for each site: how
 * its frames begin in a snapshot, the number of its entrance, the types of its operands, and of what it waits for, or null.
 */
export type FuncRecord = readonly [
  index: number,
  call: (fp: number, sp: number) => unknown,
  types: string,
  results: string,
  sites: readonly (string | number | null)[],
];
/** What a function's variables hold, at a site. */
export type SavedFrame = readonly [record: FuncRecord, site: number, values: unknown[]];

/** What an instance consists of, for snapshots. */
export interface FileState {
  readonly memories: readonly FileMemory[];
  readonly tables: readonly FileTable[];
  /** What there is a section for besides frames: memories, tables, globals, segments. */
  readonly sections: readonly ((state: FileState) => void)[];
  /** How values are written and read, by the letters of their types. */
  readonly values: Readonly<Record<string, (values: unknown[], at: number, state: FileState) => void>>;
  /** Makes a memory larger, if the module can. */
  readonly grow?: (m: FileMemory, by: number) => number;
  /** A letter for each global, and 1 for those that can change. */
  readonly types: string;
  readonly mutable: string;
  /** Two words of each, or a reference in place of the first; sets them when they are given. */
  readonly globals: (values?: readonly unknown[]) => unknown[];
  /** Which segments of data and of elements are dropped; drops those with a 1 when they are given. */
  readonly dropped: (datas?: readonly number[], elems?: readonly number[]) => (readonly number[])[];
  /** Functions that references name, and their indices. */
  readonly cells: readonly unknown[];
  readonly indices: readonly number[];
  readonly records: readonly FuncRecord[];
  /** Exported functions, and their names. */
  readonly roots: readonly FuncRecord[];
  readonly names: readonly string[];
  /** The module's, as a snapshot has it. */
  readonly hash: string;
  /** Frames that the engine has room for. */
  readonly depth: number;
}

/** Visits the values of a frame: the letter of each, and where it begins in the list. */
function eachValue(types: string, operands: string, visit: (letter: string, at: number) => void): void {
  let at = 0;
  let slot = -1;
  for (let k = 0; k < types.length; k++) {
    const letter = types.charAt(k);
    if (letter === '|' || letter === '.') slot++;
    else {
      if (slot < 0 || operands.charAt(slot) === letter) visit(letter, at);
      at += letter === 'G' ? 3 : letter === 'I' || letter === 'g' ? 2 : 1;
    }
  }
}

export { eachValue };
