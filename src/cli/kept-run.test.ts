/** What a run of the command leaves to the next one of the same program: the built command line, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { wat } from '../testing';

const command = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'tswasm-kept-run-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const cache = path.join(place, 'cache');
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

const LOOP = (turns: number) => `(local.set 1 (i32.const ${turns}))
  (loop $l (local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 5)) (local.get 1)))
    (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))`;
/** Work for some functions, then what an argument asks for. `padding` makes it a module that is emitted in parts. */
const text = (padding: number) => `(module (memory 1)
  ${Array.from({ length: 6 }, (_, k) => `(func $f${k} (param i32) (result i32) (local i32) ${LOOP(400_000 + k)} (local.get 0))`).join('\n')}
  ${Array.from({ length: padding }, (_, k) => `(func (export "p${k}") (param i32) (result i32) (local i32) ${LOOP(k + 1)} (local.get 0))`).join('\n')}
  (func (export "sum") (param i32) (result i32)
    ${Array.from({ length: 6 }, (_, k) => `(local.set 0 (call $f${k} (local.get 0)))`).join('\n')} (local.get 0))
  (func (export "trap") (param i32) (result i32) (drop (call $f0 (local.get 0))) (i32.load (i32.const -4))))`;

const FILES = [
  ['small', 0],
  ['large', 400],
] as const;
for (const [name, padding] of FILES) writeFileSync(path.join(place, `${name}.wasm`), wat(text(padding)));

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
function tswasm(words: readonly string[], variables: Record<string, string> = {}, what = 'run'): Run {
  const { NODE_OPTIONS: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, what, ...words], {
    cwd: place,
    env: { ...env, TSWASM_CACHE: cache, ...variables },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const call = (name: string, ...words: string[]): readonly string[] => [
  ...['--invoke', ...words],
  ...[`${name}.wasm`, '7'],
];

function files(): string[] {
  if (!existsSync(cache)) return [];
  return readdirSync(cache).flatMap((folder) =>
    readdirSync(path.join(cache, folder)).map((name) => path.join(cache, folder, name)),
  );
}
const state = () => files().map((file) => `${file} ${statSync(file).ino}`);
/** Runs it until nothing more is found out. */
function settle(run: () => Run): void {
  for (let most = 12; most > 0; most--) {
    const before = state();
    run();
    if (String(state()) === String(before)) return;
  }
  throw new Error('each run writes');
}
/** Lines of `--stats` on what runs where. */
const tiers = ({ stderr }: Run) => stderr.split('\n').filter((line) => /native|interpreter/.test(line));

describe.skipIf(!existsSync(command))('a program that runs again', () => {
  it.each(FILES)('gives the same, runs natively from its first call on, and settles (%s)', (name) => {
    const run = () => tswasm(['--stats', ...call(name, 'sum')]);
    const first = run();
    expect(first.status).toBe(0);
    expect(tiers(first).at(-1)).not.toContain(' 0 functions');
    settle(run);
    const last = run();
    expect([last.status, last.stdout]).toEqual([0, first.stdout]);
    // Frames that leave native code are the interpreter's for a while: how many do so is a matter of time.
    expect(tiers(last)[0]).toMatch(/native: [1-9]\d* functions? asked for, entered [1-9]/);
    expect(files().length).toBe(1);
  });

  it.each(FILES)('traps with the same words and backtrace (%s)', (name) => {
    const run = () => tswasm(call(name, 'trap'));
    const first = run();
    expect(first.status).toBe(134);
    expect(first.stderr).toContain('out of bounds memory access');
    settle(run);
    expect(run()).toEqual(first);
  });

  it.each(FILES)('takes as much fuel, and stops and goes on as before (%s)', (name) => {
    const fuel = /fuel \d+/;
    const first = tswasm(['--stats', ...call(name, 'sum')]);
    settle(() => tswasm(call(name, 'sum')));
    const again = tswasm(['--stats', ...call(name, 'sum')]);
    expect(fuel.exec(again.stderr)?.[0]).toBe(fuel.exec(first.stderr)?.[0]);
    const snapshot = path.join(place, `${name}.dmp`);
    const stopped = tswasm(['--snapshot-to', snapshot, '--after-fuel', '900000', ...call(name, 'sum')]);
    expect(stopped.status).toBe(0);
    for (const words of [[], ['--no-cache']]) {
      const resumed = tswasm([...words, snapshot, `${name}.wasm`], {}, 'resume');
      expect(resumed).toEqual({ status: 0, stdout: first.stdout, stderr: '' });
    }
    expect(tswasm(['--fuel', '1000', ...call(name, 'sum')]).status).toBe(134);
  });

  it('is not hurt by files that are damaged', () => {
    const run = () => tswasm(call('large', 'sum'));
    const { stdout } = run();
    settle(run);
    const [file] = files();
    const whole = readFileSync(file);
    for (const at of [0, 5, 9, 14, 200, whole.length >> 1, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at] ^= 0xff;
      writeFileSync(file, damaged);
      expect(run()).toEqual({ status: 0, stdout, stderr: '' });
    }
  });

  it('is another program where features are refused, and then is refused as before', () => {
    const run = (...words: string[]) => tswasm([...words, ...call('small', 'sum')]);
    settle(() => run());
    expect(run('-W', 'all=n').status).toBe(0);
    writeFileSync(
      path.join(place, 'simd.wasm'),
      wat(
        '(module (func (export "sum") (param i32) (result i32) (drop (v128.const i64x2 0 0)) (local.get 0)))',
      ),
    );
    const simd = (...words: string[]) => tswasm([...words, ...call('simd', 'sum')]);
    settle(() => simd());
    expect(simd('-W', 'simd=n').status).toBe(1);
    expect(simd().status).toBe(0);
  });

  it.each([
    ['with --no-cache', ['--no-cache'], {}],
    ['where the variable says so', [], { TSWASM_CACHE: 'off' }],
    ['where Node is told to keep nothing', [], { NODE_DISABLE_COMPILE_CACHE: '1' }],
    ['of a changed module', ['--coverage', path.join(place, 'coverage.info')], {}],
  ])('leaves nothing %s', (_, words, variables) => {
    expect(tswasm([...words, ...call('small', 'sum')], variables).status).toBe(0);
    expect(files()).toEqual([]);
  });
});
