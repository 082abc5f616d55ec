/** What globals of an instance held when native code last had the same, where they are not handed over with each call: few change between. */
import { isRef, slotsOf } from '../../decoder';
import type { Global } from '../../runtime';

export class KnownGlobals {
  private readonly references: readonly Global[];
  private readonly refs: unknown[];
  /** Of the numbers, one behind the other: a program that is linked while it runs has thousands. */
  private readonly words: Int32Array;
  /** Where each of these words is. */
  private readonly cells: Int32Array[] = [];
  private readonly places: number[] = [];

  constructor(globals: readonly Global[]) {
    this.references = globals.filter(({ type }) => isRef(type.value));
    this.refs = this.references.map(() => null);
    for (const { type, cells, at } of globals) {
      for (let word = 0; !isRef(type.value) && word < 2 * slotsOf(type.value); word++) {
        this.cells.push(cells);
        this.places.push(at + word);
      }
    }
    this.words = new Int32Array(this.places.length);
  }

  /** Native code has what they hold now. */
  agree(): void {
    const { words, cells, places, refs, references } = this;
    for (let k = 0; k < words.length; k++) words[k] = cells[k][places[k]];
    for (let k = 0; k < refs.length; k++) refs[k] = references[k].ref;
  }

  /** Whether one of them holds another value now. */
  get haveChanged(): boolean {
    const { words, cells, places, refs, references } = this;
    for (let k = 0; k < words.length; k++) if (words[k] !== cells[k][places[k]]) return true;
    return references.some(({ ref }, k) => !Object.is(ref, refs[k]));
  }
}
