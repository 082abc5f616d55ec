/** Snapshots on the command line, each step a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import wabt from 'wabt';
import { cli, cliScript } from '../../embed/node/wasi-tests/cli';
import { Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { type Func, i32, instantiate } from '../runtime';
import { decode, hasDigest, snapshotStore } from '../snapshot';
import { Random } from '../snapshot/testing';

let place: string;
const at = (name: string) => path.join(place, name);

const FIB = `(module
  (memory 1)
  (func $fib (export "fib") (param i32) (result i64)
    (if (result i64) (i32.lt_s (local.get 0) (i32.const 2))
      (then (i64.extend_i32_u (local.get 0)))
      (else (i64.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $spin (export "spin") (loop (br 0)))
  (func $fill (export "fill") (result i32)
    (drop (memory.grow (i32.const 63)))
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))
    (drop (call $fib (i32.const 1)))
    (i32.load (i32.const 4194300))))`;

/** Opens /data/log, then again and again computes and appends the next letter; prints its argument at the end. */
const LOGGER = `(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "log")
  (func $check (param i32) (if (local.get 0) (then (call $exit (i32.add (i32.const 40) (local.get 0))))))
  (func $put (param $fd i32) (param $from i32)
    (i32.store (i32.const 0) (local.get $from)) (i32.store (i32.const 4) (i32.const 1))
    (call $check (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $work (local i32)
    (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))))
  (func (export "_start") (local $i i32)
    (call $check (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 9)
      (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 32)))
    (loop
      (call $work)
      (i32.store8 (i32.const 64) (i32.add (i32.const 97) (local.get $i)))
      (call $put (i32.load (i32.const 32)) (i32.const 64))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 26))))
    (call $check (call $args (i32.const 128) (i32.const 256)))
    (call $put (i32.const 1) (i32.load (i32.const 132)))
    (call $exit (i32.const 7))))`;

/** Calls what nobody knows at the end. */
const UNKNOWN = `(module
  (import "far" "away" (func $away))
  (func (export "_start") (local i32)
    (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10))))
    (call $away)))`;

