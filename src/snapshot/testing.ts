/** For tests: documents at random that keep every rule of the format, reproducible from a seed; how something is refused. */
import { SnapshotError } from '../errors';
import { chunksOf } from './chunks';
import {
  type Activation,
  type ContinuationRecord,
  type ContinuationState,
  EMPTY_DOCUMENT,
  type ExceptionRecord,
  isRefTag,
  type MemoryChunk,
  type MemoryRecord,
  NULL_WORD,
  type RefTag,
  type SiteKind,
  type SnapshotDocument,
  type TableRecord,
  type TypedValue,
  type TypeTag,
  type U64,
} from './document';
import { u64 } from './u64';

/** A small random generator (mulberry32). */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }
  /** An int32 word. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return t ^ (t >>> 14);
  }
  /** In 0 .. bound - 1. */
  below(bound: number): number {
    return Math.floor(((this.word() >>> 0) / 0x100000000) * bound);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }
  list<T>(most: number, make: (index: number) => T): T[] {
    const count = this.below(most + 1);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(make(i));
    return items;
  }
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.word();
    return bytes;
  }
  /** Small, large and extreme words alike. */
  anyWord(): number {
    const edges = [0, 1, -1, 63, 64, -64, -65, 127, 128, 0x7fffffff, -0x80000000, 0x7fc00001];
    return this.oneIn(2) ? this.pick(edges) : this.word() >> this.below(32);
  }
  u64(): U64 {
    return u64(this.anyWord(), this.oneIn(2) ? 0 : this.anyWord());
  }
}

const TYPES: readonly TypeTag[] = [
  'i32',
  'i64',
  'f32',
  'f64',
  'v128',
  'funcref',
  'externref',
  'exnref',
  'contref',
];

export interface RandomOptions {
  /** Leave out what the draft does not have, and what its checker cannot carry through JSON (v128). */
  readonly plain?: boolean;
  /** Chunk memories as the reference implementation does, instead of anyhow. */
  readonly canonicalChunks?: boolean;
}

export function randomDocument(seed: number, options: RandomOptions = {}): SnapshotDocument {
  return new Maker(new Random(seed), options).document();
}

class Maker {
  private readonly r: Random;
  private readonly options: RandomOptions;
  private postmortem = false;
  private exceptions = 0;
  private continuations = 0;

  constructor(random: Random, options: RandomOptions) {
    this.r = random;
    this.options = options;
  }

  document(): SnapshotDocument {
    const { r } = this;
    this.postmortem = r.oneIn(6);
    this.exceptions = r.oneIn(2) ? 0 : r.below(4);
    this.continuations = this.postmortem ? r.below(3) : r.oneIn(2) ? 1 : 1 + r.below(6);
    const continuations = this.continuationRecords();
    const waits = !this.postmortem && !this.options.plain && r.oneIn(5);
    if (waits) this.makeWait(continuations);
    return {
      ...EMPTY_DOCUMENT,
      postmortem: this.postmortem,
      timestampMs: r.u64(),
      wasmHash: u64(r.word(), r.word()),
      memories: r.list(3, (i) => this.memory(i)),
      tables: r.list(3, (i) => this.table(i)),
      globals: this.values(5),
      segments: { dataDropped: this.flags(), elemDropped: this.flags() },
      exceptions: this.exceptionRecords(),
      continuations,
      hostState: this.postmortem || r.oneIn(2) ? new Uint8Array(0) : r.bytes(r.below(40)),
      pendingCall: waits ? { func: r.below(10), args: this.values(3) } : undefined,
      extras:
        this.options.plain || !r.oneIn(4) ? [] : [{ id: 9 + r.below(100), bytes: r.bytes(1 + r.below(5)) }],
    };
  }

  /** An exception holds none but earlier ones: none holds itself. */
  private exceptionRecords(): ExceptionRecord[] {
    const { r, exceptions } = this;
    const records = Array.from({ length: exceptions }, (_, k) => {
      this.exceptions = k;
      return { tag: r.below(300), args: this.values(3) };
    });
    this.exceptions = exceptions;
    return records;
  }

  private value(): TypedValue {
    const { r } = this;
    const type = r.pick(this.options.plain ? TYPES.filter((tag) => tag !== 'v128') : TYPES);
    if (isRefTag(type)) {
      const [lo, hi] = this.reference(type);
      return { type, lo, hi };
    }
    if (type === 'v128') return { type, lo: 0, hi: 0, bytes: r.bytes(16) };
    return { type, lo: r.anyWord(), hi: type === 'i64' || type === 'f64' ? r.anyWord() : 0 };
  }
  private values(most: number): TypedValue[] {
    return this.r.list(most, () => this.value());
  }

