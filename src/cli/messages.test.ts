/** What a person at a terminal reads, in one golden file: commands, what they print and their exit codes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cli } from '../../embed/node/wasi-tests/cli';
import { assembleText } from './load';

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-messages-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const PROGRAM = `(module $program
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\0ano.txt")
  (func $spin (param i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 22) (i32.const 6) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
    (call $spin (i32.const 5000))
    (call $exit (i32.const 3))))`;
const LIBRARY = `(module $library
  (memory (export "memory") 1)
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (data (i32.const 16) "hello")
  (func (export "add") (param i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.add (local.get 0) (local.get 1)))
  (func (export "half") (param f32) (result f32) (local.get 0))
  (func (export "isNull") (param externref) (result i32) (ref.is_null (local.get 0)))
  (func $down (export "down") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then unreachable))
    (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))`;
const USER = `(module
  (import "lib" "add" (func $add (param i32 i32) (result i32)))
  (import "lib" "missing" (func (param i64)))
  (import "env" "memory" (memory 1 2)))`;
/** Exports what `USER` imports, with other types. */
const UNLIKE = `(module
  (func (export "add") (param i32 i64) (result i32) (local.get 0))
  (global (export "missing") i64 (i64.const 1))
  (memory (export "memory") 1 3))`;
/** Calls a library, again and again. */
const CALLER = `(module
  (import "lib" "add" (func $add (param i32 i32) (result i32)))
  (import "lib" "calls" (global $calls (mut i32)))
  (func $count (export "count") (param i32) (result i32)
    (loop $again
      (drop (call $add (i32.const 1) (i32.const 2)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (global.get $calls)))`;
const ENDLESS = '(module (func $begin (loop $again (br $again))) (start $begin))';
/** Names that would clear a screen, go back to the start of the line, and turn the writing round. */
const RUDE = `(module
  (import "a\\1b[2Jb" "c\\0d\\e2\\80\\aed" (func)))`;

