/** The orchestrator on the bus: what it wants is told there, and what devices tell there is taken as their reports are. */
import { type Context, Hono } from 'hono';
import { failure } from '../agent/routes';
import {
  type Bus,
  type BusAccess,
  type BusEvent,
  type ConnectBus,
  MAX_LINE,
  type Message,
  readActual,
  readEvent,
  readTopic,
  signDesired,
  signEvent,
  TOPICS,
  type TopicKind,
} from '../protocol/bus';
import { FleetError } from '../protocol/errors';
import type { BusStatus } from '../protocol/status';
import type { Trust } from '../security/certificates';
import { callerOf, only } from '../security/gate';
import type { Orchestrator } from './orchestrator';
import type { ExecutionRecord } from './records';

/** Lines of logs that are known to have been told. */
const MAX_ONCE = 10_000;

/** A line of somebody's log. */
export type BusLine = Omit<BusEvent, 'once'> & { readonly source: string };

export interface BusPlace {
  /** Where the broker is, for a member. */
  readonly accessFor: (member: string) => BusAccess;
  readonly onLine: (line: BusLine) => void;
}

export class OrchestratorBus {
  private readonly bus: Bus;
  private readonly once = new Set<string>();
  private refused = 0;
  private readonly hearing: Readonly<
    Record<TopicKind, (about: string, text: string) => Promise<void> | undefined>
  > = {
    presence: (device, text) => (text === 'offline' ? this.orchestrator.suspect(device) : undefined),
    // These are our own words.
    desired: () => undefined,
    actual: (execution, text) => this.hearActual(execution, text),
    events: (source, text) => this.hearLine(source, text),
  };

  constructor(
    private readonly orchestrator: Orchestrator,
    private readonly trust: Trust,
    private readonly name: string,
    connect: ConnectBus,
    private readonly place: BusPlace,
  ) {
    this.bus = connect({
      name,
      access: async () => place.accessFor(name),
      topics: [TOPICS.presence('+'), TOPICS.actual('+'), TOPICS.events('+')],
      onConnect: () => {
        for (const record of orchestrator.executions.values())
          if (record.wanted === 'running') void this.want(record);
      },
      onMessage: (message) => void this.hear(message),
      log: (text) => orchestrator.options.log(text),
    });
    orchestrator.executions.onSave = (record) => void this.want(record);
  }

  close(): Promise<void> {
    this.orchestrator.executions.onSave = undefined;
    return this.bus.close();
  }

  accessFor(member: string): BusAccess {
    return this.place.accessFor(member);
  }
  status(): BusStatus {
    const { url } = this.place.accessFor(this.name);
    // Without what lets one in.
    const shown = url === undefined ? undefined : new URL(url);
    return {
      url: shown && `${shown.protocol}//${shown.host}`,
      connected: this.bus.isConnected,
      refused: this.refused,
    };
  }

  private async want(record: ExecutionRecord): Promise<void> {
    const { id, epoch, lastEpoch, device, wanted } = record;
    if (!this.bus.isConnected) return;
    const { identity } = this.orchestrator.options;
    const isGone = wanted === 'removed';
    const told = { execution: id, epoch: isGone ? lastEpoch + 1 : epoch, device, wanted };
    const signed = await signDesired(identity, told);
    // Signatures come in any order: only the newest decision is told.
    if (this.orchestrator.executions.get(id) !== record) return;
    this.bus.publish(TOPICS.desired(id), signed, !isGone);
    if (isGone)
      for (const kind of ['desired', 'actual'] as const) this.bus.publish(TOPICS[kind](id), '', true);
  }

  /** A line of our own log. */
  async event(told: Omit<BusEvent, 'once'>): Promise<void> {
    if (!this.bus.isConnected) return;
    const once = crypto.randomUUID();
    this.count(once);
    const line = { ...told, text: told.text.slice(0, MAX_LINE), once };
    this.bus.publish(
      TOPICS.events(this.name),
      await signEvent(this.orchestrator.options.identity, line),
      false,
    );
  }

  private async hear({ topic, text }: Message): Promise<void> {
    const read = readTopic(topic);
    if (read === undefined || text === '') return;
    try {
      await this.hearing[read.kind](read.about, text);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      // One line about the first: who can send one can send millions.
      if (this.refused++ === 0)
        this.orchestrator.options.log(
          `a message on the bus is refused (${topic}: ${error.message}); more are only counted`,
        );
    }
  }

  private async hearActual(execution: string, text: string): Promise<void> {
    const { source, report } = await readActual(text, this.trust);
    if (report.id !== execution)
      throw new FleetError('bad-request', `a report of ${report.id} as one of ${execution}`);
    await this.orchestrator.hearOne(source, report);
  }

  private async hearLine(source: string, text: string): Promise<void> {
    if (source === this.name) return;
    const { once, source: signer, certificate: _, ...line } = await readEvent(text, this.trust);
    if (signer !== source) throw new FleetError('forbidden', `${signer} is not ${source}`);
    if (this.count(once)) this.place.onLine({ ...line, source });
  }

  /** Whether it is the first time. */
  private count(once: string): boolean {
    if (this.once.has(once)) return false;
    const [oldest] = this.once;
    if (this.once.size >= MAX_ONCE) this.once.delete(oldest);
    this.once.add(once);
    return true;
  }
}

/** `POST /bus/access`: a member asks how it gets onto the bus. `GET /bus`: how that is. */
export function busRoutes(bus: () => OrchestratorBus | undefined): Hono {
  const app = new Hono();
  app.onError(failure);
  app.post('/bus/access', only('agent'), (c: Context) => c.json(bus()?.accessFor(callerOf(c).name) ?? {}));
  app.get('/bus', only('operator'), (c) =>
    c.json(bus()?.status() ?? ({ connected: false, refused: 0 } satisfies BusStatus)),
  );
  return app;
}
