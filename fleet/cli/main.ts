/** `tswasm-fleet`: the command line. Exit codes: 0 done, 1 it failed, 2 asked wrongly. */
import { homedir } from 'node:os';
import path from 'node:path';
import { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { identityIn } from '../security/keys';
import { signing } from '../security/requests';
import { DiskFiles } from '../store/disk';
import { startAgent } from './agent';
import type { BusChoice } from './buses';
import { COMMANDS, checkOperands } from './commands';
import { DEMO, runDemo } from './demo';
import { devicesOf } from './devices';
import { type Event, EventLog, formatEvent, type LogFormat } from './events';
import { backendsOf } from './models';
import { OPTIONS } from './option-kinds';
import { parseOptions, UsageError } from './options';
import { startOrchestrator } from './orchestrator';
import type { QuickjsChoice } from './quickjs';
import { knownRuntimes } from './runtime';
import { tlsIn } from './server';
import { SIGNING, signersIn } from './signing';
import { OPERATOR_FILE } from './term';
import { tpmPinsIn } from './tpm';
import { nodeTransport } from './wire';

const DEFAULT_PORT = 3080;
const DEFAULT_BAUD = 115_200;

function help(): string {
  const commands = [...Object.values(COMMANDS), ...Object.values(SIGNING)].map(
    ({ usage, what }) => `  ${usage}\n      ${what}`,
  );
  return `usage: tswasm-fleet COMMAND [OPTIONS]

  up [--port ${DEFAULT_PORT}] [--host 127.0.0.1] [--data FOLDER] [--demo]
      starts an orchestrator; with --demo also three agents and a running example
      --coap PORT: modules also by CoAP (UDP), for devices that are too small for HTTP
      --bus mqtt://BROKER: another broker than the one in the box (--bus-port: its port); --bus none: reports by HTTP alone
      --store nats://[USER:PASSWORD@]HOST[:PORT][/BUCKET]: what it knows is in NATS JetStream; others with the same store and the
      same identity.json stand by, and one of them goes on when it dies
      --runtimes DIGEST,DIGEST: other builds than its own whose devices may have executions with "attest": "required"
      --tpm-keys FILE,FILE: tpm.json of agents whose TPMs may quote what executions with "attest": "tpm" ask for
  agent --name NAME [--orchestrator URL] [--token TOKEN] [--port 0] [--host 127.0.0.1] [--data FOLDER]
      starts an agent: what runs executions on a device; the token (tswasm-fleet token) is needed once;
      --orchestrator URL,URL: where several share a store
      --new-keys: it makes new keys and has them certified; the old ones do not count any more once it reports
      --models FOLDER: whose node_modules has onnxruntime-node, for modules that compute with models (wasi-nn); --models none: a
      neighbour's is borrowed
      --engine quickjs: executions run in a QuickJS beside the agent, over a pipe; --qjs PROGRAM: which one (default qjs);
      --serial DEVICE [--baud ${DEFAULT_BAUD}]: in one at the other end of a serial line, which runs quickjs-guests.js --line
      --tpm TCTI: the device's TPM quotes for it, by tpm2-tools (device:/dev/tpmrm0); its key comes into tpm.json in the folder
      --devices real: what hangs on this Linux: hosts by TCP, climate and pins by sysfs, with --i2c BUS wires (i2c-tools), with
      --camera "PROGRAM ARGUMENTS" what that writes; without it, devices are made up
      --compat [--neighbours URL,URL]: speaks the papers' supervisor interface, and asks nobody who he is
${commands.join('\n')}

options
  --orchestrator URL   whom to ask (default http://127.0.0.1:${DEFAULT_PORT})
  --data FOLDER        the orchestrator's folder, with the keys of its operator (default ~/.tswasm-fleet/orchestrator)
  --json               prints documents instead of tables
  --tied               up and agent end when their standard input does: with whoever has started them, however that ends
  --log json           log lines as JSON documents
  --signers FILE,FILE  public keys (tswasm-fleet signer): only modules that one of them has signed are taken; for up and agent
  --tls-cert, --tls-key FILE   in PEM: up and agent speak TLS; who is signed by an authority of your own is known with
                       NODE_EXTRA_CA_CERTS=ca.pem in the environment
  --public HOST        the name under which others reach this machine`;
}

function folder(given: string | undefined, name: string): string {
  return given ?? path.join(homedir(), '.tswasm-fleet', name);
}

interface QuickjsOptions {
  readonly engine?: string;
  readonly qjs?: string;
  readonly serial?: string;
  readonly baud?: number;
}

/** The QuickJS in which executions are to run; undefined: they run in the agent. */
function qjsOf({ engine, qjs, serial, baud }: QuickjsOptions): QuickjsChoice | undefined {
  if (engine !== undefined && engine !== 'quickjs')
    throw new UsageError('--engine is quickjs, or is left out');
  if (engine === undefined && (qjs ?? serial) !== undefined)
    throw new UsageError('--qjs and --serial are for --engine quickjs');
  if (qjs !== undefined && serial !== undefined)
    throw new UsageError(
      '--qjs is a program of this machine, and --serial a line to another one: one of them',
    );
  if (serial === undefined && baud !== undefined) throw new UsageError('--baud is for --serial');
  if (engine === undefined) return undefined;
  if (serial === undefined) return { program: qjs ?? 'qjs' };
  return { line: { device: serial, baud: baud ?? DEFAULT_BAUD } };
}

function compatOf({ compat, neighbours }: { readonly compat?: boolean; readonly neighbours?: string }) {
  if (!compat) return undefined;
  return { neighbours: neighbours === undefined ? [] : neighbours.split(',') };
}

/** Orders are signed by the keys in the orchestrator's folder. */
async function operatorClient(data: string): Promise<Client> {
  const files = new DiskFiles(data);
  if ((await files.read(OPERATOR_FILE)) === undefined)
    throw new FleetError(
      'unauthorized',
      `there is no ${OPERATOR_FILE} in ${data}: give the orchestrator's folder with --data`,
    );
  return new Client(signing(nodeTransport, await identityIn(files, OPERATOR_FILE)));
}

function busOf({
  bus,
  'bus-port': port,
}: {
  readonly bus?: string;
  readonly 'bus-port'?: number;
}): BusChoice {
  if (bus === undefined) return { kind: 'own', port: port ?? 0 };
  if (port !== undefined) throw new UsageError('--bus-port is for the broker in the box, without --bus');
  if (bus === 'none') return { kind: 'none' };
  if (!/^(mqtt|mqtts|ws|wss):\/\//.test(bus))
    throw new UsageError('--bus takes the URL of an MQTT broker (mqtt://HOST), or none');
  return { kind: 'broker', url: bus };
}

interface ServeOptions {
  readonly events: EventLog;
  readonly format: LogFormat;
  /** Whether the end of standard input is its end, too. */
  readonly tied: boolean;
}

interface Served {
  close(): Promise<void>;
  /** Settles when it is to be started again. */
  readonly gone?: Promise<void>;
}

/** Tells its own events on standard error, and stays until it is told to end. */
async function serveUntilEnd(
  sources: readonly string[],
  { events, format, tied }: ServeOptions,
  start: () => Promise<Served>,
): Promise<number> {
  const tell = (event: Event): void => {
    if (sources.includes(event.source)) console.error(formatEvent(event, format));
  };
  for (const event of events.list()) tell(event);
  events.listen(tell);
  const end = new Promise<'end'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('end'));
    if (tied) process.stdin.once('close', () => resolve('end')).resume();
  });
  for (;;) {
    const served = await Promise.race([end, start()]);
    if (served === 'end') return 0;
    const how = await Promise.race([end, served.gone ?? end]);
    await served.close();
    if (how === 'end') return 0;
  }
}

