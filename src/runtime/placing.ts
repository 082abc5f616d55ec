/**
 * Where the bytes of a memory lie on a host that has memories of its own, and when they move: growing, native code and whoever asks for the
 * buffer are each cheap somewhere else.
 */
import type { MemoryType } from '../decoder';
import {
  type BackingKind,
  DEAR_BYTES,
  hostBacking,
  LARGE_BYTES,
  type MemoryBacking,
  PATIENCE,
  PortableBacking,
  SETTLED_BYTES,
  STEP,
} from './backing';
import { type Listeners, NOBODY, withOne, without } from './listeners';
import { sharedBacking } from './threads';

/** The host's memory that one lies in. Code that is given it must know whether it is shared. */
export interface HeldMemory {
  readonly host: object;
  readonly isShared: boolean;
}

/** What is needed of a memory. */
interface Placed {
  readonly type: MemoryType;
  readonly byteLength: number;
  readonly backing: MemoryBacking;
  readonly exposed: ArrayBuffer | undefined;
  readonly lost: boolean;
  readonly isPrivate: boolean;
  adopt(backing: MemoryBacking): void;
}

/**
 * Where a memory of so many bytes begins, which will have `most` at most; undefined where the host has nothing better than an ArrayBuffer. A
 * shared one stays there.
 */
export function firstBacking(
  type: MemoryType,
  bytes: number,
  most: number,
  onHost: boolean,
): MemoryBacking | undefined {
  if (type.shared) return hostBacking(type, bytes, 'true') ?? sharedBacking(bytes, most);
  const kind = onHost ? 'true' : bytes < LARGE_BYTES ? undefined : 'spacious';
  return kind && hostBacking(type, bytes, kind);
}

export class Placing {
  /**
   * How often the memory has grown in many small steps where these are dear to the host: each time, whoever holds the host's memory should let go
   * of it.
   */
  cramps = 0;
  /** It had better lie in a shared memory. */
  private isCramped = false;
  /** Those who hold the host's memory, told when the bytes are elsewhere. */
  private holders: Listeners<() => void> = NOBODY;
  /** Small steps of a large memory in a true backing, and how many there may be. */
  private steps = 0;
  private patience = PATIENCE;

  /** Its buffer is to be handed out. */
  beforeExposed(memory: Placed): void {
    if (this.isCramped || memory.backing.kind === 'shared') this.patience *= 2;
    this.isCramped = false;
    this.steps = 0;
    const { byteLength } = memory;
    memory.backing.settle?.(byteLength);
    moveTo(memory, 'true');
    if (memory.backing.kind === 'shared') memory.adopt(new PortableBacking(byteLength, byteLength));
  }

  hold(memory: Placed, moved: () => void): HeldMemory | undefined {
    const { shared } = memory.type;
    if (memory.exposed === undefined && !memory.lost && this.holders.length === 0 && !shared) {
      memory.backing.settle?.(memory.byteLength);
      const stays = memory.backing.kind === 'true' && memory.byteLength >= SETTLED_BYTES;
      if (this.isCramped || (memory.isPrivate && !stays)) moveTo(memory, 'shared');
      this.isCramped = false;
      if (memory.backing.kind !== 'shared') moveTo(memory, 'true');
    }
    const { kind, host } = memory.backing;
    if (host === undefined || kind === 'spacious') return undefined;
    this.holders = withOne(this.holders, moved);
    return { host, isShared: shared || kind === 'shared' };
  }
  letGo(moved: () => void): void {
    this.holders = without(this.holders, moved);
  }

  /** Before it grows: to where the bytes can stay, if the host has such a place. */
  makeRoom(memory: Placed, bytes: number): void {
    if (memory.exposed !== undefined || this.holders.length > 0) return;
    const { kind, buffer } = memory.backing;
    if (kind === 'portable' && bytes >= LARGE_BYTES && bytes > buffer.byteLength) moveTo(memory, 'spacious');
    if (!this.isCramped) return;
    this.isCramped = false;
    moveTo(memory, 'shared');
  }

  /** It has grown by so many bytes. */
  noteGrowth({ byteLength, backing, type }: Placed, added: number): void {
    if (
      backing.kind !== 'true' ||
      type.shared ||
      byteLength < DEAR_BYTES ||
      added === 0 ||
      added > byteLength * STEP
    )
      return;
    if (++this.steps < this.patience) return;
    this.steps = 0;
    this.cramps++;
    this.isCramped = true;
  }

  /** The bytes are elsewhere. */
  moved(): void {
    const { holders } = this;
    this.holders = NOBODY;
    for (const moved of holders) moved();
  }
}

/** To another kind of backing, if the host has it. No buffer has been handed out. */
function moveTo(memory: Placed, kind: BackingKind): void {
  if (memory.backing.kind === kind) return;
  const better = hostBacking(memory.type, memory.byteLength, kind);
  if (better !== undefined) memory.adopt(better);
}
