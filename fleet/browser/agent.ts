/**
 * An agent that nobody can reach, such as a page of a browser: it comes to the orchestrator for what is for it (agent/relayed.ts). All else is as on
 * every device: keys, a certificate, signed requests, tickets, checkpoints.
 */
import { Agent } from '../agent/agent';
import { permissionsOf, simulatedDevices } from '../agent/host/devices';
import { Orchestrators } from '../agent/orchestrators';
import { type Conditions, Presence } from '../agent/presence';
import { forwarding, RelayedServer } from '../agent/relayed';
import { agentRoutes, fleetApp } from '../agent/routes';
import { sleep, type World } from '../agent/world';
import { readJson } from '../protocol/checked';
import { Client, type Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { type RelayPlace, relayPlace } from '../protocol/relayed';
import { type DeviceDescription, VERSION } from '../protocol/reports';
import type { Trust } from '../security/certificates';
import { enrol, trustIn } from '../security/enrolment';
import { gate } from '../security/gate';
import { type Identity, identityIn } from '../security/keys';
import { Receiver, signing } from '../security/requests';
import type { Files } from '../store/files';

export interface RelayedAgentOptions {
  readonly name: string;
  /** Needed once. */
  readonly token?: string | undefined;
  /** The orchestrator's address, as it is reached from here. */
  readonly base: string;
  readonly world: World;
  readonly files: Files;
  /** Reaches the orchestrator. */
  readonly transport: Transport;
  readonly machine: Pick<DeviceDescription, 'memoryBytes' | 'cores' | 'fuelPerSecond' | 'engine'>;
  readonly conditions: () => Conditions;
  readonly log: (text: string, execution?: string) => void;
}

export interface RelayedAgent {
  readonly agent: Agent;
  readonly trust: Trust;
  close(): void;
}

const PLACE_FILE = 'relay.json';
/** Milliseconds before the orchestrator is asked again where this device is. */
const AGAIN = 1_000;

export async function startRelayedAgent(options: RelayedAgentOptions): Promise<RelayedAgent> {
  const { name, base, world, files, transport, log } = options;
  const identity = await identityIn(files);
  const trust = await trustFor(options, identity);
  const outer = new Client(signing(transport, identity));
  const place = await placeOf(options, outer);
  const client = new Client(signing(forwarding(transport, outer, base, place.orchestrator), identity));
  const devices = simulatedDevices();
  const agent = new Agent({ name, world, files, client, devices, identity, log });
  agent.join(trust);
  await agent.open();
  const receiver = new Receiver(trust);
  const app = fleetApp();
  const root = `${new URL(place.url).pathname}/liquid/v1`;
  app.use(
    `${root}/*`,
    gate(() => receiver),
  );
  app.route(root, agentRoutes(agent));
  const server = new RelayedServer({ clock: world, client: outer, base, app });
  server.start();
  const models = agent.models.encodings;
  const permissions = permissionsOf(devices, models);
  const description = { ...options.machine, name, url: place.url, version: VERSION, permissions, models };
  const presence = new Presence(agent, new Orchestrators([base]), description, trust, options.conditions);
  await presence.start();
  return {
    agent,
    trust,
    close: () => {
      presence.stop();
      server.stop();
      agent.close();
    },
  };
}

/** How others reach it, by the orchestrator's newest word. It goes on without that, as every device does. */
async function placeOf({ base, files, world, log }: RelayedAgentOptions, outer: Client): Promise<RelayPlace> {
  for (;;) {
    try {
      const told = relayPlace(await outer.json('GET', `${base}/liquid/v1/relay`), 'relay');
      await files.write(PLACE_FILE, new TextEncoder().encode(JSON.stringify(told)));
      return told;
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'unavailable') throw error;
      const kept = await files.read(PLACE_FILE);
      if (kept !== undefined) return readJson(new TextDecoder().decode(kept), relayPlace, PLACE_FILE);
      log(error.message);
      await sleep(world, AGAIN);
    }
  }
}

async function trustFor({ name, token, base, files, transport }: RelayedAgentOptions, identity: Identity) {
  const known = await trustIn(files);
  if (known !== undefined) return known;
  if (token === undefined)
    throw new FleetError('unauthorized', "this device is not enrolled yet: open it from the fleet's page");
  return enrol(files, identity, name, base, token, new Client(transport));
}
