/** An agent tells its orchestrator every half second, or as often as that asks for, that it is there, and what it runs; and does what it hears. */
import { type DeviceDescription, HEARTBEAT, type Heartbeat, orders } from '../protocol/reports';
import type { Trust } from '../security/certificates';
import type { Agent } from './agent';
import { momentOf } from './lease';
import type { Orchestrators } from './orchestrators';
import { statusOf } from './routes';

export interface Conditions {
  readonly load: number;
  readonly freeMemoryBytes: number;
  readonly battery?: number;
  /** Its host gives it little time: a page in the background. */
  readonly throttled?: boolean;
}

export class Presence {
  private stopped = false;
  private callOff: (() => void) | undefined;
  private known = false;
  private unreachable = false;
  private interval = HEARTBEAT;
  /** When the last report was to be made. */
  private due = 0;

  constructor(
    private readonly agent: Agent,
    private readonly orchestrators: Orchestrators,
    private readonly description: DeviceDescription,
    private readonly trust: Trust,
    private readonly conditions: () => Conditions,
  ) {}

  /** Settles after the first report, heard or not. */
  async start(): Promise<void> {
    // What has just come has no lease yet.
    this.agent.onExclusive = () => {
      this.schedule();
      void this.report();
    };
    this.due = this.agent.options.world.now();
    await this.report();
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.callOff?.();
  }

  /** Reports keep their pace however long one takes: else those of many devices that wait for the same orchestrator come at one time for ever. */
  private schedule(): void {
    this.callOff?.();
    if (this.stopped) return;
    const { world, executions } = { world: this.agent.options.world, executions: this.agent.executions };
    // A lease is renewed with a report, and does not wait.
    const leased = [...executions.values()].some(({ spec }) => spec.exclusive);
    const interval = leased ? HEARTBEAT : this.interval;
    this.due = Math.min(Math.max(this.due + interval, world.now()), world.now() + interval);
    this.callOff = world.after(this.due - world.now(), () => {
      void this.report().then(() => this.schedule());
    });
  }

  async report(): Promise<void> {
    const { agent, description } = this;
    const { client, log } = agent.options;
    const told: Heartbeat = {
      name: description.name,
      description: this.known ? undefined : description,
      executions: [...agent.executions.values()].map(statusOf),
      throttled: false,
      ...this.conditions(),
    };
    const sent = momentOf(agent.options.world);
    try {
      const url = `${this.orchestrators.url}/liquid/v1/devices/${description.name}/heartbeat`;
      const heard = orders(await client.json('POST', url, told, { timeout: HEARTBEAT * 4 }), 'orders');
      this.known = !heard.describe;
      this.interval = heard.interval;
      agent.holders = heard.holders;
      agent.models.lenders = heard.lenders;
      this.trust.revoke(heard.revoked);
      for (const { id, epoch } of heard.superseded) await agent.supersede(id, epoch);
      for (const id of heard.leases) agent.executions.get(id)?.renewLease(sent);
      if (this.unreachable) log('the orchestrator is back');
      this.unreachable = false;
      // The first report has been an introduction by name only.
      if (heard.describe && !this.stopped && told.description === undefined) await this.report();
    } catch (error) {
      this.known = false;
      if (!this.unreachable)
        log(`the orchestrator is away: ${error instanceof Error ? error.message : error}`);
      this.unreachable = true;
      this.orchestrators.next();
    }
  }
}
