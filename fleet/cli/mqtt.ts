/** The bus over MQTT 3.1.1, which every broker speaks. One that is down is waited for; before each attempt it is asked anew where it is. */
import type { MqttClient } from 'mqtt';
import type { Clock } from '../agent/world';
import { type Bus, type BusOptions, MAX_MESSAGE } from '../protocol/bus';

/** Milliseconds until the next attempt. */
const AGAIN = 500;
/** The same when there is no bus: the orchestrator may be started with one later. */
const NO_BUS = 10_000;
/** Milliseconds for an answer of the broker. */
const CONNECT_TIMEOUT = 5_000;
/** Seconds of silence after which one end asks the other. */
const KEEP_ALIVE = 5;
/** Characters of a client's name that a broker of 3.1.1 has to take. */
const MAX_CLIENT = 23;

export const mqttBus =
  (clock: Clock) =>
  (options: BusOptions): Bus =>
    new MqttBus(clock, options);

class MqttBus implements Bus {
  private client: MqttClient | undefined;
  private callOff: (() => void) | undefined;
  private isClosed = false;
  /** Since it was last said. */
  private isAway = false;

  constructor(
    private readonly clock: Clock,
    private readonly options: BusOptions,
  ) {
    void this.attempt();
  }

  get isConnected(): boolean {
    return this.client?.connected === true;
  }

  publish(topic: string, text: string, retain: boolean): void {
    if (this.isConnected) this.client!.publish(topic, text, { qos: 1, retain });
  }

  /** As if the connection had been lost: who looks at our presence need not wait. */
  async close(): Promise<void> {
    const { client } = this;
    const { will } = this.options;
    this.isClosed = true;
    this.callOff?.();
    if (client === undefined) return;
    if (client.connected && will !== undefined)
      client.publish(will.topic, will.text, { qos: 0, retain: true });
    await client.endAsync();
  }

  private async attempt(): Promise<void> {
    try {
      const { url, username, password } = await this.options.access();
      if (this.isClosed) return;
      if (url === undefined) return this.later(NO_BUS);
      await this.open(url, username, password);
    } catch (error) {
      this.lost(error);
      this.later(AGAIN);
    }
  }

  private async open(url: string, username: string | undefined, password: string | undefined): Promise<void> {
    const { will, topics } = this.options;
    // Loaded when it is needed: most commands need no bus.
    const { connect } = await import('mqtt');
    if (this.isClosed) return;
    const client = connect(url, {
      clientId: `tsw${crypto.randomUUID().replaceAll('-', '')}`.slice(0, MAX_CLIENT),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      protocolVersion: 4,
      keepalive: KEEP_ALIVE,
      connectTimeout: CONNECT_TIMEOUT,
      reconnectPeriod: 0,
      ...(will && { will: { topic: will.topic, payload: Buffer.from(will.text), qos: 1, retain: true } }),
    });
    this.client = client;
    client.on('connect', () => {
      if (this.isAway) this.options.log('the bus is back');
      this.isAway = false;
      client.subscribe([...topics], { qos: 1 });
      this.options.onConnect();
    });
    client.on('error', (error) => this.lost(error));
    client.once('close', () => {
      if (this.client !== client || this.isClosed) return;
      this.client = undefined;
      this.lost('the connection has ended');
      this.later(AGAIN);
    });
    client.on('message', (topic, payload) => {
      if (payload.length <= MAX_MESSAGE) this.options.onMessage({ topic, text: payload.toString() });
    });
  }

  private lost(reason: unknown): void {
    if (this.isAway || this.isClosed) return;
    this.isAway = true;
    const why = reason instanceof Error ? reason.message || reason.name : String(reason);
    this.options.log(`the bus is away (${why}); what it would tell goes by HTTP`);
  }

  private later(milliseconds: number): void {
    if (!this.isClosed) this.callOff = this.clock.after(milliseconds, () => void this.attempt());
  }
}
