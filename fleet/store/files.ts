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
  private readonly files = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path);
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.files.set(path, bytes.slice());
  }
  async append(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const before = this.files.get(path) ?? new Uint8Array(0);
    const after = new Uint8Array(parts.reduce((sum, { length }) => sum + length, before.length));
    after.set(before);
    let at = before.length;
    for (const part of parts) {
      after.set(part, at);
      at += part.length;
    }
    this.files.set(path, after);
  }
  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }
  async list(folder: string): Promise<string[]> {
    const names = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return names.map((path) => path.slice(folder.length + 1)).filter((rest) => !rest.includes('/'));
  }
}
