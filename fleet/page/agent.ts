/** A page that is a device: starts the agent in a worker, and shows what it does. */
import type { FromWorker, Shown, ToWorker } from '../browser/messages';

const part = (id: string): HTMLElement => document.getElementById(id)!;
/** Lines that are shown. */
const LINES = 100;
const lines: string[] = [];
/** Under it the browser keeps the name that this device has. */
const NAME = 'tswasm-fleet name';

function say(text: string): void {
  part('status').textContent = text;
}

/** What the link says: a name, and a token that counts once. It leaves the address bar. */
function invitation(): { readonly name: string; readonly token: string } | undefined {
  const [name, token] = location.hash.slice(1).split('/');
  if (token === undefined) return undefined;
  history.replaceState(undefined, '', location.pathname);
  return { name, token };
}

function row({ id, state, fuelUsed, memoryBytes }: Shown): HTMLElement {
  const made = document.createElement('tr');
  for (const text of [id, state, String(fuelUsed), `${Math.round(memoryBytes / 1024)} KiB`])
    made.append(Object.assign(document.createElement('td'), { textContent: text }));
  return made;
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case 'running':
      localStorage.setItem(NAME, message.name);
      document.body.dataset['running'] = message.name;
      part('name').textContent = message.name;
      say('This page is a device of the fleet, as long as it is open.');
      break;
    case 'failed':
      say(message.reason);
      break;
    case 'line':
      lines.unshift(`${new Date().toLocaleTimeString()} ${message.text}`);
      lines.splice(LINES);
      part('log').textContent = lines.join('\n');
      break;
    case 'executions':
      part('none').hidden = message.executions.length > 0;
      part('executions').replaceChildren(...message.executions.map(row));
  }
}

function start(name: string, token: string | undefined): void {
  const worker = new Worker('agent-worker.js', { type: 'module' });
  const order = (message: ToWorker) => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  worker.onerror = ({ message }) => say(`The agent has ended: ${message}`);
  const base = location.href.slice(0, location.href.lastIndexOf('/'));
  order({ kind: 'start', base, name, token });
  const told = () => order({ kind: 'hidden', hidden: document.hidden });
  document.addEventListener('visibilitychange', told);
  told();
}

/** What keeps this page from being a device. */
function obstacle(name: string | undefined): string | undefined {
  if (name === undefined)
    return 'This page is no device yet. Open it from the fleet\'s page: "Use this browser as a device".';
  if (isSecureContext) return undefined;
  return (
    'Browsers give keys only to pages that come by https, or from this machine (localhost): ' +
    'start the orchestrator with --tls-cert and --tls-key.'
  );
}

function main(): void {
  const invited = invitation();
  const name = invited?.name ?? localStorage.getItem(NAME) ?? undefined;
  const reason = obstacle(name);
  if (name === undefined || reason !== undefined) {
    say(reason ?? '');
    return;
  }
  // A page that holds a lock is not put to sleep. And two pages of one browser would be one device with two states.
  void navigator.locks.request('tswasm-fleet agent', { ifAvailable: true }, async (lock) => {
    if (lock === null) {
      say('Another page of this browser is this device already.');
      return;
    }
    say('Joining the fleet ...');
    start(name, invited?.token);
    await new Promise(() => undefined);
  });
}

main();
