/** What an instance's globals held when native code last had the same, where they are too many to be handed over with a call: few change between. */
import { isRef, slotsOf } from '../../decoder';
import type { Global } from '../../runtime';

export class KnownGlobals {
  private readonly numbers: readonly Global[];
  private readonly references: readonly Global[];
  /** Of the numbers, one behind the other. */
  private readonly words: Int32Array;
  private readonly refs: unknown[];

  /** Of the mutable ones among them. */
  constructor(globals: readonly Global[]) {
    const mutable = globals.filter(({ type }) => type.mutable);
    this.numbers = mutable.filter(({ type }) => !isRef(type.value));
    this.references = mutable.filter(({ type }) => isRef(type.value));
    this.words = new Int32Array(this.numbers.reduce((words, global) => words + wordsIn(global), 0));
    this.refs = this.references.map(() => null);
  }

  /** Native code has what they hold now. */
  agree(): void {
    const { words, refs, references } = this;
    let k = 0;
    for (const global of this.numbers) {
      for (let word = 0; word < wordsIn(global); word++) words[k++] = global.cells[global.at + word];
    }
    for (let at = 0; at < refs.length; at++) refs[at] = references[at].ref;
  }

  /** Whether one of them holds another value now. */
  get haveChanged(): boolean {
    const { words, refs, references } = this;
    let k = 0;
    for (const global of this.numbers) {
      for (let word = 0; word < wordsIn(global); word++) {
        if (words[k++] !== global.cells[global.at + word]) return true;
      }
    }
    return references.some(({ ref }, at) => !Object.is(ref, refs[at]));
  }
}

const wordsIn = ({ type }: Global): number => 2 * slotsOf(type.value);
