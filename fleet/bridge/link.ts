/**
 * A line that loses nothing, over one that does: both ends of a serial line. What is sent is cut into segments, which are numbered, and repeated
 * until the other end wants the next one. The agent opens a session; an engine that hears of another one begins anew, and one that has been
 * started anew knows none, so that no bytes of one life of it come into another.
 *
 * The engine may be busy for seconds, and what stands behind it (4096 bytes in Linux) is all that takes what comes meanwhile: so no more than
 * that is ever under way, and what is not answered for is asked for by its first segment alone.
 */
import type { Clock } from '../agent/world';
import { encodeSegment, type Kind, MOST_BYTES, type Segment, SegmentReader } from './segments';

/** Segments that are under way at most: 8 of 508 bytes with what stands before them. */
const WINDOW = 8;
/** Milliseconds until a segment is repeated: what the first may take, and the bounds of what is found later. */
const [FIRST, LEAST, LONGEST] = [1_000, 150, 4_000];
/** Milliseconds between two looks at the line, and without a word after which one is asked for. */
const LOOK = 1_000;
/** Milliseconds without a word after which nobody is there. */
const SILENCE = 15_000;

const NOTHING: Uint8Array = new Uint8Array(0);

type LinkClock = Pick<Clock, 'now' | 'after'>;

interface SessionParts {
  readonly clock: LinkClock;
  readonly write: (bytes: Uint8Array) => void;
  /** Bytes of the other end, all of them in their order. */
  readonly take: (bytes: Uint8Array) => void;
}

interface Sent {
  readonly bytes: Uint8Array;
  at: number;
  repeats: number;
}

/** Both directions of one session, as one end has them. */
class Session {
  /** Bytes that wait for their segment. */
  private queue: Uint8Array[] = [];
  private readonly sent = new Map<number, Sent>();
  /** Segments from there on have not been answered for, and from here on not been sent. */
  private first = 0;
  private next = 0;
  /** What has come before its turn. */
  private readonly early = new Map<number, Uint8Array>();
  private wanted = 0;
  private owesWord = false;
  private isMissing = false;
  private patience = FIRST;
  private callOff: (() => void) | undefined;
  private isOver = false;
  /** Bytes that have come to either end. */
  moved = 0;

  constructor(
    readonly number: number,
    private readonly parts: SessionParts,
    /** Whether the other end has taken it up. */
    private isOpen: boolean,
  ) {}

  open(): void {
    this.isOpen = true;
    this.pump();
  }
  close(): void {
    this.isOver = true;
    this.callOff?.();
  }

  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_BYTES)
      this.queue.push(bytes.subarray(at, at + MOST_BYTES));
    this.pump();
  }

  /** What has come of it with some bytes of the line. */
  read(segments: readonly Segment[], isDamaged: boolean): void {
    if (isDamaged) this.owesWord = this.isMissing = true;
    for (const segment of segments) this.hear(segment);
    this.pump();
    if (this.owesWord) this.say('ack');
  }

  private hear({ kind, number, wanted, isMissing, bytes }: Segment): void {
    this.answered(wanted, isMissing);
    if (kind === 'ping') this.owesWord = true;
    if (kind !== 'data') return;
    this.owesWord = true;
    if (number < this.wanted || number >= this.wanted + WINDOW) return;
    this.early.set(number, bytes);
    for (let part = this.early.get(this.wanted); part; part = this.early.get(this.wanted)) {
      this.early.delete(this.wanted++);
      this.moved += part.length;
      this.parts.take(part);
    }
    if (this.early.size > 0) this.isMissing = true;
  }

  /** All before this one have come to the other end. */
  private answered(wanted: number, isMissing: boolean): void {
    const now = this.parts.clock.now();
    // What belongs to no segment of ours is damaged in a way that no checksum shows, or very old.
    if (wanted < this.first || wanted > this.next) return;
    if (wanted > this.first) {
      const { at, repeats } = this.sent.get(wanted - 1)!;
      // Of one that has been sent twice, nobody knows which of them has been answered.
      if (repeats === 0)
        this.patience = Math.min(LONGEST, Math.max(LEAST, (this.patience + 3 * (now - at)) / 2));
      for (; this.first < wanted; this.first++) {
        this.moved += this.sent.get(this.first)!.bytes.length;
        this.sent.delete(this.first);
      }
      this.watch();
    }
    const missing = isMissing ? this.sent.get(this.first) : undefined;
    // Each that comes behind the missing one says so again.
    if (missing !== undefined && now - missing.at >= LEAST) this.repeat(this.first, missing);
  }

  private pump(): void {
    if (!this.isOpen || this.isOver) return;
    while (this.queue.length > 0 && this.next < this.first + WINDOW) {
      const bytes = this.queue.shift()!;
      this.sent.set(this.next, { bytes, at: this.parts.clock.now(), repeats: 0 });
      this.say('data', this.next++, bytes);
      if (this.callOff === undefined) this.watch();
    }
  }

  private repeat(number: number, sent: Sent): void {
    sent.at = this.parts.clock.now();
    sent.repeats++;
    this.say('data', number, sent.bytes);
    this.watch();
  }

  /** Repeats the first segment when it is not answered for in time. */
  private watch(): void {
    this.callOff?.();
    this.callOff = undefined;
    const first = this.sent.get(this.first);
    if (first === undefined || this.isOver) return;
    const patience = Math.min(LONGEST, this.patience * 2 ** first.repeats);
    this.callOff = this.parts.clock.after(patience, () => this.repeat(this.first, first));
  }

  say(kind: Kind, number = 0, bytes = NOTHING): void {
    if (this.isOver) return;
    const { wanted, isMissing } = this;
    this.parts.write(encodeSegment({ session: this.number, kind, isMissing, number, wanted, bytes }));
    if (kind === 'open' || kind === 'opened') return;
    this.owesWord = this.isMissing = false;
  }
}