beforeAll(async () => {
  place = mkdtempSync(path.join(tmpdir(), 'tswasm-snapshots-'));
  const parser = await wabt();
  for (const [name, text] of [
    ['fib', FIB],
    ['logger', LOGGER],
    ['unknown', UNKNOWN],
  ]) {
    const { buffer } = parser.parseWat(name, text).toBinary({ write_debug_names: true });
    writeFileSync(at(`${name}.wasm`), buffer);
  }
  await cliScript();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

it('stops after so much fuel, says where, and goes on in a new process', async () => {
  const run = await cli([
    'run',
    '--invoke',
    'fib',
    '--after-fuel',
    '999',
    '--snapshot-to',
    at('a.dmp'),
    at('fib.wasm'),
    '15',
  ]);
  expect(run).toMatchObject({ code: 0, stdout: '' });
  expect(run.stderr).toMatch(
    /stopped; the snapshot is in .*a\.dmp \(\d+ bytes\)\nwasm backtrace:\n +0: 0x.*!fib/,
  );
  const resumed = await cli(['resume', at('a.dmp'), at('fib.wasm')]);
  expect(resumed).toEqual({ code: 0, stdout: '610\n', stderr: '' });
  // And once more on the way.
  const again = ['resume', '--after-fuel', '50', '--snapshot-to', at('b.dmp'), at('a.dmp'), at('fib.wasm')];
  expect((await cli(again)).code).toBe(0);
  expect((await cli(['resume', at('b.dmp'), at('fib.wasm')])).stdout).toBe('610\n');
});

it('takes the WASI world along', async () => {
  mkdirSync(at('here'));
  mkdirSync(at('there'));
  const run = await cli([
    ...['run', '--dir', `${at('here')}::/data`, '--after-fuel', '10000', '--snapshot-to', at('log.dmp')],
    ...[at('logger.wasm'), 'X'],
  ]);
  expect(run.code).toBe(0);
  const written = readFileSync(at('here/log'), 'utf8');
  expect('abcdefghijklmnopqrstuvwxyz'.startsWith(written)).toBe(true);
  expect(written.length).toBeLessThan(26);

  const missing = await cli(['resume', at('log.dmp'), at('logger.wasm')]);
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain('no directory is given for /data: give it with --dir HOST::/data');

  writeFileSync(at('there/log'), written);
  const there = ['resume', '--dir', `${at('there')}::/data`, at('log.dmp'), at('logger.wasm')];
  expect(await cli(there)).toEqual({ code: 7, stdout: 'X', stderr: '' });
  expect(readFileSync(at('there/log'), 'utf8')).toBe('abcdefghijklmnopqrstuvwxyz');
});

it('goes on after --every, and until the time is over', async () => {
  const run = await cli([
    ...['run', '--invoke', 'spin', '--every', '20ms', '--snapshot-to', at('e.dmp'), '--timeout', '700ms'],
    at('fib.wasm'),
  ]);
  expect(run.code).toBe(134);
  expect(run.stderr.match(/snapshot in/g)!.length).toBeGreaterThan(1);
  expect(run.stderr).toContain('not finished after 700ms');
  expect((await cli(['snapshot', 'verify', at('e.dmp'), at('fib.wasm')])).stdout).toMatch(/valid\n$/);
});

/** Sends the signal when the program is surely running: it then prints periodic snapshots. */
async function signalled(signal: NodeJS.Signals, options: readonly string[]): Promise<number | null> {
  const words = ['run', '--every', '50ms', '--snapshot-to', at('tick.dmp'), ...options];
  const child = spawn(process.execPath, [await cliScript(), ...words, '--invoke', 'spin', at('fib.wasm')]);
  child.stderr.once('data', () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', resolve));
}

it('writes a checkpoint instead of being interrupted', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    expect(await signalled(signal, ['--checkpoint', at(`${signal}.dmp`)])).toBe(0);
    expect(existsSync(at(`${signal}.dmp`))).toBe(true);
  }
  const signal = ['--on-signal', 'SIGUSR1'];
  expect(await signalled('SIGUSR1', signal)).toBe(0);
});

it('leaves the middle of a bulk operation first', async () => {
  const run = ['run', '--invoke', 'fill', '--after-fuel', '1', '--snapshot-to', at('fill.dmp')];
  const { code, stderr } = await cli([...run, at('fib.wasm')]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/ 0: 0x.*!fib\n/);
  expect((await cli(['resume', at('fill.dmp'), at('fib.wasm')])).stdout).toBe('117901063\n');
  // The program has grown to 64 pages, which the host must allow where it goes on.
  const within = ['resume', '--max-memory', '4MiB', at('fill.dmp'), at('fib.wasm')];
  expect((await cli(within)).stdout).toBe('117901063\n');
  const refused = await cli(['resume', '--max-memory', '4194303', at('fill.dmp'), at('fib.wasm')]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('needs 4194304 bytes of memory, the limit is 4194303');
});

it('embeds, extracts, lists and compares', async () => {
  const embedded = ['run', '--invoke', 'fib', '--after-fuel', '99', '--snapshot-to', `${at('c.wasm')}:mid`];
  expect((await cli([...embedded, at('fib.wasm'), '10'])).code).toBe(0);
  expect((await cli(['resume', at('c.wasm')])).stdout).toBe('55\n');
  expect((await cli(['resume', `${at('c.wasm')}:mid`])).stdout).toBe('55\n');
  expect(
    (await cli(['snapshot', 'extract', at('c.wasm'), '--name', 'mid', '--output', at('c.dmp')])).code,
  ).toBe(0);
  const embed = ['snapshot', 'embed', at('fib.wasm'), at('c.dmp'), '--name', 'mid', '--output', at('d.wasm')];
  expect((await cli(embed)).code).toBe(0);
  expect(readFileSync(at('d.wasm')).equals(readFileSync(at('c.wasm')))).toBe(true);
  // The default one is resumed by running the module.
  const carry = ['snapshot', 'embed', at('fib.wasm'), at('c.dmp'), '--output', at('carrier.wasm')];
  expect((await cli(carry)).code).toBe(0);
  expect((await cli(['run', at('carrier.wasm')])).stdout).toBe('55\n');
  expect((await cli(['run', '--cold-start', at('carrier.wasm')])).stdout).toBe('');
  expect((await cli(['run', '--invoke', 'fib', at('carrier.wasm'), '3'])).stdout).toBe('2\n');
  const info = await cli(['snapshot', 'info', at('c.wasm'), '--values']);
  expect(info.stdout).toContain('root: invoked 0 (fib)');
  expect(info.stdout).toContain('local 0: i32');
  expect(await cli(['snapshot', 'diff', at('c.dmp'), at('c.wasm')])).toMatchObject({ code: 0, stdout: '' });
  const other = await cli(['snapshot', 'diff', at('c.dmp'), at('a.dmp'), at('fib.wasm')]);
  expect(other.code).toBe(1);
  expect(other.stdout).not.toBe('');
  expect((await cli(['snapshot', 'unpack', at('c.wasm'), at('unpacked')])).code).toBe(0);
  expect(readFileSync(at('unpacked/module.wasm')).equals(readFileSync(at('fib.wasm')))).toBe(true);
  expect(readFileSync(at('unpacked/memory0.bin')).length).toBe(65536);
});

it('tells about a snapshot of linked instances', async () => {
  const store = new Store();
  const module = Module.decode(readFileSync(at('fib.wasm')));
  const first = instantiate(store, module, []);
  const execution = new Execution(first.exports.get('fib') as Func, [i32(9)]);
  execution.run({ fuel: 20 });
  writeFileSync(at('two.dms'), snapshotStore([first, instantiate(store, module, [])], execution));
  const info = await cli(['snapshot', 'info', at('two.dms')]);
  expect(info).toMatchObject({ code: 0, stderr: '' });
  expect(info.stdout.match(/^instance \d: of the module with hash [0-9a-f]{16}$/gm)).toHaveLength(2);
  expect(info.stdout).toContain('memory 1:');
  const verified = await cli(['snapshot', 'verify', at('two.dms')]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  const resumed = await cli(['resume', at('two.dms'), at('fib.wasm')]);
  expect(resumed.code).toBe(1);
  expect(resumed.stderr).toContain('several linked instances');
  const bytes = readFileSync(at('two.dms'));
  writeFileSync(at('short.dms'), bytes.subarray(0, 20));
  expect((await cli(['snapshot', 'info', at('short.dms')])).stderr).toContain('linkage');
});

it('refuses what is wrong, with a reason', async () => {
  const good = readFileSync(at('a.dmp'));
  writeFileSync(at('short.dmp'), good.subarray(0, good.length - 9));
  const refused: [string[], number, string][] = [
    [['resume', at('short.dmp'), at('fib.wasm')], 1, 'short.dmp: '],
    [['resume', at('a.dmp'), at('logger.wasm')], 1, 'belongs to module'],
    [['resume', at('fib.wasm')], 1, 'carries no default snapshot'],
    [['resume', at('none.dmp'), at('fib.wasm')], 1, 'no such file'],
    [['resume', place, at('fib.wasm')], 1, 'is a directory'],
    [['resume', at('a.dmp')], 2, 'does not carry its module'],
    [['resume'], 2, 'no snapshot is given'],
    [['run', '--after', '1s', at('fib.wasm')], 2, '--after needs --snapshot-to'],
    [['run', '--snapshot-to', 'x', at('fib.wasm')], 2, 'needs one of --after-fuel'],
    [['run', '--snapshot-to', 'x', '--on-signal', 'SIGNONE', at('fib.wasm')], 2, 'no such signal'],
    [['snapshot', 'embed', at('fib.wasm'), at('a.dmp')], 2, '--output'],
    [['snapshot', 'twist'], 2, 'no action'],
    [
      ['snapshot', 'strip', at('a.dmp'), at('b.dmp'), '--output', at('x.dmp')],
      2,
      'expected: tswasm snapshot strip',
    ],
    [['snapshot', 'strip', at('a.dmp')], 2, '--output'],
    // One module, and no arguments that nobody takes.
    [['resume', `${at('c.wasm')}:mid`, at('fib.wasm')], 2, 'carries its module'],
    [['resume', '--invoke', 'fib', `${at('c.wasm')}:mid`, at('fib.wasm')], 2, 'carries its module'],
    [['resume', at('c.wasm'), '5'], 2, 'carries its module'],
    [['resume', at('a.dmp'), at('fib.wasm'), 'extra'], 2, 'extra: the program has the arguments'],
    [['run', at('carrier.wasm'), 'x'], 2, 'x: the program goes on with the arguments'],
    [['snapshot', 'verify', at('a.dmp'), at('fib.wasm'), 'x'], 2, 'expected: tswasm snapshot verify'],
    [['inspect', at('fib.wasm'), 'x'], 2, 'usage: tswasm inspect'],
    [['help', 'run', 'resume'], 2, 'one command'],
  ];
  for (const [words, code, text] of refused) {
    const result = await cli(words);
    expect([words, result.code, result.stderr.includes(text)]).toEqual([words, code, true]);
  }
  const late = ['run', '--invoke', 'fib', '--after-fuel', '9999999', '--snapshot-to', at('never.dmp')];
  const ended = await cli([...late, at('fib.wasm'), '5']);
  expect(ended).toMatchObject({ code: 0, stdout: '5\n' });
  expect(ended.stderr).toContain('ended before --after-fuel');
  expect(existsSync(at('never.dmp'))).toBe(false);
});

it('notices a file that was damaged', async () => {
  const good = readFileSync(at('a.dmp'));
  const r = new Random(3);
  for (let k = 0; k < 12; k++) {
    const bytes = Buffer.from(good);
    bytes[r.below(bytes.length)] ^= 1 << r.below(8);
    writeFileSync(at('bad.dmp'), bytes);
    const command = k % 2 === 0 ? ['resume'] : ['snapshot', 'verify'];
    const { code, stdout } = await cli([...command, at('bad.dmp'), at('fib.wasm')]);
    expect([k, code, stdout]).toEqual([k, 1, '']);
  }
  // In a global or a local nobody else would notice.
  const at8 = good.lastIndexOf(0x7f);
  const bytes = Buffer.from(good);
  bytes[at8 + 1] ^= 1;
  writeFileSync(at('bad.dmp'), bytes);
  expect((await cli(['resume', at('bad.dmp'), at('fib.wasm')])).stderr).toContain('damaged');
  expect((await cli(['resume', '--no-digest', at('bad.dmp'), at('fib.wasm')])).stderr).not.toContain(
    'damaged',
  );
});

it('writes no digest when it is told so, and reads files that have none', async () => {
  const run = [
    'run',
    '--invoke',
    'fib',
    '--after-fuel',
    '99',
    '--snapshot-to',
    at('plain.dmp'),
    '--no-digest',
  ];
  expect((await cli([...run, at('fib.wasm'), '10'])).code).toBe(0);
  const plain = readFileSync(at('plain.dmp'));
  expect([hasDigest(plain), decode(plain).hostState.length]).toEqual([false, 0]);
  expect((await cli(['resume', at('plain.dmp'), at('fib.wasm')])).stdout).toBe('55\n');
  expect((await cli(['snapshot', 'verify', at('plain.dmp'), at('fib.wasm')])).code).toBe(0);
});

it('makes files for other engines, and says what they lack', async () => {
  const options = ['--dir', `${at('here')}::/data`, '--after-fuel', '2000'];
  const run = ['run', ...options, '--snapshot-to', at('bare.dmp'), '--no-host-state', at('logger.wasm'), 'X'];
  const bare = await cli(run);
  expect(bare.code).toBe(0);
  expect(bare.stderr).toContain('lost: arguments, variables, clocks');
  const first = decode(readFileSync(at('bare.dmp')));
  expect([first.hostState.length, first.extras.length]).toEqual([0, 0]);

  const stripped = await cli(['snapshot', 'strip', at('log.dmp'), '--output', at('stripped.dmp')]);
  expect(stripped).toMatchObject({ code: 0, stderr: '' });
  expect(stripped.stdout).toMatch(/lost: .* of host state, the digest \(of WASI: arguments/);
  const whole = decode(readFileSync(at('log.dmp')));
  expect(decode(readFileSync(at('stripped.dmp')))).toEqual({ ...whole, hostState: new Uint8Array() });
  const again = await cli(['snapshot', 'strip', at('stripped.dmp'), '--output', at('stripped2.dmp')]);
  expect(again.stdout).toContain('nothing is lost');

  const carried = await cli(['snapshot', 'strip', `${at('c.wasm')}:mid`, '--output', at('bare.wasm')]);
  expect(carried).toMatchObject({ code: 0, stderr: '' });
  expect((await cli(['resume', at('bare.wasm')])).stdout).toBe('55\n');
});

it('resumes a program with imports that nobody knows', async () => {
  const trap = ['--unknown-imports-trap'];
  const run = ['run', ...trap, '--after-fuel', '5', '--snapshot-to', at('unknown.dmp'), at('unknown.wasm')];
  expect((await cli(run)).code).toBe(0);
  expect((await cli(['resume', at('unknown.dmp'), at('unknown.wasm')])).code).toBe(1);
  const resumed = await cli(['resume', ...trap, at('unknown.dmp'), at('unknown.wasm')]);
  expect(resumed.code).toBe(134);
  expect(resumed.stderr).toContain('the unknown import far.away was called');
});