  private reference(type: RefTag): [number, number] {
    const { r } = this;
    const least = type === 'contref' && !this.postmortem ? 1 : 0;
    const bound = { funcref: 1000, externref: 1, exnref: this.exceptions, contref: this.continuations }[type];
    if (r.oneIn(3) || least >= bound) return [NULL_WORD, NULL_WORD];
    if (type === 'externref') return [r.word() & 0x7fffffff, r.oneIn(2) ? 0 : r.word()];
    return [least + r.below(bound - least), 0];
  }

  private memory(index: number): MemoryRecord {
    const { r } = this;
    if (index > 0 && r.oneIn(4)) return { sameAs: 0 };
    const pageBits = r.pick([0, 16, 16]);
    const pages = pageBits === 0 ? r.below(3000) : r.below(2);
    const size = pages * 2 ** pageBits;
    if (size === 0) return { sameAs: undefined, pageBits, pages, chunks: [] };
    if (!this.options.canonicalChunks)
      return { sameAs: undefined, pageBits, pages, chunks: this.chunks(size) };
    const bytes = new Uint8Array(size);
    for (let i = r.below(6); i > 0; i--) bytes.fill(r.pick([0xff, 0xff, 0, 5]), r.below(size), r.below(size));
    return { sameAs: undefined, pageBits, pages, chunks: chunksOf(bytes) };
  }
  private chunks(size: number): MemoryChunk[] {
    const { r } = this;
    return r.list(4, () => {
      const offset = r.below(size);
      const length = r.below(Math.min(300, size - offset) + 1);
      return r.oneIn(3) ? { kind: 'ones', offset, length } : { kind: 'raw', offset, bytes: r.bytes(length) };
    });
  }

  private table(index: number): TableRecord {
    const { r } = this;
    if (index > 0 && r.oneIn(4)) return { sameAs: 0 };
    const type = r.pick<RefTag>(['funcref', 'funcref', 'externref', 'exnref', 'contref']);
    return {
      sameAs: undefined,
      type,
      elements: Int32Array.from(r.list(6, () => this.reference(type)).flat()),
    };
  }

  private flags(): Uint8Array {
    return Uint8Array.from(this.r.list(4, () => this.r.below(2)));
  }

  /** Chains: the root resumes 1 resumes 2 ...; what is left is captured, allocated or finished. */
  private continuationRecords(): ContinuationRecord[] {
    const { r } = this;
    if (this.postmortem) {
      return Array.from({ length: this.continuations }, (_, id) =>
        this.record(id, this.anyState(), undefined),
      );
    }
    const chain = r.below(this.continuations);
    return Array.from({ length: this.continuations }, (_, id) => {
      if (id < chain) return this.record(id, 'suspended', this.frames('resume', id + 1));
      if (id === chain)
        return this.record(id, 'suspended', this.frames(r.pick<SiteKind>(['loop', 'entry']), -1));
      const state = this.anyState();
      return this.record(id, state, state === 'suspended' ? this.frames('suspend', -1) : undefined, true);
    });
  }
  private anyState(): ContinuationState {
    return this.r.pick<ContinuationState>(['allocated', 'suspended', 'finished']);
  }
  private record(
    id: number,
    state: ContinuationState,
    activations: Activation[] = [],
    captured = false,
  ): ContinuationRecord {
    const { r } = this;
    const root = id === 0 && !this.postmortem;
    const boundArgs = state === 'allocated' && !this.postmortem ? this.values(3) : [];
    const held = captured && activations.length > 0 ? activations[activations.length - 1].values.length : 0;
    return {
      state,
      typeIndex: root ? -1 : r.below(20),
      entryFunc: r.below(200),
      resumeThrow:
        root || state === 'finished' || this.exceptions === 0 || r.oneIn(2) ? -1 : r.below(this.exceptions),
      boundCount: boundArgs.length + (held > 0 ? r.below(held + 1) : 0),
      boundArgs,
      activations,
    };
  }
  private frames(innermost: SiteKind, targetCont: number): Activation[] {
    const outer = this.r.list(3, () => this.frame('call', -1));
    return [...outer, this.frame(innermost, targetCont)];
  }
  private frame(site: SiteKind, targetCont: number): Activation {
    const { r } = this;
    const offset = 1 + r.below(r.oneIn(3) ? 100000 : 100);
    const targetLoop = site === 'loop' ? r.below(offset) : -1;
    return { func: r.below(500), site, offset, targetLoop, values: this.values(6), targetCont };
  }
  private makeWait(continuations: ContinuationRecord[]): void {
    continuations.length = 1;
    this.continuations = 1;
    this.exceptions = 0;
    continuations[0] = this.record(0, 'suspended', this.frames('call', -1));
  }
}

/** The kind and text of the refusal. */
export function refusal(action: () => unknown): [kind: string, message: string] {
  try {
    action();
  } catch (error) {
    if (error instanceof SnapshotError) return [error.kind, error.message];
    throw error;
  }
  return ['accepted', ''];
}
