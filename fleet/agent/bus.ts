/** An agent on the bus: it tells how its executions are as soon as that changes, and ends copies that are superseded as soon as it hears of it. */
import {
  type Bus,
  type BusAccess,
  type BusEvent,
  type ConnectBus,
  MAX_LINE,
  type Message,
  readDesired,
  readTopic,
  signActual,
  signEvent,
  TOPICS,
} from '../protocol/bus';
import { FleetError } from '../protocol/errors';
import type { Trust } from '../security/certificates';
import type { Agent } from './agent';
import type { FleetExecution } from './execution';
import { Rate } from './rate';
import { statusOf } from './routes';

/** Lines of its log that an agent tells in a second: more would be a flood for whoever reads them. */
const LINES = 50;

export class AgentBus {
  private readonly bus: Bus;
  private readonly lines: Rate;

  constructor(
    private readonly agent: Agent,
    private readonly trust: Trust,
    connect: ConnectBus,
    access: () => Promise<BusAccess>,
  ) {
    const { name, world } = agent.options;
    this.lines = new Rate(LINES, () => world.now());
    this.bus = connect({
      name,
      access,
      will: { topic: TOPICS.presence(name), text: 'offline' },
      topics: [TOPICS.desired('+')],
      onConnect: () => this.introduce(),
      onMessage: (message) => void this.hear(message),
      log: (text) => agent.options.log(text),
    });
    agent.onState = (execution) => void this.tell(execution);
  }

  get isConnected(): boolean {
    return this.bus.isConnected;
  }

  close(): Promise<void> {
    this.agent.onState = undefined;
    return this.bus.close();
  }

  private introduce(): void {
    this.bus.publish(TOPICS.presence(this.agent.options.name), 'online', true);
    for (const execution of this.agent.executions.values()) void this.tell(execution);
  }

  /** What is on its way elsewhere, or has gone, is told of by whoever has it then. */
  private async tell(execution: FleetExecution): Promise<void> {
    const { kind } = execution.state;
    if (!this.bus.isConnected || kind === 'leaving' || kind === 'gone') return;
    const signed = await signActual(this.agent.options.identity, statusOf(execution));
    if (execution.state.kind === kind) this.bus.publish(TOPICS.actual(execution.id), signed, true);
  }

  /** A line of the log. */
  async event(told: Omit<BusEvent, 'once'>): Promise<void> {
    if (!this.bus.isConnected || this.lines.available() < 1) return;
    this.lines.take(1);
    const { identity, name } = this.agent.options;
    const text = told.text.slice(0, MAX_LINE);
    const signed = await signEvent(identity, { ...told, text, once: crypto.randomUUID() });
    this.bus.publish(TOPICS.events(name), signed, false);
  }

  private async hear({ topic, text }: Message): Promise<void> {
    const { log, name } = this.agent.options;
    const about = readTopic(topic)?.about;
    const here = about === undefined ? undefined : this.agent.executions.get(about);
    if (here === undefined || text === '') return;
    try {
      const told = await readDesired(text, this.trust);
      // One that is leaving or has gone is settled by its move.
      const isHere = here.state.kind !== 'leaving' && here.state.kind !== 'gone';
      const isElsewhere = told.wanted === 'removed' || told.device !== name;
      if (told.execution === here.id && isHere && isElsewhere && told.epoch > here.epoch)
        await this.agent.supersede(here.id, told.epoch);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      log(`${topic}: ${error.message}`, here.id);
    }
  }
}