const TEXTS = {
  program: PROGRAM,
  library: LIBRARY,
  rude: RUDE,
  broken: '(module\n  (func (export "f") (i32.cnst 1)))\n',
  wrong: '(module (func (export "f") (result i32) (i64.const 1)))',
};
for (const [name, text] of Object.entries(TEXTS)) writeFileSync(path.join(place, `${name}.wat`), text);
/** Most commands get the binary: each process would load the assembler. */
const BINARIES = {
  program: PROGRAM,
  library: LIBRARY,
  user: USER,
  unlike: UNLIKE,
  caller: CALLER,
  endless: ENDLESS,
};
for (const [name, text] of Object.entries(BINARIES)) {
  writeFileSync(path.join(place, `${name}.wasm`), await assembleText(name, text));
}
writeFileSync(path.join(place, 'component.wasm'), Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
writeFileSync(path.join(place, 'text.txt'), 'no module');
writeFileSync(
  path.join(place, 'script.wast'),
  '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 1))\n(assert_return (invoke "f") (i32.const 2))\n',
);
mkdirSync(path.join(place, 'data'));

/** A command line, split at blanks outside of quotes, and what is typed. */
const COMMANDS: readonly (string | readonly [string, string])[] = [
  '',
  'frobnicate',
  'rnu program.wat',
  'nothing.wasm',
  'text.txt',
  'component.wasm',
  'broken.wat',
  'wrong.wat',
  'user.wasm',
  '--preload lib=library.wasm user.wasm',
  '--preload lib=unlike.wasm --preload env=unlike.wasm user.wasm',
  '--preload library.wasm user.wasm',
  '--preload lib=library.wasm --preload lib=unlike.wasm user.wasm',
  '--preload lib=wrong.wat user.wasm',
  '--preload lib=endless.wasm --fuel 1000 user.wasm',
  'rude.wat',
  '--fule 5 program.wasm',
  '--fuel 1e3 program.wasm',
  '--fuel 1.5 program.wasm',
  '-W simd=maybe program.wasm',
  '-W multi-valeu program.wasm',
  '-W all=n,mutable-globals --invoke add(1,2) library.wasm',
  '--dir data:/x program.wasm',
  '--dir nowhere program.wasm',
  '--snapshot-to nowhere/s.dmp --after-fuel 100 program.wasm',
  '--snapshot-to data --after-fuel 100 program.wasm',
  '--checkpoint text.txt/s.dmp program.wasm',
  '--snapshot-to s.dmp --on-signal usr1 program.wasm',
  '--snapshot-to s.dmp --on-signal SIGKILL program.wasm',
  '--profile nowhere/p.cpuprofile program.wasm',
  '--coverage c.info --snapshot-to s.dmp --after-fuel 100 program.wasm',
  'program.wat',
  '--dir data::/ --trace-wasi program.wasm',
  '--snapshot-to s.dmp --after-fuel 100 program.wasm',
  'resume program.wasm s.dmp',
  'resume s.dmp',
  'resume s.dmp program.wasm',
  '--preload lib=library.wasm --snapshot-to c.dmp --after-fuel 50 --invoke count(60) caller.wasm',
  'resume c.dmp caller.wasm',
  'resume --preload lib=library.wasm c.dmp caller.wasm',
  'resume --env A=1 s.dmp program.wasm',
  'resume nothing.dmp program.wasm',
  'resume text.txt program.wasm',
  'resume s.dmp library.wasm',
  '--snapshot-to carrying.wasm --after-fuel 100 program.wasm',
  'carrying.wasm',
  'carrying.wasm more',
  '--env A=1 carrying.wasm',
  '--cold-start carrying.wasm',
  'library.wasm',
  '--invoke add(1,-2) library.wasm',
  '--invoke add library.wasm 1 0x10',
  '--invoke add(1) library.wasm',
  '--invoke add(1,2) library.wasm 3',
  '--invoke ad library.wasm 1 2',
  '--invoke add(1,x) library.wasm',
  '--invoke half(nan:0x200000) library.wasm',
  '--invoke half(-nan) library.wasm',
  '--invoke half(nan:0x800000) library.wasm',
  '--invoke isNull(null) library.wasm',
  '--invoke add(null,1) library.wasm',
  '--invoke down(7) library.wasm',
  '--coredump core.wasm --invoke down(1) library.wasm',
  '--coverage c.info --invoke add(1,2) library.wasm',
  'wast script.wast',
  'validate library.wat wrong.wat',
  'completion tcsh',
  [
    'repl library.wat',
    'add(1, 2)\n:exports\n:keep\nadd 3 4\n:globals\n:back\n:globals\n:memory 16 5\ndown(1)\n:fuel 2\ndown(9)\n:stpe\n:step\n:where\n:drop\nnope()\n',
  ],
];

/** Times and sizes of what is written would differ from run to run, or between systems. */
function steady(text: string): string {
  return text
    .replaceAll(place, '.')
    .replaceAll(/\(\d+ bytes\)/g, '(N bytes)')
    .replaceAll(/: \d+ bytes$/gm, ': N bytes');
}

it('messages', async () => {
  const told: string[] = [];
  for (const entry of COMMANDS) {
    const [line, input] = typeof entry === 'string' ? [entry, undefined] : entry;
    const words = line === '' ? [] : line.split(' ');
    const { code, stdout, stderr } = await cli(words, {
      cwd: place,
      ...(input === undefined ? {} : { input }),
    });
    const out = steady(`${stdout}${stderr}`).trimEnd();
    told.push(`$ tswasm ${line}`.trimEnd(), ...(out === '' ? [] : [out]), `[${code}]`, '');
  }
  await expect(told.join('\n')).toMatchFileSnapshot('golden/messages.txt');
}, 300_000);

it('colours when somebody looks, and not when none are wanted', async () => {
  const shown = (env: NodeJS.ProcessEnv) =>
    cli(['nothing.wasm'], { cwd: place, env: { ...process.env, ...env } });
  expect((await shown({ FORCE_COLOR: '1', NO_COLOR: undefined })).stderr).toContain(
    '\u001b[1;31mtswasm:\u001b[0m ',
  );
  expect((await shown({ FORCE_COLOR: '1', NO_COLOR: '1' })).stderr).toMatch(/^tswasm: /);
});
