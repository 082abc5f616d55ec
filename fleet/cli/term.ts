/** What an orchestrator serves with, from when it has its store until it ends, or another one leads. */
import type { Hono } from 'hono';
import { nodeWorld } from '../agent/node-world';
import type { OrchestratorBus } from '../orchestrator/bus';
import { Orchestrator } from '../orchestrator/orchestrator';
import { Relay } from '../orchestrator/relay';
import { Client } from '../protocol/client';
import { Trust } from '../security/certificates';
import { Registrar } from '../security/enrolment';
import type { Sessions } from '../security/gate';
import { type Identity, identityIn, keepCertificate } from '../security/keys';
import { Receiver, signing } from '../security/requests';
import type { Database } from '../store/database';
import type { Files } from '../store/files';
import { orchestratorApp } from './apps';
import { orchestratorOnBus } from './buses';
import { hostOf, type MemberOptions } from './members';
import { nodeTransport } from './wire';

/** The file with the keys of who may order: beside the orchestrator's, so that the command line on the same machine finds it. */
export const OPERATOR_FILE = 'operator.json';

export interface TermOptions {
  readonly member: MemberOptions;
  /** The orchestrator's own folder. */
  readonly own: Files;
  readonly identity: Identity;
  readonly sessions: Sessions;
  readonly database: Database;
  /** Where modules and checkpoints are. */
  readonly files: Files;
  readonly url: () => string;
}

export interface Term {
  readonly app: Hono;
  readonly orchestrator: Orchestrator;
  readonly registrar: Registrar;
  readonly bus: OrchestratorBus | undefined;
  /** From now on it looks after the fleet. Before, it can be asked, and does nothing by itself. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Who serves now, if anybody does. */
export interface Serving {
  readonly term: Term | undefined;
  /** Why nobody does. */
  readonly reason: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function makeTerm(options: TermOptions): Promise<Term> {
  const { own, identity, sessions, database, files, url } = options;
  const { name, events, address, signers, bus: choice } = options.member;
  const trust = new Trust(identity.signing);
  const registrar = new Registrar(identity, database, trust);
  await registrar.open();
  identity.certificate = await registrar.certify({ ...identity, name }, 'orchestrator');
  const operator = await identityIn(own, OPERATOR_FILE);
  if (operator.certificate === '')
    await keepCertificate(
      own,
      await registrar.certify({ ...operator, name: 'operator' }, 'operator'),
      OPERATOR_FILE,
    );
  const orchestrator = new Orchestrator({
    world: nodeWorld,
    files,
    database,
    client: new Client(signing(nodeTransport, identity)),
    identity,
    registrar,
    signers,
    runtimes: options.member.runtimes,
    tpms: options.member.tpms,
    url,
    log: (text, about) => events.add({ time: nodeWorld.wall(), source: name, text, ...about }),
  });
  let onBus: Awaited<ReturnType<typeof orchestratorOnBus>> | undefined;
  const app = orchestratorApp({
    orchestrator,
    registrar,
    receiver: new Receiver(trust),
    sessions,
    relay: new Relay(nodeWorld),
    url,
    wire: nodeTransport,
    scripts: new URL('.', import.meta.url),
    events,
    bus: () => onBus?.bus,
  });
  return {
    app,
    orchestrator,
    registrar,
    get bus() {
      return onBus?.bus;
    },
    open: async () => {
      await orchestrator.open();
      if (choice.kind === 'none') return;
      const { hostname, tls } = address;
      const place = { name, events, hostname, tls, publicHost: hostOf(options.member) };
      onBus = await orchestratorOnBus(orchestrator, trust, place, choice);
    },
    close: async () => {
      orchestrator.close();
      await onBus?.close();
    },
  };
}
