/** How members of this machine get onto the bus, and their logs with them. */

import type { Agent } from '../agent/agent';
import { AgentBus } from '../agent/bus';
import { nodeWorld } from '../agent/node-world';
import { OrchestratorBus } from '../orchestrator/bus';
import type { Orchestrator } from '../orchestrator/orchestrator';
import { type BusAccess, busAccess } from '../protocol/bus';
import type { Trust } from '../security/certificates';
import { startBroker } from './broker';
import type { EventLog } from './events';
import { mqttBus } from './mqtt';
import type { TlsFiles } from './server';

/** A broker of somebody's, one in the box, or no bus. */
export type BusChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'broker'; readonly url: string }
  | { readonly kind: 'own'; readonly port: number };

export interface OnBus<B> {
  readonly bus: B;
  close(): Promise<void>;
}

export interface Place {
  readonly name: string;
  readonly hostname: string;
  readonly publicHost: string;
  readonly tls: TlsFiles | undefined;
  readonly events: EventLog;
}

/** Once the orchestrator is open: what it wants is told first. */
export async function orchestratorOnBus(
  orchestrator: Orchestrator,
  trust: Trust,
  { name, hostname, publicHost, tls, events }: Place,
  choice: Exclude<BusChoice, { kind: 'none' }>,
): Promise<OnBus<OrchestratorBus>> {
  const broker =
    choice.kind === 'own'
      ? await startBroker({ hostname, publicHost, port: choice.port, head: name, tls })
      : undefined;
  const fixed: BusAccess = choice.kind === 'broker' ? { url: choice.url } : {};
  const accessFor = (member: string): BusAccess => broker?.accessFor(member) ?? fixed;
  const onLine = (line: Parameters<EventLog['add']>[0]) => events.add(line);
  const bus = new OrchestratorBus(orchestrator, trust, name, mqttBus(nodeWorld), { accessFor, onLine });
  const stop = tellLines(name, events, bus);
  if (broker !== undefined) orchestrator.options.log(`the bus is at ${bus.status().url}`);
  return {
    bus,
    close: async () => {
      stop();
      await bus.close();
      await broker?.close();
    },
  };
}

/** An agent asks its orchestrator where the bus is, unless it is told. */
export function agentOnBus(
  agent: Agent,
  trust: Trust,
  orchestrator: () => string,
  events: EventLog,
  choice: Exclude<BusChoice, { kind: 'none' }>,
): OnBus<AgentBus> {
  const { client, name } = agent.options;
  const access = async (): Promise<BusAccess> =>
    choice.kind === 'broker'
      ? { url: choice.url }
      : busAccess(await client.json('POST', `${orchestrator()}/liquid/v1/bus/access`), 'access');
  const bus = new AgentBus(agent, trust, mqttBus(nodeWorld), access);
  const stop = tellLines(name, events, bus);
  return {
    bus,
    close: async () => {
      stop();
      await bus.close();
    },
  };
}

function tellLines(name: string, events: EventLog, bus: AgentBus | OrchestratorBus): () => void {
  return events.listen(({ source, ...line }) => {
    if (source === name) void bus.event(line);
  });
}