export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    console.log(help());
    return command === undefined ? 2 : 0;
  }
  const { options, operands } = parseOptions(rest, OPTIONS);
  if (options.help || options.h) {
    const all: Readonly<Record<string, { readonly usage: string }>> = { ...COMMANDS, ...SIGNING };
    console.log(Object.hasOwn(all, command) ? `usage: tswasm-fleet ${all[command].usage}` : help());
    return 0;
  }
  if (options.log !== undefined && options.log !== 'json' && options.log !== 'text')
    throw new UsageError('--log is text or json');
  const format: LogFormat = options.log ?? 'text';
  const events = new EventLog();
  const serve: ServeOptions = { events, format, tied: options.tied === true };
  const tls = await tlsIn(options['tls-cert'], options['tls-key']);
  const address = { hostname: options.host ?? '127.0.0.1', port: options.port ?? 0, tls };
  const signers = await signersIn(options.signers);
  const base = { address, publicHost: options.public, events, signers, bus: busOf(options) };
  if (command === 'agent') {
    if (options.name === undefined) throw new UsageError('an agent needs a --name');
    const { name } = options;
    const { orchestrator, token } = options;
    const joining =
      orchestrator === undefined ? undefined : { orchestrators: orchestrator.split(','), token };
    const member = {
      ...base,
      name,
      folder: folder(options.data, name),
      backends: backendsOf(options.models),
      qjs: qjsOf(options),
      newKeys: options['new-keys'],
      tpm: options.tpm,
      devices: devicesOf(options.devices, options),
    };
    return serveUntilEnd([name], serve, async () => {
      const agent = await startAgent(member, joining, compatOf(options));
      console.log(`${name} listens on ${agent.url}`);
      return agent;
    });
  }
  if (command === 'up') {
    if (options.demo && options.store !== undefined)
      throw new UsageError('--demo has a store of its own: leave out --store');
    const name = options.name ?? 'orchestrator';
    const port = options.port ?? DEFAULT_PORT;
    const data = folder(options.data, name);
    const member = {
      ...base,
      address: { ...address, port },
      name,
      folder: data,
      coap: options.coap,
      store: options.store,
      runtimes: await knownRuntimes(options.runtimes),
      tpms: await tpmPinsIn(options['tpm-keys']),
    };
    return serveUntilEnd([name, DEMO], serve, async () => {
      const up = await startOrchestrator(member);
      console.log(`the orchestrator listens on ${up.url}`);
      const word = up.sessions.invite({ name: 'operator', role: 'operator' });
      console.log(`its page, once: ${up.url}/#${word}`);
      const demo = options.demo ? await runDemo(up, data, events) : undefined;
      return {
        close: async () => {
          await demo?.close();
          await up.close();
        },
      };
    });
  }
  if (Object.hasOwn(SIGNING, command)) {
    const { usage, run } = SIGNING[command];
    if (operands.length !== 1) throw new UsageError(`usage: tswasm-fleet ${usage}`);
    console.log(await run(operands[0], options));
    return 0;
  }
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (known === undefined) throw new UsageError(`there is no command "${command}"; see tswasm-fleet --help`);
  checkOperands(command, known, operands.length);
  const progress = (text: string) => {
    if (process.stderr.isTTY) console.error(text);
  };
  const orchestrator = options.orchestrator ?? `http://127.0.0.1:${DEFAULT_PORT}`;
  const result = await known.run({
    client: await operatorClient(folder(options.data, 'orchestrator')),
    base: `${orchestrator}/liquid/v1`,
    operands,
    options: { ...options, progress },
  });
  const text = options.json ? JSON.stringify(result.document, undefined, 1) : result.text;
  if (text !== '') console.log(text);
  return result.exitCode ?? 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    // What the machine says of a file explains itself.
    const known =
      error instanceof FleetError ||
      error instanceof UsageError ||
      (error instanceof Error && 'syscall' in error);
    console.error(`tswasm-fleet: ${known ? error.message : error instanceof Error ? error.stack : error}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
