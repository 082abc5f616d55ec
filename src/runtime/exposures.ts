/**
 * Buffers of memories that are in the host's hands: whoever has one may transfer it away, and the bytes of the memory with it. A store looks
 * at all of them each time that the host has run.
 *
 * It holds the buffers, and not the memories. To look at a memory through a weak reference would keep it alive until the job of the event
 * loop ends: a collection in the middle of a job, which is where most of them begin, would find no memory that is garbage, in no job.
 */
export interface Exposed {
  /** The buffer has been transferred away. */
  loseBuffer(): void;
}
/** A buffer in the host's hands. */
export interface Exposure {
  readonly among: Exposures;
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly memory: { deref(): Exposed | undefined };
}

/**
 * Where the host cannot tell what is garbage, memories whose buffer somebody has had stay. One registry for all stores: when one that has
 * something to tell is garbage itself, V8 11.3 (Node 20) tells nothing more to any other one of the process.
 */
const registry =
  typeof WeakRef === 'function' && typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Exposure>((exposure) => exposure.among.end(exposure))
    : undefined;

export class Exposures {
  private all: readonly Exposure[] = [];

  /** How many there are. */
  get count(): number {
    return this.all.length;
  }

  begin(memory: Exposed, buffer: ArrayBuffer): Exposure {
    const reference = registry === undefined ? { deref: () => memory } : new WeakRef(memory);
    const exposure = { among: this, buffer, length: buffer.byteLength, memory: reference };
    registry?.register(memory, exposure, exposure);
    this.all = [...this.all, exposure];
    return exposure;
  }

  /** The memory has another buffer, or is garbage. */
  end(exposure: Exposure): void {
    registry?.unregister(exposure);
    this.all = this.all.filter((other) => other !== exposure);
  }

  /** Tells the memories whose buffers are gone. */
  look(): void {
    const { all } = this;
    for (let k = 0; k < all.length; k++) {
      const exposure = all[k];
      if (exposure.buffer.byteLength === exposure.length) continue;
      this.end(exposure);
      exposure.memory.deref()?.loseBuffer();
    }
  }
}
