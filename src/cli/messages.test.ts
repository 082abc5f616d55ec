/** What a person at a terminal reads, in one golden file: commands, what they print and their exit codes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cli } from '../../embed/node/wasi-tests/cli';
import { wat } from '../decoder/testing';

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

writeFileSync(path.join(place, 'program.wat'), PROGRAM);
writeFileSync(path.join(place, 'library.wat'), LIBRARY);
writeFileSync(path.join(place, 'user.wat'), USER);
writeFileSync(path.join(place, 'unlike.wat'), UNLIKE);
writeFileSync(path.join(place, 'caller.wat'), CALLER);
writeFileSync(path.join(place, 'endless.wat'), ENDLESS);
writeFileSync(path.join(place, 'rude.wat'), RUDE);
writeFileSync(path.join(place, 'broken.wat'), '(module\n  (func (export "f") (i32.cnst 1)))\n');
writeFileSync(path.join(place, 'wrong.wat'), '(module (func (export "f") (result i32) (i64.const 1)))');
writeFileSync(path.join(place, 'library.wasm'), await wat(LIBRARY));
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
  'user.wat',
  '--preload lib=library.wat user.wat',
  '--preload lib=unlike.wat --preload env=unlike.wat user.wat',
  '--preload library.wat user.wat',
  '--preload lib=library.wat --preload lib=unlike.wat user.wat',
  '--preload lib=wrong.wat user.wat',
  '--preload lib=endless.wat --fuel 1000 user.wat',
  'rude.wat',
  '--fule 5 program.wat',
  '--fuel 1e3 program.wat',
  '--fuel 1.5 program.wat',
  '-W simd=maybe program.wat',
  '-W multi-valeu program.wat',
  '-W all=n,mutable-globals --invoke add(1,2) library.wat',
  '--dir data:/x program.wat',
  '--dir nowhere program.wat',
  '--snapshot-to nowhere/s.dmp --after-fuel 100 program.wat',
  '--snapshot-to data --after-fuel 100 program.wat',
  '--checkpoint text.txt/s.dmp program.wat',
  '--snapshot-to s.dmp --on-signal usr1 program.wat',
  '--snapshot-to s.dmp --on-signal SIGKILL program.wat',
  '--profile nowhere/p.cpuprofile program.wat',
  '--coverage c.info --snapshot-to s.dmp --after-fuel 100 program.wat',
  'program.wat',
  '--dir data::/ --trace-wasi program.wat',
  '--snapshot-to s.dmp --after-fuel 100 program.wat',
  'resume program.wat s.dmp',
  'resume s.dmp',
  'resume s.dmp program.wat',
  '--preload lib=library.wat --snapshot-to c.dmp --after-fuel 50 --invoke count(60) caller.wat',
  'resume c.dmp caller.wat',
  'resume --preload lib=library.wat c.dmp caller.wat',
  'resume --env A=1 s.dmp program.wat',
  'resume nothing.dmp program.wat',
  'resume text.txt program.wat',
  'resume s.dmp library.wat',
  '--snapshot-to carrying.wasm --after-fuel 100 program.wat',
  'carrying.wasm',
  'carrying.wasm more',
  '--env A=1 carrying.wasm',
  '--cold-start carrying.wasm',
  'library.wat',
  '--invoke add(1,-2) library.wat',
  '--invoke add library.wat 1 0x10',
  '--invoke add(1) library.wat',
  '--invoke add(1,2) library.wat 3',
  '--invoke ad library.wat 1 2',
  '--invoke add(1,x) library.wat',
  '--invoke half(nan:0x200000) library.wat',
  '--invoke half(-nan) library.wat',
  '--invoke half(nan:0x800000) library.wat',
  '--invoke isNull(null) library.wat',
  '--invoke add(null,1) library.wat',
  '--invoke down(7) library.wat',
  '--coredump core.wasm --invoke down(1) library.wat',
  '--coverage c.info --invoke add(1,2) library.wat',
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
  expect((await shown({ FORCE_COLOR: '1' })).stderr).toContain('\u001b[1;31mtswasm:\u001b[0m ');
  expect((await shown({ FORCE_COLOR: '1', NO_COLOR: '1' })).stderr).toMatch(/^tswasm: /);
});
