/** Commands that ask the orchestrator for something. Each gives what `--json` prints, and the text for people. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../protocol/client';
import type { BusStatus, DeviceStatus, ExecutionStatus, MoveStatus } from '../protocol/status';
import type { Event } from './events';
import { formatEvent } from './events';
import { UsageError } from './options';
import { fetchSnapshot, sendSnapshot } from './snapshot';
import { bytesText, table } from './table';

export interface Asking {
  readonly client: Client;
  /** `/liquid/v1` of the orchestrator. */
  readonly base: string;
  readonly operands: readonly string[];
  readonly options: {
    readonly name?: string;
    readonly version?: string;
    readonly as?: string;
    readonly key?: string;
    readonly operator?: boolean;
    readonly rounds?: number;
    readonly out?: string;
    readonly progress: (text: string) => void;
  };
}

export interface Result {
  readonly document: unknown;
  readonly text: string;
  /** Not 0: what was asked for has been done, and has failed. */
  readonly exitCode?: number;
}

export interface Command {
  readonly usage: string;
  readonly what: string;
  /** How many operands it takes: at least, at most. */
  readonly operands: readonly [number, number];
  readonly run: (asking: Asking) => Promise<Result>;
}

interface Certified {
  readonly decision: {
    readonly epoch: number;
    readonly device: string;
    readonly zone?: string;
    readonly allowed: boolean;
    readonly levels: readonly string[];
    readonly reasons: readonly string[];
  };
}
interface CallAnswer {
  readonly results?: readonly (number | string)[];
  readonly failure?: string;
  readonly exitCode?: number;
  readonly output?: string;
}

const at = (id: string) => encodeURIComponent(id);

