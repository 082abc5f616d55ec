/** Two ends of a line that ask each other, and tell each other. What is asked is done in its order, and answered when it is done. */
import { errorDocument, FleetError, STATUS } from '../protocol/errors';
import { encodeFrame, FrameReader, type Head, type Message } from './frames';

const NOTHING: Uint8Array = new Uint8Array(0);

export interface Reply {
  readonly head?: Head;
  readonly bytes?: Uint8Array;
}
type Soon<T> = T | Promise<T>;

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

export interface WireParts {
  readonly send: (frame: Uint8Array) => void;
  /** What this end does when it is asked, or told. */
  readonly serve: (message: Message) => Soon<Reply>;
}

export class Wire {
  private readonly reader = new FrameReader();
  private readonly waiting = new Map<number, Waiter>();
  private count = 0;
  private ended: FleetError | undefined;

  constructor(private readonly parts: WireParts) {}

  ask(head: Head, bytes = NOTHING): Promise<Message> {
    const number = ++this.count;
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) return reject(this.ended);
      this.waiting.set(number, { resolve, reject });
      try {
        this.send({ ...head, ask: number }, bytes);
      } catch (error) {
        this.waiting.delete(number);
        reject(error);
      }
    });
  }
  tell(head: Head, bytes = NOTHING): void {
    if (this.ended === undefined) this.send(head, bytes);
  }

  /** Bytes from the other end. Throws when they are no messages: the line is of no more use then. */
  take(bytes: Uint8Array): void {
    for (const message of this.reader.read(bytes)) {
      const { reply, ask } = message.head;
      if (typeof reply === 'number') this.settle(reply, message);
      else if (typeof ask === 'number') void this.answer(ask, message);
      else void this.hear(message);
    }
  }

  /** Nothing comes any more. */
  end(reason: FleetError): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }

  private send(head: Head, bytes: Uint8Array): void {
    this.parts.send(encodeFrame({ head, bytes }));
  }

  /** What is told and cannot be done counts for nothing. */
  private async hear(message: Message): Promise<void> {
    try {
      await this.parts.serve(message);
    } catch {
      // Nobody waits to hear of it.
    }
  }

  private async answer(ask: number, message: Message): Promise<void> {
    try {
      const { head, bytes } = await this.parts.serve(message);
      this.tell({ ...head, reply: ask }, bytes);
    } catch (error) {
      this.tell({ reply: ask, failure: errorDocument(error) });
    }
  }

  private settle(number: number, message: Message): void {
    const waiter = this.waiting.get(number);
    this.waiting.delete(number);
    const { failure } = message.head;
    if (failure === undefined) waiter?.resolve(message);
    else waiter?.reject(errorOf(failure));
  }
}

/** An `internal` one is a fault of the other end, and no answer to who asked. */
function errorOf(failure: unknown): Error {
  const { error, message } = failure as { readonly error?: unknown; readonly message?: unknown };
  const code = typeof error === 'string' && Object.hasOwn(STATUS, error) ? error : 'internal';
  return new FleetError(code as keyof typeof STATUS, String(message));
}
