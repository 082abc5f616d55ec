/** An orchestrator as a server of this machine: with a store in its own folder, or with one that others share. */
import type { Hono } from 'hono';
import { nodeWorld } from '../agent/node-world';
import type { OrchestratorBus } from '../orchestrator/bus';
import type { Orchestrator } from '../orchestrator/orchestrator';
import { errorDocument, FleetError } from '../protocol/errors';
import type { Registrar } from '../security/enrolment';
import { Sessions } from '../security/gate';
import { identityIn } from '../security/keys';
import { JournalDatabase } from '../store/database';
import { DiskFiles } from '../store/disk';
import { listenCoap } from './coap';
import { authority, hostOf, type Member, type MemberOptions, observerToken, urlOf } from './members';
import { listen } from './server';
import { openShared } from './shared';
import { makeTerm, type Serving, type Term } from './term';

export interface OrchestratorMember extends Member {
  readonly orchestrator: Orchestrator;
  readonly registrar: Registrar;
  readonly sessions: Sessions;
  readonly bus: OrchestratorBus | undefined;
}

export async function startOrchestrator(options: MemberOptions): Promise<OrchestratorMember> {
  const { folder, address, name, events } = options;
  const own = new DiskFiles(folder);
  const sessions = new Sessions();
  let url = '';
  const common = { member: options, own, identity: await identityIn(own), sessions, url: () => url };
  const log = (text: string) => events.add({ time: nodeWorld.wall(), source: name, text });
  const serving =
    options.store === undefined
      ? await ownStore(async () => {
          const database = new JournalDatabase(own);
          await database.open();
          return makeTerm({ ...common, database, files: own });
        })
      : openShared(options.store, common, log);
  sessions.grant(await observerToken(own), { name: 'observer', role: 'observer' });
  const app = { fetch: fetchOf(serving) };
  const server = await listen(app, address);
  url = urlOf(options, server);
  const door = options.coap === undefined ? undefined : await coapDoor(app, options, options.coap);
  if (door !== undefined) log(`small devices read the registry at ${door.url}`);
  await serving.open();
  const now = (): Term => {
    if (serving.term === undefined) throw new FleetError('unavailable', serving.reason);
    return serving.term;
  };
  return {
    get orchestrator() {
      return now().orchestrator;
    },
    get registrar() {
      return now().registrar;
    },
    sessions,
    get bus() {
      return now().bus;
    },
    url,
    close: async () => {
      await serving.close();
      await door?.close();
      await server.close();
    },
  };
}

/** Nobody else has it: there is one term, for ever. */
async function ownStore(make: () => Promise<Term>): Promise<Serving> {
  const term = await make();
  return { term, reason: '', open: () => term.open(), close: () => term.close() };
}

function fetchOf(serving: Serving): Hono['fetch'] {
  return (request, ...rest) =>
    serving.term?.app.fetch(request, ...rest) ??
    Response.json(errorDocument(new FleetError('unavailable', serving.reason)), { status: 503 });
}

async function coapDoor(app: Pick<Hono, 'fetch'>, options: MemberOptions, port: number): Promise<Member> {
  const door = await listenCoap(app.fetch, { hostname: options.address.hostname, port });
  return { url: `coap://${authority(hostOf(options), door.port)}`, close: door.close };
}