export const COMMANDS: Readonly<Record<string, Command>> = {
  devices: {
    usage: 'devices',
    what: 'lists the devices',
    operands: [0, 0],
    async run({ client, base }) {
      const devices = (await client.json('GET', `${base}/devices`)) as DeviceStatus[];
      const rows = devices.map((one) => [
        one.name,
        one.alive ? (one.draining ? 'draining' : 'alive') : 'away',
        one.executions.length,
        `${Math.round(one.load * 100)} %`,
        bytesText(one.freeMemoryBytes),
        one.fuelPerSecond.toExponential(1),
        one.engine,
        one.url,
      ]);
      const columns = ['DEVICE', 'STATE', 'EXECUTIONS', 'LOAD', 'FREE', 'FUEL/S', 'ENGINE', 'URL'];
      return { document: devices, text: table(columns, rows) };
    },
  },
  bus: {
    usage: 'bus',
    what: 'says how the bus is',
    operands: [0, 0],
    async run({ client, base }) {
      const status = (await client.json('GET', `${base}/bus`)) as BusStatus;
      const { url, connected, refused } = status;
      const row = [url ?? 'none', connected ? 'connected' : 'away', refused];
      return { document: status, text: table(['BUS', 'STATE', 'REFUSED'], [row]) };
    },
  },
  push: {
    usage: 'push FILE [--name NAME] [--version 1.0.0]',
    what: 'puts a module into the registry',
    operands: [1, 1],
    async run({ client, base, operands: [file], options }) {
      const body = await readFile(file);
      const name = options.name ?? path.basename(file).replace(/\.wasm$/, '');
      options.progress(`pushing ${name}, ${bytesText(body.length)} ...`);
      const url = `${base}/modules/${at(name)}/${at(options.version ?? '1.0.0')}`;
      const reply = await client.send({ method: 'PUT', url, body, timeout: 120_000 });
      const record = JSON.parse(new TextDecoder().decode(reply.body)) as {
        name: string;
        version: string;
        digest: string;
        bytes: number;
      };
      return { document: record, text: `${record.name}@${record.version} sha256:${record.digest}` };
    },
  },
  deploy: {
    usage: 'deploy FILE.json | deploy MODULE[@RANGE] [--as NAME]',
    what: 'deploys what the file says, or one execution of a module',
    operands: [1, 1],
    async run({ client, base, operands: [what], options }) {
      const module = what.split('@')[0];
      const document = what.endsWith('.json')
        ? JSON.parse(await readFile(what, 'utf8'))
        : { id: options.as ?? module, executions: [{ name: 'main', module: what, permissions: ['sys'] }] };
      const made = (await client.json('POST', `${base}/deployments`, document, { timeout: 60_000 })) as {
        id: string;
        executions: { name: string }[];
      };
      return { document: made, text: made.executions.map(({ name }) => `${made.id}~${name}`).join('\n') };
    },
  },
  undeploy: {
    usage: 'undeploy DEPLOYMENT',
    what: 'removes a deployment and all that runs of it',
    operands: [1, 1],
    async run({ client, base, operands: [id] }) {
      await client.json('DELETE', `${base}/deployments/${at(id)}`);
      return { document: { id }, text: `${id} is gone` };
    },
  },
  exec: {
    usage: 'exec EXECUTION FUNCTION [ARGUMENT...] [--key KEY]',
    what: 'calls a function of an execution; a call that is made again under the same key gets the same answer',
    operands: [2, 1002],
    async run({ client, base, operands: [id, name, ...args], options }) {
      const headers = { 'idempotency-key': options.key ?? crypto.randomUUID() };
      const document = { function: name, args };
      const url = `${base}/executions/${at(id)}/calls`;
      const answer = (await client.json('POST', url, document, {
        headers,
        timeout: 3_600_000,
      })) as CallAnswer;
      const text = [answer.output?.trimEnd(), answer.results?.join(' '), answer.failure].filter((one) => one);
      const exitCode = answer.failure === undefined ? (answer.exitCode ?? 0) : 1;
      return { document: answer, text: text.join('\n'), exitCode };
    },
  },
  move: {
    usage: 'move EXECUTION DEVICE [--rounds 3]',
    what: 'moves a running execution with its state: so many rounds of copying, then it stands still for the rest',
    operands: [2, 2],
    async run({ client, base, operands: [id, device], options }) {
      options.progress(`moving ${id} to ${device} ...`);
      const url = `${base}/executions/${at(id)}/move`;
      const { rounds } = options;
      const status = (await client.json(
        'POST',
        url,
        { device, rounds },
        { timeout: 120_000 },
      )) as ExecutionStatus;
      return { document: status, text: `${status.id} is on ${status.device} (epoch ${status.epoch})` };
    },
  },
  moves: {
    usage: 'moves',
    what: 'lists the newest moves, and how long each execution stood still',
    operands: [0, 0],
    async run({ client, base }) {
      const moves = (await client.json('GET', `${base}/moves`)) as MoveStatus[];
      const rows = moves.map((one) => [
        one.execution,
        one.from,
        one.to,
        `${one.pause.toFixed(1)} ms`,
        `${one.milliseconds.toFixed(0)} ms`,
        one.rounds,
        bytesText(one.bytes),
      ]);
      const columns = ['EXECUTION', 'FROM', 'TO', 'STOOD STILL', 'IN ALL', 'ROUNDS', 'SENT'];
      return { document: moves, text: table(columns, rows) };
    },
  },
  snapshot: {
    usage: 'snapshot EXECUTION [--out FILE]',
    what: 'writes the state of an execution into a file; when one of it is there, only what has changed is fetched',
    operands: [1, 1],
    run: ({ client, base, operands: [id], options }) =>
      fetchSnapshot(client, base, id, options.out ?? `${id}.checkpoint`),
  },
  restore: {
    usage: 'restore FILE [--as NAME]',
    what: 'lets an execution go on from such a file, in its deployment or in another one, if nothing runs under its name',
    operands: [1, 1],
    run: ({ client, base, operands: [file], options }) => sendSnapshot(client, base, file, options.as),
  },
  drain: {
    usage: 'drain DEVICE',
    what: 'moves everything off a device, and gives nothing new to it',
    operands: [1, 1],
    async run({ client, base, operands: [device] }) {
      const url = `${base}/devices/${at(device)}/drain`;
      const done = (await client.json('POST', url, undefined, { timeout: 600_000 })) as {
        moved: string[];
        kept: Record<string, string>;
      };
      const kept = Object.entries(done.kept).map(([id, why]) => `${id} stays: ${why}`);
      const text = [...done.moved.map((id) => `${id} has moved`), ...kept].join('\n');
      return { document: done, text, exitCode: kept.length === 0 ? 0 : 1 };
    },
  },
  ps: {
    usage: 'ps',
    what: 'lists the executions',
    operands: [0, 0],
    async run({ client, base }) {
      const executions = (await client.json('GET', `${base}/executions`)) as ExecutionStatus[];
      const rows = executions.map((one) => [
        one.id,
        one.device,
        one.state,
        one.epoch,
        bytesText(one.memoryBytes),
        one.checkpoint && `${one.checkpoint.epoch}.${one.checkpoint.sequence}`,
      ]);
      return {
        document: executions,
        text: table(['EXECUTION', 'DEVICE', 'STATE', 'EPOCH', 'MEMORY', 'CHECKPOINT'], rows),
      };
    },
  },
  cards: {
    usage: 'cards [FILE.json] | cards remove KIND NAME',
    what: 'takes cards of zones, devices, modules and data (ODRL), or lists them, or takes one away',
    operands: [0, 3],
    async run({ client, base, operands }) {
      const [file, kind, name] = operands;
      if (file === 'remove') {
        if (operands.length !== 3) throw new UsageError('usage: tswasm-fleet cards remove KIND NAME');
        await client.json('DELETE', `${base}/cards/${at(kind)}/${at(name)}`, undefined, { timeout: 600_000 });
        return { document: { kind, name }, text: `the card of ${kind} ${name} is gone` };
      }
      if (operands.length > 1) throw new UsageError('usage: tswasm-fleet cards [FILE.json]');
      const all =
        file === undefined
          ? await client.json('GET', `${base}/cards`)
          : await client.json('POST', `${base}/cards`, JSON.parse(await readFile(file, 'utf8')), {
              timeout: 600_000,
            });
      const rows = (all as readonly Readonly<Record<string, unknown>>[]).map(({ kind, name, ...rest }) => [
        String(kind),
        String(name),
        Object.entries(rest)
          .map(([key, value]) => `${key}: ${value}`)
          .join(', '),
      ]);
      return { document: all, text: table(['CARD', 'OF', 'SAYS'], rows) };
    },
  },
  certificates: {
    usage: 'certificates EXECUTION',
    what: 'lists the newest decisions about where an execution may be; with --json signed ones',
    operands: [1, 1],
    async run({ client, base, operands: [id] }) {
      const all = (await client.json('GET', `${base}/executions/${at(id)}/certificates`)) as Certified[];
      const rows = all.map(({ decision: { epoch, device, zone, allowed, levels, reasons } }) => [
        epoch,
        device,
        zone,
        allowed ? 'allowed' : 'refused',
        levels.join(', '),
        reasons.join('; '),
      ]);
      const columns = ['EPOCH', 'DEVICE', 'ZONE', 'DECISION', 'LEVELS', 'REASONS'];
      return { document: all, text: table(columns, rows) };
    },
  },
  page: {
    usage: 'page',
    what: "makes a link to the orchestrator's page, which signs in once",
    operands: [0, 0],
    async run({ client, base }) {
      const { word } = (await client.json('POST', `${base}/invitations`, {})) as { word: string };
      const link = `${new URL(base).origin}/#${word}`;
      return { document: { link }, text: link };
    },
  },
  token: {
    usage: 'token [--operator]',
    what: 'makes a word that enrols one device, once',
    operands: [0, 0],
    async run({ client, base, options }) {
      const role = options.operator ? 'operator' : 'agent';
      const made = (await client.json('POST', `${base}/tokens`, { role })) as { token: string };
      return { document: made, text: made.token };
    },
  },
  revoke: {
    usage: 'revoke MEMBER',
    what: 'takes back the certificate of a device or an operator',
    operands: [1, 1],
    async run({ client, base, operands: [name] }) {
      await client.json('DELETE', `${base}/members/${at(name)}`);
      return { document: { name }, text: `${name} is a member no more` };
    },
  },
  logs: {
    usage: 'logs [EXECUTION]',
    what: 'shows what has happened',
    operands: [0, 1],
    async run({ client, base, operands: [id] }) {
      const query = id === undefined ? '' : `?execution=${at(id)}`;
      const events = (await client.json('GET', `${base}/events${query}`)) as Event[];
      return { document: events, text: events.map((event) => formatEvent(event, 'text')).join('\n') };
    },
  },
};

export function checkOperands(
  name: string,
  { operands: [least, most], usage }: Command,
  count: number,
): void {
  if (count < least || count > most)
    throw new UsageError(`usage: tswasm-fleet ${usage} (${name} got ${count} operands)`);
}
