/** A broker in this process: keeps what is retained, delivers in order, and tells last wills. */
import type { Bus, BusOptions, ConnectBus } from '../protocol/bus';

interface Connection {
  readonly options: BusOptions;
  isConnected: boolean;
}

export class TestBroker {
  readonly retained = new Map<string, string>();
  /** All that has been told. */
  readonly told: { readonly topic: string; readonly text: string; readonly from: string }[] = [];
  private readonly connections = new Set<Connection>();

  readonly connect: ConnectBus = (options) => {
    const connection: Connection = { options, isConnected: true };
    this.connections.add(connection);
    queueMicrotask(() => {
      for (const [topic, text] of this.retained) this.deliver(connection, topic, text);
      options.onConnect();
    });
    const bus: Bus = {
      get isConnected() {
        return connection.isConnected;
      },
      publish: (topic, text, retain) => {
        if (connection.isConnected) this.publish(topic, text, retain, options.name);
      },
      close: async () => this.drop(options.name),
    };
    return bus;
  };

  /** As anybody who gets onto the network of the broker. */
  publish(topic: string, text: string, retain = false, from = 'anybody'): void {
    this.told.push({ topic, text, from });
    if (retain && text === '') this.retained.delete(topic);
    else if (retain) this.retained.set(topic, text);
    for (const connection of this.connections) this.deliver(connection, topic, text);
  }

  /** A member's connection is lost. */
  drop(name: string): void {
    for (const connection of this.connections) {
      if (connection.options.name !== name) continue;
      this.connections.delete(connection);
      connection.isConnected = false;
      const { will } = connection.options;
      if (will !== undefined) this.publish(will.topic, will.text, true, name);
    }
  }

  private deliver({ options, isConnected }: Connection, topic: string, text: string): void {
    const fits = (filter: string): boolean => {
      const [wanted, given] = [filter.split('/'), topic.split('/')];
      return wanted.length === given.length && wanted.every((one, k) => one === '+' || one === given[k]);
    };
    if (isConnected && options.topics.some(fits)) options.onMessage({ topic, text });
  }
}
