/** `up --demo`: three agents as processes of their own, and an example whose state goes on wherever it is moved, whatever is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { EventLog } from './events';
import type { OrchestratorMember } from './orchestrator';

/** Each call gives the next Fibonacci number: `fibo`, with its two globals. In the text format it is STATEFUL of testing/modules.ts. */
const EXAMPLE =
  'AGFzbQEAAAABBQFgAAF/AwIBAAYLAn8BQQELfwFBAQsHCAEEZmlibwAAChcBFQEBfyMAIwFqIQAjASQAIAAkASMACw==';

const AGENTS = ['ash', 'birch', 'cedar'];
/** Milliseconds between two calls of the example. */
const PACE = 1000;
/** Milliseconds until a killed agent is started again. */
const RESTART = 8000;

/** Where its lines in the log come from. */
export const DEMO = 'demo';

export interface Demo {
  close(): Promise<void>;
}

export async function runDemo(up: OrchestratorMember, data: string, events: EventLog): Promise<Demo> {
  const children = new Map<string, { readonly child: ChildProcess; readonly ended: Promise<void> }>();
  let closing = false;
  const start = async (name: string): Promise<void> => {
    const token = await up.registrar.token('agent');
    const args = [
      'agent',
      '--name',
      name,
      '--orchestrator',
      up.url,
      '--data',
      path.join(data, name),
      '--token',
      token,
      // It has no life of its own: one that outlived the demo would be in the way of the next one's, in the same folder.
      '--tied',
    ];
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    children.set(name, { child, ended });
    tell(`agent ${name} is process ${child.pid}`);
    void ended.then(() => {
      if (closing) return;
      tell(`agent ${name} has ended; it starts again in ${RESTART / 1000} seconds`);
      setTimeout(() => closing || void start(name), RESTART).unref();
    });
  };
  const tell = (text: string): void => events.add({ time: Date.now(), source: DEMO, text });
  for (const name of AGENTS) await start(name);
  const { orchestrator } = up;
  await orchestrator.modules.push('fibonacci', '1.0.0', new Uint8Array(Buffer.from(EXAMPLE, 'base64')));
  if (!orchestrator.list().some(({ id }) => id === 'demo~main'))
    await orchestrator.deploy({ id: 'demo', executions: [{ name: 'main', module: 'fibonacci' }] });
  const pace = setInterval(() => {
    const key = crypto.randomUUID();
    orchestrator.call('demo~main', { key, function: 'fibo', args: [] }).then(
      ({ results, failure }) =>
        tell(`demo~main on ${orchestrator.record('demo~main').device}: ${results?.[0] ?? failure}`),
      (error) => tell(`demo~main: ${error instanceof Error ? error.message : error}`),
    );
  }, PACE);
  tell('try: tswasm-fleet ps; tswasm-fleet move demo~main birch; kill -9 the process that has it');
  return {
    close: async () => {
      closing = true;
      clearInterval(pace);
      for (const { child } of children.values()) child.kill('SIGTERM');
      await Promise.all([...children.values()].map(({ ended }) => ended));
    },
  };
}
