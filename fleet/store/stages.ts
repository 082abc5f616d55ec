/**
 * Executions that have come in stages, as they came: until such a one has a checkpoint of its own, these are what it goes on from after a loss of power.
 * A file has a record for each stage: its length (u32, little endian), eight bytes of its SHA-256, and the stage. One that is cut off ends the file.
 */
import { sha256 } from '../security/digest';
import type { Files } from './files';

const HEADER = 12;

export class Stages {
  private readonly known = new Set<string>();

  constructor(
    private readonly files: Files,
    private readonly folder: string,
  ) {}

  async open(): Promise<void> {
    for (const id of await this.files.list(this.folder)) this.known.add(id);
  }
  list(): string[] {
    return [...this.known];
  }

  /** Forgets what there is of an earlier arrival. */
  async begin(id: string): Promise<void> {
    this.known.add(id);
    await this.files.write(`${this.folder}/${id}`, new Uint8Array(0));
  }

  /** The next stage, of this digest. */
  async add(id: string, stage: Uint8Array, digest: Uint8Array): Promise<void> {
    const header = new Uint8Array(HEADER);
    new DataView(header.buffer).setUint32(0, stage.length, true);
    header.set(digest.subarray(0, 8), 4);
    await this.files.append(`${this.folder}/${id}`, header, stage);
  }

  async read(id: string): Promise<Uint8Array[]> {
    const bytes = (await this.files.read(`${this.folder}/${id}`)) ?? new Uint8Array(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const stages: Uint8Array[] = [];
    for (let at = 0; at + HEADER <= bytes.length; ) {
      const end = at + HEADER + view.getUint32(at, true);
      const stage = bytes.subarray(at + HEADER, end);
      const digest = await sha256(stage);
      if (end > bytes.length || !bytes.subarray(at + 4, at + HEADER).every((byte, k) => byte === digest[k]))
        break;
      stages.push(stage);
      at = end;
    }
    return stages;
  }

  async remove(id: string): Promise<void> {
    if (!this.known.delete(id)) return;
    await this.files.remove(`${this.folder}/${id}`);
  }
}
