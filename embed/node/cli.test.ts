/** The command line as a user meets it. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTar, MemoryFileSystem } from '../../src/wasi/index';
import { cli, cliScript } from './wasi-tests/cli';
import { guest, HOARDER } from './wasi-tests/guests';
import { FOREVER, program, sleeper, TRAPS, UPPER, WRITE_FILE } from './wasi-tests/programs';

let scratch: string;
const at = (name: string) => path.join(scratch, name);
const MATH = `(module $math
  (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "floats") (param f32 f64) (result f32 f64) (local.get 0) (local.get 1))
  (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))`;

beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-cli-'));
  const programs = { upper: UPPER, spin: FOREVER, trap: TRAPS, write: WRITE_FILE, sleep: sleeper(60e9) };
  for (const [name, body] of Object.entries(programs))
    fs.writeFileSync(at(`${name}.wasm`), await program(body));
  fs.writeFileSync(at('math.wat'), MATH);
  fs.writeFileSync(at('bad.wasm'), 'no module');
  await cliScript();
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

it('runs, in the long and the short form', async () => {
  for (const words of [['run'], []]) {
    expect(await cli([...words, at('upper.wasm')], { input: 'hello' })).toEqual({
      code: 0,
      stdout: 'HELLO',
      stderr: '',
    });
  }
});

it('invokes functions, of the text format too', async () => {
  const add = await cli(['run', '--invoke', 'add', at('math.wat'), '-1', '0x7fffffffffffffff']);
  expect(add).toMatchObject({ code: 0, stdout: '9223372036854775806\n' });
  const floats = await cli(['--invoke', 'floats', at('math.wat'), '0.1', '-inf']);
  expect(floats.stdout).toBe('0.1\n-inf\n');
  const piped = await cli(['--invoke=add', '-', '1', '2'], { input: MATH });
  expect(piped.stdout).toBe('3\n');
});

it('a trap prints where it was', async () => {
  const trap = await cli([at('trap.wasm')]);
  expect(trap.code).toBe(134);
  expect(trap.stderr).toMatch(
    /wasm trap: unreachable\nwasm backtrace:\n +0: 0x[\da-f]+ - program!boom\n +1: .*main/,
  );
  const division = await cli(['--invoke', 'div', at('math.wat'), '1', '0']);
  expect(division).toMatchObject({ code: 134 });
  expect(division.stderr).toContain('integer divide by zero');
});

it('--stats tells what ran in which tier', async () => {
  const words = ['--stats', '--invoke', 'add', at('math.wat'), '1', '2'];
  const native = await cli(['run', '--tier', 'native', ...words]);
  expect(native).toMatchObject({ code: 0, stdout: '3\n' });
  expect(native.stderr).toMatch(/math\.wat: [\d.]+ ms until it ran, then [\d.]+ ms; fuel \d+\n/);
  expect(native.stderr).toMatch(
    /: native: 1 function asked for, entered 1 time by calls and 0 times at loops\n/,
  );
  expect(native.stderr).toMatch(/: interpreter: 0 functions\n/);
  // A short run is over before other tiers are loaded.
  expect((await cli(['run', ...words])).stderr).toMatch(/: interpreter: 1 function\n/);
  const interpreted = await cli(['run', '--tier', 'interpret', ...words]);
  expect(interpreted.stderr).not.toContain('native');
  expect(interpreted.stderr).toMatch(/: interpreter: 1 function\n/);
});

it('limits end a program', async () => {
  const fuel = await cli(['--fuel', '1000', at('spin.wasm')]);
  expect(fuel.code).toBe(134);
  expect(fuel.stderr).toMatch(/all 1000 units of fuel are used\nwasm backtrace:\n.*spin/);
  const timeout = await cli(['--timeout', '100ms', at('spin.wasm')]);
  expect(timeout.code).toBe(134);
  expect(timeout.stderr).toContain('not finished after 100ms');
  expect((await cli(['--timeout', '100ms', at('sleep.wasm')])).code).toBe(134);
  expect(await cli(['--max-memory', '64KiB', at('spin.wasm')])).toMatchObject({ code: 134 });
});

it('directories in all modes', async () => {
  const modes = { rw: 0, ro: 69, overlay: 0, copy: 0 };
  for (const [mode, code] of Object.entries(modes)) {
    fs.mkdirSync(at(mode));
    expect((await cli(['--dir', `${at(mode)}::/::${mode}`, at('write.wasm')])).code).toBe(code);
    expect(fs.existsSync(path.join(at(mode), 'out'))).toBe(mode === 'rw');
  }
  expect((await cli([at('write.wasm')])).code).toBe(8);
  expect((await cli(['--memory-fs', at('write.wasm')])).code).toBe(0);
});

it.each<[string[], number, string]>([
  [[], 2, 'no module is given\nusage: tswasm [run]'],
  [['run'], 2, 'no module is given\nusage: tswasm run'],
  [['--dri', 'x', 'y'], 2, 'unknown option --dri (did you mean --dir?)\nusage: tswasm run'],
  [['missing.wasm'], 1, 'missing.wasm: no such file'],
  [['vaildate', 'x'], 1, "did you mean the command 'validate'?"],
  [['BAD'], 1, 'bad.wasm: not a valid module: magic header not detected (at offset 0x0)'],
  [['--invoke', 'nothing', 'MATH'], 2, 'no such exported function; there is add, floats, div'],
  [['--invoke', 'add', 'MATH', '1'], 2, 'the function takes 2 arguments (i32 i64), not 1'],
  [['--invoke', 'add', 'MATH', '1', 'two'], 2, "'two' is not a value of type i64"],
  [['--invoke', 'add', 'MATH', '0x100000000', '2'], 2, "'0x100000000' is not a value of type i32"],
  [['--dir', '/nowhere', 'MATH'], 1, '--dir /nowhere: no such file'],
  [['--dir', 'a::b::c', 'MATH'], 2, 'MODE is one of rw, ro, overlay, copy'],
  [['--env', '=x', 'MATH'], 2, 'a variable needs a name'],
  [['--timeout', '5 years', 'MATH'], 2, 'for example 500ms, 5s or 2m'],
  [['--fs-tar', 'MATH', 'MATH'], 1, 'not a tar file'],
  [['--fs-out', 'x.tar', 'MATH'], 1, 'the files of / are not in memory (--memory-fs puts them there)'],
  [['--state-hash', '--fuel', '0', 'SPIN'], 134, 'no state hash: the program was stopped'],
  [['validate', 'BAD'], 1, 'not a valid module'],
  [['validate'], 2, 'usage: tswasm validate'],
  [['inspect', 'BAD'], 1, 'not a valid module'],
  [['inspect', '--disasemble', 'BAD'], 2, 'did you mean --disassemble?'],
])('wrong input: %j', async (words, code, message) => {
  const files: Record<string, string> = { BAD: 'bad.wasm', MATH: 'math.wat', SPIN: 'spin.wasm' };
  const result = await cli(words.map((word) => (word in files ? at(files[word]) : word)));
  expect(result.stderr).toContain(message);
  expect(result.code).toBe(code);
});

it('help and version', async () => {
  expect((await cli(['--help'])).stdout).toContain('commands:\n  run ');
  for (const command of ['run', 'validate', 'inspect']) {
    const help = await cli([command, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(`usage: tswasm ${command}`);
    expect((await cli(['help', command])).stdout).toBe(help.stdout);
  }
  expect((await cli(['--version'])).stdout).toMatch(/^tswasm \d+\.\d+\.\d+\n$/);
});

it('inspects and validates', async () => {
  const shown = await cli(['inspect', '--disassemble', at('math.wat')]);
  expect(shown.stdout).toContain('features: multi-value');
  expect(shown.stdout).toContain('i64.extend_i32_s');
  expect(await cli(['validate', at('math.wat'), at('trap.wasm')])).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

it('writes in-memory files to a tar file, and reads it', async () => {
  expect((await cli(['--memory-fs', '--fs-out', at('out.tar'), at('write.wasm')])).code).toBe(0);
  const files = MemoryFileSystem.create();
  loadTar(fs.readFileSync(at('out.tar')), files);
  expect(Buffer.from(files.readFile('out')!).toString()).toBe('out of wasm\n');
  // path_open with O_TRUNC on the file that the tar brings.
  expect((await cli(['--fs-tar', at('out.tar'), at('write.wasm')])).code).toBe(0);
  const refused = await cli(['--dir', `${scratch}::/`, '--fs-out', at('no.tar'), at('upper.wasm')]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not in memory') as string });
});

it('unknown imports', async () => {
  const module =
    '(module (import "env" "odd" (func $odd)) (func (export "_start")) (func (export "call") (call $odd)))';
  fs.writeFileSync(at('odd.wat'), module);
  expect((await cli([at('odd.wat')])).stderr).toContain('cannot be linked: unknown import: "env" "odd"');
  expect((await cli(['--unknown-imports-trap', at('odd.wat')])).code).toBe(0);
  expect((await cli([at('math.wat'), 'argument'])).stderr).toContain('no function "_start" to run');
  const called = await cli(['--unknown-imports-trap', '--invoke', 'call', at('odd.wat')]);
  expect(called.stderr).toContain('wasm trap: the unknown import env.odd was called');
  expect(called.code).toBe(134);
});

it('is quiet when nobody reads on', async () => {
  const endless = `(data (i32.const 200) "y\\n") (func (export "_start")
    (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 2))
    (loop $l (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br $l)))`;
  fs.writeFileSync(at('yes.wasm'), await program(endless));
  const child = spawn(process.execPath, [await cliScript(), at('yes.wasm')]);
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect([code, stderr]).toEqual([141, '']);
});

it('deterministic runs are the same', async () => {
  const guest = `(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))`;
  const body = `(func (export "_start")
    (drop (call $random (i32.const 200) (i32.const 16))) (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 216)))
    (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 24))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))`;
  const fdWrite =
    '(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))';
  fs.writeFileSync(at('chance.wat'), `(module ${guest} ${fdWrite} (memory (export "memory") 1) ${body})`);
  const run = async (...words: string[]) => (await cli([...words, at('chance.wat')])).stdout;
  const hash = async (...words: string[]) =>
    (await cli(['--state-hash', ...words, at('chance.wat')])).stderr.match(
      /state sha256:([0-9a-f]{64})\n/,
    )![1];
  expect(await hash('--deterministic')).toBe(await hash('--deterministic', '--argv0', 'chance.wat'));
  expect(await hash('--deterministic')).not.toBe(await hash('--seed', '2'));
  expect(await hash()).not.toBe(await hash());
  expect(await run('--deterministic')).toBe(await run('--deterministic'));
  expect(await run('--deterministic', '--seed', '2')).not.toBe(await run('--deterministic'));
  expect(await run()).not.toBe(await run());
});

it.skipIf(process.platform === 'win32')(
  'survives a guest that takes all descriptors of the process',
  async () => {
    fs.writeFileSync(at('hoarder.wasm'), await guest(HOARDER));
    fs.mkdirSync(at('hoard'));
    const words = [
      process.execPath,
      await cliScript(),
      '--max-open-files',
      '10000',
      '--dir',
      `${at('hoard')}::/`,
    ];
    const limited = ['-c', 'ulimit -n 128; exec "$0" "$@"', ...words, at('hoarder.wasm')];
    const { status, stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d{2,3} 33\n$/);
  },
);
