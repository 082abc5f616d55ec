/** An orchestrator as a server of this machine. */
import type { Hono } from 'hono';
import { nodeWorld } from '../agent/node-world';
import { fleetApp } from '../agent/routes';
import { busRoutes, type OrchestratorBus } from '../orchestrator/bus';
import { orchestratorMetrics } from '../orchestrator/metrics';
import { ociRoutes } from '../orchestrator/oci';
import { Orchestrator } from '../orchestrator/orchestrator';
import { Relay } from '../orchestrator/relay';
import { relayRoutes, viaRoutes } from '../orchestrator/relay-routes';
import { orchestratorRoutes } from '../orchestrator/routes';
import { pageRoutes } from '../page/routes';
import { Client } from '../protocol/client';
import { metricsRoutes } from '../protocol/metrics';
import { Trust } from '../security/certificates';
import { Registrar } from '../security/enrolment';
import { gate, Sessions } from '../security/gate';
import { identityIn, keepCertificate } from '../security/keys';
import { Receiver, signing } from '../security/requests';
import { enrolmentRoutes, memberRoutes } from '../security/routes';
import { JournalDatabase } from '../store/database';
import { DiskFiles } from '../store/disk';
import { orchestratorOnBus } from './buses';
import { listenCoap } from './coap';
import { eventRoutes } from './events';
import { authority, BASE, hostOf, type Member, type MemberOptions, observerToken, urlOf } from './members';
import { listen } from './server';
import { nodeTransport } from './wire';

export interface OrchestratorMember extends Member {
  readonly orchestrator: Orchestrator;
  readonly registrar: Registrar;
  readonly sessions: Sessions;
  readonly bus: OrchestratorBus | undefined;
}

/** The file with the keys of who may order: beside the orchestrator's, so that the command line on the same machine finds it. */
export const OPERATOR_FILE = 'operator.json';

export async function startOrchestrator(options: MemberOptions): Promise<OrchestratorMember> {
  const { name, folder, events, address, signers } = options;
  const files = new DiskFiles(folder);
  const database = new JournalDatabase(files);
  await database.open();
  const identity = await identityIn(files);
  const trust = new Trust(identity.signing);
  const registrar = new Registrar(identity, database, trust);
  await registrar.open();
  identity.certificate = await registrar.certify({ ...identity, name }, 'orchestrator');
  const operator = await identityIn(files, OPERATOR_FILE);
  if (operator.certificate === '')
    await keepCertificate(
      files,
      await registrar.certify({ ...operator, name: 'operator' }, 'operator'),
      OPERATOR_FILE,
    );
  let url = '';
  const orchestrator = new Orchestrator({
    world: nodeWorld,
    files,
    database,
    client: new Client(signing(nodeTransport, identity)),
    identity,
    registrar,
    signers,
    url: () => url,
    log: (text, about) => events.add({ time: nodeWorld.wall(), source: name, text, ...about }),
  });
  const receiver = new Receiver(trust);
  const sessions = new Sessions();
  let bus: OrchestratorBus | undefined;
  const app = fleetApp();
  app.route(BASE, enrolmentRoutes(registrar, sessions));
  app.use(
    `${BASE}/*`,
    gate(() => receiver, sessions),
  );
  app.use(
    '/metrics',
    gate(() => receiver, sessions),
  );
  app.route(
    '/',
    metricsRoutes(() => orchestratorMetrics(orchestrator, bus?.status())),
  );
  sessions.grant(await observerToken(files), { name: 'observer', role: 'observer' });
  app.route(BASE, memberRoutes(registrar, sessions));
  app.route('/', pageRoutes(new URL('.', import.meta.url)));
  app.route(BASE, orchestratorRoutes(orchestrator));
  const relay = new Relay(nodeWorld);
  app.route('/', viaRoutes(relay, receiver));
  app.route(BASE, relayRoutes({ relay, devices: orchestrator.devices, url: () => url, wire: nodeTransport }));
  app.route('/', ociRoutes(orchestrator.modules, orchestrator.blobs, sessions));
  app.route(BASE, eventRoutes(events));
  app.route(
    BASE,
    busRoutes(() => bus),
  );
  const server = await listen(app, address);
  url = urlOf(options, server);
  const door = options.coap === undefined ? undefined : await coapDoor(app, options, options.coap);
  if (door !== undefined) orchestrator.options.log(`small devices read the registry at ${door.url}`);
  await orchestrator.open();
  const { hostname, tls } = address;
  const place = { name, events, hostname, tls, publicHost: hostOf(options) };
  const onBus =
    options.bus.kind === 'none'
      ? undefined
      : await orchestratorOnBus(orchestrator, trust, place, options.bus);
  bus = onBus?.bus;
  return {
    orchestrator,
    registrar,
    sessions,
    bus,
    url,
    close: async () => {
      orchestrator.close();
      await onBus?.close();
      await door?.close();
      await server.close();
    },
  };
}

async function coapDoor(app: Hono, options: MemberOptions, port: number): Promise<Member> {
  const door = await listenCoap(app.fetch, { hostname: options.address.hostname, port });
  return { url: `coap://${authority(hostOf(options), door.port)}`, close: door.close };
}
