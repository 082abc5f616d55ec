/** The page's side: asks the orchestrator every second, shows what it says, and orders moves. */
import type { BusStatus, DeviceStatus, ExecutionStatus, MoveStatus } from '../protocol/status';

interface Event {
  readonly time: number;
  readonly source: string;
  readonly text: string;
  readonly execution?: string;
  readonly device?: string;
}

const BASE = 'liquid/v1';
/** Milliseconds between two looks. */
const PACE = 1000;
/** Lines of the log that are shown. */
const SHOWN = 200;

const part = (id: string): HTMLElement => document.getElementById(id)!;
let selected: string | undefined;
const moving = new Set<string>();
/** Something is under a finger: what came in its place would hear nothing of the release. */
let held: 'pressed' | 'dragged' | undefined;

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const token = sessionStorage.getItem('token') ?? '';
  const response = await fetch(`${BASE}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return text === '' ? undefined : JSON.parse(text);
  if (response.status === 401)
    throw new Error('This page is not signed in. Open the link that `tswasm-fleet page` prints.');
  throw new Error(text.startsWith('{') ? JSON.parse(text).message : `HTTP ${response.status}`);
}

/** The word in the link is exchanged for a session, and leaves the address bar. */
async function signIn(): Promise<void> {
  const word = location.hash.slice(1);
  if (word === '') return;
  history.replaceState(undefined, '', location.pathname);
  const { token } = (await ask('POST', 'session', { word })) as { token: string };
  sessionStorage.setItem('token', token);
}

function say(text: string): void {
  part('status').textContent = text;
}

async function move(id: string, device: string): Promise<void> {
  selected = undefined;
  moving.add(id);
  say(`Moving ${id} to ${device} ...`);
  try {
    await ask('POST', `executions/${encodeURIComponent(id)}/move`, { device });
    say('');
  } catch (error) {
    say((error as Error).message);
  }
  moving.delete(id);
  await look();
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function executionButton(execution: ExecutionStatus): HTMLElement {
  const { id, epoch, state, memoryBytes, checkpoint } = execution;
  const button = element('button', 'execution', id);
  const kept = checkpoint === undefined ? 'none' : `${checkpoint.epoch}.${checkpoint.sequence}`;
  button.append(
    element(
      'small',
      '',
      `${state} · epoch ${epoch} · ${Math.round(memoryBytes / 1024)} KiB · checkpoint ${kept}`,
    ),
  );
  button.draggable = true;
  button.dataset['execution'] = id;
  button.setAttribute('aria-pressed', String(selected === id));
  button.classList.toggle('moving', moving.has(id) || state === 'moving');
  button.addEventListener('dragstart', (event) => event.dataTransfer?.setData('text/plain', id));
  button.addEventListener('click', (event) => {
    event.stopPropagation();
    selected = selected === id ? undefined : id;
    void look();
  });
  return button;
}

function deviceCard(device: DeviceStatus, executions: readonly ExecutionStatus[]): HTMLElement {
  const card = element('article', 'device', '');
  card.dataset['device'] = device.name;
  card.classList.toggle('away', !device.alive);
  card.classList.toggle('target', selected !== undefined && device.alive);
  const header = element('header', '', device.name);
  const state = device.alive ? (device.draining ? 'draining' : 'alive') : 'away';
  header.append(element('span', device.alive ? 'alive' : 'gone', state));
  card.append(header, element('small', '', `${device.engine} · load ${Math.round(device.load * 100)} %`));
  card.append(...executions.map(executionButton));
  card.addEventListener('dragover', (event) => {
    event.preventDefault();
    card.classList.add('over');
  });
  card.addEventListener('dragleave', () => card.classList.remove('over'));
  card.addEventListener('drop', (event) => {
    event.preventDefault();
    const id = event.dataTransfer?.getData('text/plain');
    if (id) void move(id, device.name);
  });
  card.addEventListener('click', () => {
    if (selected !== undefined) void move(selected, device.name);
  });
  return card;
}

/** A move as a bar: how long it ran on, and how long it stood still. */
function moveRow({ execution, from, to, bytes, rounds, milliseconds, pause }: MoveStatus): HTMLElement {
  const row = document.createElement('tr');
  for (const text of [execution, from, to, String(bytes), String(rounds), `${pause.toFixed(1)} ms`])
    row.append(element('td', '', text));
  const bar = element('div', 'bar', '');
  const [ran, stood] = [document.createElement('i'), document.createElement('b')];
  ran.style.flexGrow = String(Math.max(0, milliseconds - pause));
  stood.style.flexGrow = String(pause);
  bar.append(ran, stood);
  const cell = document.createElement('td');
  cell.append(bar);
  row.append(cell);
  return row;
}

function line({ time, source, text, execution, device }: Event): string {
  const about = [device, execution].filter(Boolean).join(' ');
  return `${new Date(time).toLocaleTimeString()} ${source}${about === '' ? '' : ` ${about}`}: ${text}`;
}

function busText({ url, connected, refused }: BusStatus): string {
  if (url === undefined) return 'No bus: devices report by HTTP alone.';
  const state = connected ? `Bus ${url}` : `The bus ${url} is away; devices report by HTTP.`;
  return refused === 0 ? state : `${state} · ${refused} messages refused`;
}

let shown = '';

async function look(): Promise<void> {
  const [devices, executions, moves, events, bus] = (await Promise.all([
    ask('GET', 'devices'),
    ask('GET', 'executions'),
    ask('GET', 'moves'),
    ask('GET', 'events'),
    ask('GET', 'bus'),
  ])) as [DeviceStatus[], ExecutionStatus[], MoveStatus[], Event[], BusStatus];
  part('bus').textContent = busText(bus);
  const state = JSON.stringify([devices, executions, moves, selected, [...moving]]);
  if (state !== shown && held === undefined) {
    shown = state;
    const cards = devices.map((one) =>
      deviceCard(
        one,
        executions.filter(({ device }) => device === one.name),
      ),
    );
    const homeless = executions.filter(({ device }) => device === undefined);
    const waiting = element('article', 'device away', homeless.length === 0 ? '' : 'waiting for a device');
    waiting.append(...homeless.map(executionButton));
    part('devices').replaceChildren(...cards, ...(homeless.length === 0 ? [] : [waiting]));
    part('moves').replaceChildren(...moves.slice(-10).reverse().map(moveRow));
  }
  part('log').textContent = events.slice(-SHOWN).reverse().map(line).join('\n');
}

/** Opens a page that is a device, with a token of its own. */
async function join(): Promise<void> {
  // Opened at once: what is opened later is taken for an advertisement.
  const opened = window.open('about:blank');
  try {
    const { token } = (await ask('POST', 'tokens', { role: 'agent' })) as { token: string };
    const name = `browser-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36).slice(0, 4)}`;
    const url = new URL(`agent#${name}/${token}`, location.href).href;
    if (opened === null) say('The browser has kept the page from opening: allow it to.');
    else opened.location.href = url;
  } catch (error) {
    opened?.close();
    say((error as Error).message);
  }
}

function watchFingers(): void {
  const set = (to: typeof held) => () => {
    held = to;
  };
  part('devices').addEventListener('pointerdown', set('pressed'));
  part('devices').addEventListener('dragstart', set('dragged'));
  // A drag that has begun cancels the pointer.
  for (const name of ['pointerup', 'pointercancel'])
    window.addEventListener(name, () => {
      if (held === 'pressed') held = undefined;
    });
  window.addEventListener('dragend', set(undefined));
}

async function main(): Promise<void> {
  watchFingers();
  part('join').addEventListener('click', () => void join());
  try {
    await signIn();
  } catch (error) {
    say((error as Error).message);
  }
  for (;;) {
    try {
      await look();
      if (part('status').textContent?.startsWith('The orchestrator')) say('');
    } catch (error) {
      say(error instanceof TypeError ? 'The orchestrator does not answer.' : (error as Error).message);
    }
    await new Promise((resolve) => setTimeout(resolve, PACE));
  }
}

void main();
