/** Snapshots of executions that somebody has been given, by their marks: who has one of them is told what has changed since. */
import { deltaOf, type Marks, marksOf } from '../protocol/delta';
import type { Since } from '../protocol/routes';
import { hex, sha256 } from '../security/digest';

/** Bytes that the marks take at most; those of the snapshots that were told longest ago go first. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Bytes of what goes with a snapshot's marks, about. */
const BESIDE = 256;

interface One {
  readonly digest: Uint8Array;
  readonly marks: Marks;
}

export class Told {
  private readonly known = new Map<string, One>();
  private bytes = 0;

  constructor(
    private readonly rest: () => Promise<void>,
    private readonly max = MAX_BYTES,
  ) {}

  /** The snapshot is told, to somebody who has the one of the digest `since`. What has changed; undefined when the whole has to be told. */
  async tell(bytes: Uint8Array, since: string | undefined): Promise<Since | undefined> {
    const digest = await sha256(bytes);
    const before = since === undefined ? undefined : this.known.get(since);
    const after = this.known.get(hex(digest)) ?? { digest, marks: await marksOf(bytes, this.rest) };
    this.remember(hex(digest), after);
    const delta = before && deltaOf(before, { ...after, bytes });
    return delta && { digest: hex(before.digest), delta };
  }

  private remember(key: string, one: One): void {
    this.forget(key);
    this.known.set(key, one);
    this.bytes += sizeOf(one);
    for (const oldest of this.known.keys()) {
      if (this.bytes <= this.max) return;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    const one = this.known.get(key);
    if (one === undefined) return;
    this.known.delete(key);
    this.bytes -= sizeOf(one);
  }
}

function sizeOf({ marks: { ends, keys } }: One): number {
  return ends.byteLength + keys.byteLength + BESIDE;
}
