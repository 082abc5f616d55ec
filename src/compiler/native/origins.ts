/** Where emitted instructions came from: kept for a body when somebody asks, who has it emitted again. */

/** From where on emitted code is that of an instruction, or a copy of those from an offset on. */
interface Origin {
  readonly emitted: number;
  readonly original: number;
  readonly isCopy: boolean;
}

export class Origins {
  private readonly list: Origin[] = [];

  /** What is emitted at this offset from now on is for the instruction at a module offset, or a copy of what stands from there on. */
  note(emitted: number, original: number, isCopy: boolean): void {
    this.list.push({ emitted, original, isCopy });
  }

  /** The module offset of the instruction that an emitted one is for; undefined before the first that is noted. */
  find(emitted: number): number | undefined {
    let found = this.list[0];
    for (const origin of this.list) if (origin.emitted <= emitted) found = origin;
    if (found === undefined) return undefined;
    return found.isCopy ? found.original + emitted - found.emitted : found.original;
  }
}
