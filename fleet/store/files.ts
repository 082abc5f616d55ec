/** Where a member of the fleet keeps what must outlast it: named files that are written whole or not at all. */
export interface Files {
  read(path: string): Promise<Uint8Array | undefined>;
  /** Once it is settled, the new contents outlast a loss of power; before, the old ones do. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end, as `write` does: the addition is there, or none of it counts (the reader checks). */
  append(path: string, ...parts: readonly Uint8Array[]): Promise<void>;
  remove(path: string): Promise<void>;
  /** The names in a folder, without folders; none when it is not there. */
  list(folder: string): Promise<string[]>;
}

/** Files that are lost with the process: for browsers, simulations and tests. */
export class MemoryFiles implements Files {
  /** Each in the parts in which it was written, until somebody reads it. */
  private readonly files = new Map<string, Uint8Array[]>();

  async read(path: string): Promise<Uint8Array | undefined> {
    const parts = this.files.get(path);
    if (parts === undefined || parts.length === 1) return parts?.[0];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.files.set(path, [whole]);
    return whole;
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.files.set(path, [Uint8Array.from(bytes)]);
  }
  async append(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const known = this.files.get(path) ?? [];
    this.files.set(path, known);
    for (const part of parts) known.push(Uint8Array.from(part));
  }
  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }
  async list(folder: string): Promise<string[]> {
    const names = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return names.map((path) => path.slice(folder.length + 1)).filter((rest) => !rest.includes('/'));
  }
}
