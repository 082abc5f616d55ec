/** An orchestrator whose store others share: it serves while it leads. */
import { nodeWorld } from '../agent/node-world';
import { connectNats, type NatsStore, readStoreUrl } from '../store/nats';
import { NatsFiles } from '../store/nats-files';
import { Leading } from './leading';
import { makeTerm, type Serving, type TermOptions } from './term';

/** Milliseconds after which somebody who starts it hears that the store is not there. */
const PATIENCE = 1_000;

export function openShared(
  source: string,
  common: Omit<TermOptions, 'database' | 'files'>,
  log: (text: string) => void,
): Serving {
  readStoreUrl(source);
  const store = connectNats(source);
  const tell = (text: string): void => log(`the store ${withoutPassword(source)} ${text}`);
  let isThere = false;
  store.then(
    (one) => {
      isThere = true;
      void follow(one, tell);
    },
    (error: Error) => tell(`cannot be used: ${error.message}`),
  );
  const leading = new Leading({
    clock: nodeWorld,
    store,
    me: () => ({ url: common.url(), authority: common.identity.fingerprint }),
    open: async (one, database) => {
      const files = new NatsFiles(one, database);
      await files.open();
      const term = await makeTerm({ ...common, database, files });
      await term.open();
      return term;
    },
    log,
  });
  return {
    get term() {
      return leading.current;
    },
    get reason() {
      return leading.whoLeads;
    },
    open: async () => {
      nodeWorld.after(PATIENCE, () => {
        if (!isThere) tell('is not there yet, and is waited for');
      });
      leading.start();
    },
    close: () => leading.close(),
  };
}

async function follow({ connection }: NatsStore, tell: (text: string) => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect') tell('is away, and is waited for');
    if (type === 'reconnect') tell('is back');
  }
}

function withoutPassword(source: string): string {
  const { servers, bucket } = readStoreUrl(source);
  return `nats://${servers}/${bucket}`;
}
