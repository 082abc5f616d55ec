/** Issue 4: two deterministic runs, on any two hosts, give the same state hash. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVERYTHING, guest, LISTER, writer } from '../node/wasi-tests/guests';
import { program, sleeper, UPPER } from '../node/wasi-tests/programs';
import { EngineProcess, findBrowsers, findEngines, missingNotice } from './tests/engines';
import { toHex, type WasiReply, type WasiRequest, type WireFile } from './tests/wire';

/** One of each engine for all cases: what has run before leaves no trace. */
let processes: EngineProcess[];
beforeAll(async () => {
  missingNotice();
  const engines = [...(await findEngines()), ...(await findBrowsers())];
  processes = engines.map((engine) => new EngineProcess(engine));
});
afterAll(async () => {
  await Promise.all(processes.map((one) => one.close()));
});

const hex = (text: string) => toHex(Buffer.from(text));
const text = (bytes: string) => Buffer.from(bytes, 'hex').toString();
const GIVEN: WireFile[] = [
  { path: 'given' },
  { path: 'given/a', bytes: hex('given a\nand more') },
  { path: 'given/b', bytes: hex('given b') },
  { path: 'given/link', target: 'a' },
  { path: 'many' },
  ...Array.from({ length: 40 }, (_, k) => ({ path: `many/file number ${k}`, bytes: hex(`${k}`) })),
];
const INPUT = hex('line of input\n'.repeat(20));

interface Case {
  readonly name: string;
  readonly module: () => Promise<Uint8Array>;
  readonly code: number;
  readonly stdout: string | RegExp;
}
const CASES: readonly Case[] = [
  { name: 'input to output', module: () => program(UPPER), code: 0, stdout: /^(LINE OF INPUT\n){20}$/ },
  { name: 'a minute of sleep', module: () => program(sleeper(60e9)), code: 0, stdout: 'awake\n' },
  { name: 'buffered writing', module: () => guest(writer(100)), code: 0, stdout: 'written\n' },
  {
    name: 'a listing',
    module: () => guest(LISTER),
    code: 0,
    stdout: /^\.\n\.\.\nfile number 0\nfile number 1\n/,
  },
  {
    name: 'all of it',
    module: () => guest(EVERYTHING),
    code: 3,
    stdout:
      /^slept 15000\d{5} until 100000000150\d{7}, found \. \.\. a link given a\na, nan 7ff8000000000000\n$/,
  },
];

async function ask(one: EngineProcess, module: Uint8Array, seed: number): Promise<WasiReply> {
  const request: WasiRequest = {
    kind: 'wasi',
    module: toHex(module),
    args: ['guest', 'argument'],
    env: { NAME: 'value' },
    files: GIVEN,
    stdin: INPUT,
    seed,
  };
  return one.ask(request);
}

it.each(CASES)(
  '$name: the same state on every engine',
  { timeout: 300_000 },
  async ({ module, code, stdout }) => {
    const bytes = await module();
    const [expected, ...others] = await Promise.all(processes.map((one) => ask(one, bytes, 7)));
    expect([expected.code, expected.stderr]).toEqual([code, '']);
    expect(text(expected.stdout)).toMatch(stdout);
    expect(expected.stateHash).toMatch(/^[0-9a-f]{64}$/);
    others.forEach((reply, k) => {
      expect(reply, processes[k + 1].engine.name).toEqual(expected);
    });
  },
);

it('the hash covers what the guest wrote, and chance', { timeout: 300_000 }, async () => {
  const [node] = processes;
  const everything = await guest(EVERYTHING);
  const one = await ask(node, everything, 1);
  const two = await ask(node, everything, 2);
  expect(one.stateHash).not.toBe(two.stateHash);
});