export interface AgentEndParts extends SessionParts {
  /** Told once: nobody is there, or another life of the engine. */
  readonly ended: (reason: string) => void;
  readonly session: number;
}

/** The agent's end, which opens a session, and notices when nobody is there. */
export class AgentEnd {
  private readonly reader = new SegmentReader();
  private readonly session: Session;
  private isOpen = false;
  private heard: number;
  private callOff: () => void = () => undefined;

  constructor(private readonly parts: AgentEndParts) {
    this.session = new Session(parts.session, parts, false);
    this.heard = parts.clock.now();
    this.look();
  }

  get moved(): number {
    return this.session.moved;
  }
  send(bytes: Uint8Array): void {
    this.session.send(bytes);
  }
  close(): void {
    this.callOff();
    this.session.close();
  }

  /** Bytes of the line. */
  read(bytes: Uint8Array): void {
    const { segments, isDamaged } = this.reader.read(bytes);
    // Others are of a session that has been before.
    const own = segments.filter(({ session }) => session === this.session.number);
    if (own.length > 0) this.heard = this.parts.clock.now();
    if (own.some(({ kind }) => kind === 'reset')) {
      this.end('has been started anew');
      return;
    }
    if (!this.isOpen && own.length > 0) {
      this.isOpen = true;
      this.session.open();
    }
    if (this.isOpen) this.session.read(own, isDamaged);
  }

  private look(): void {
    const { clock } = this.parts;
    const silence = clock.now() - this.heard;
    if (silence >= SILENCE) {
      this.end(`has said nothing for ${SILENCE / 1000} s`);
      return;
    }
    if (!this.isOpen) this.session.say('open');
    else if (silence >= LOOK) this.session.say('ping');
    this.callOff = clock.after(LOOK, () => this.look());
  }

  private end(reason: string): void {
    this.close();
    this.parts.ended(reason);
  }
}

export interface EngineEndParts {
  readonly clock: LinkClock;
  readonly write: (bytes: Uint8Array) => void;
  /** An agent is there, and knows nothing of what has been before: takes its bytes, and sends it some. */
  readonly begin: (send: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => void;
}

/** The engine's end: as many sessions as there are, one after the other. */
export class EngineEnd {
  private readonly reader = new SegmentReader();
  private session: Session | undefined;

  constructor(private readonly parts: EngineEndParts) {}

  /** Bytes of the line. */
  read(bytes: Uint8Array): void {
    const { segments, isDamaged } = this.reader.read(bytes);
    let own: Segment[] = [];
    for (const segment of segments) {
      const { session: number, kind } = segment;
      if (kind === 'open') {
        if (number !== this.session?.number) {
          this.begin(number);
          own = [];
        }
        this.session?.say('opened');
      } else if (number === this.session?.number) own.push(segment);
      else this.refuse(number);
    }
    this.session?.read(own, isDamaged);
  }

  private begin(number: number): void {
    this.session?.close();
    const { clock, write, begin } = this.parts;
    let take: (bytes: Uint8Array) => void = () => undefined;
    const session = new Session(number, { clock, write, take: (bytes) => take(bytes) }, true);
    take = begin((bytes) => session.send(bytes));
    this.session = session;
  }

  private refuse(session: number): void {
    const nothing = { isMissing: false, number: 0, wanted: 0, bytes: NOTHING };
    this.parts.write(encodeSegment({ ...nothing, session, kind: 'reset' }));
  }
}
