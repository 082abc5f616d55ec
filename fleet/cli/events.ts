/** Lines of a log: for people, or a JSON document each. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { only } from '../security/gate';

export type LogFormat = 'text' | 'json';

export interface Event {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly source: string;
  readonly text: string;
  readonly execution?: string;
  readonly device?: string;
}

export function formatEvent({ time, source, text, execution, device }: Event, format: LogFormat): string {
  const when = new Date(time).toISOString();
  if (format === 'json') return JSON.stringify({ time: when, source, execution, device, text });
  const about = [device, execution].filter((one) => one !== undefined).join(' ');
  return `${when.slice(11, 23)} ${source}${about === '' ? '' : ` ${about}`}: ${text}`;
}

/** The newest events, for whoever asks later. */
export class EventLog {
  private readonly events: Event[] = [];
  private readonly listeners = new Set<(event: Event) => void>();

  constructor(private readonly kept = 2000) {}

  add(event: Event): void {
    this.events.push(event);
    if (this.events.length > this.kept) this.events.shift();
    for (const listener of this.listeners) listener(event);
  }
  list(filter: (event: Event) => boolean = () => true): Event[] {
    return this.events.filter(filter);
  }
  /** Gives the way to stop listening. */
  listen(listener: (event: Event) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** `GET /events`: the newest, or with `Accept: text/event-stream` those from now on. `execution` and `device` ask for some of them. */
export function eventRoutes(events: EventLog): Hono {
  const app = new Hono();
  app.get('/events', only('operator'), (c) => {
    const wanted = { execution: c.req.query('execution'), device: c.req.query('device') };
    const fits = (event: Event): boolean =>
      (wanted.execution === undefined || event.execution === wanted.execution) &&
      (wanted.device === undefined || event.device === wanted.device || event.source === wanted.device);
    if (!c.req.header('accept')?.includes('text/event-stream')) return c.json(events.list(fits));
    return streamSSE(c, async (stream) => {
      const ended = new Promise<void>((resolve) => stream.onAbort(resolve));
      const stop = events.listen((event) => {
        if (fits(event)) void stream.writeSSE({ data: JSON.stringify(event) });
      });
      await ended;
      stop();
    });
  });
  return app;
}
