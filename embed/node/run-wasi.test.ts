import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import wabt from 'wabt';
import { workOf } from '../../scripts/count-work';
import { CompileError, LinkError, RuntimeError } from '../../src/errors';
import { Func, instantiatePaused, Module, Store } from '../../src/index';
import { type Guest, type RunStoppedError, runWasi } from '../../src/node';
import { loadTar, MemoryFileSystem, overlay, readOnly, Wasi } from '../../src/wasi/index';
import { exportedFunc, programOf } from '../loop/program';
import { nodeDirectory } from './files';
import { nodeHost } from './host';
import { listen } from './sockets';
import { FOREVER, program, sleeper, TRAPS, UPPER, WRITE_FILE } from './wasi-tests/programs';

it('text in, text out', async () => {
  const { exitCode, stdout, stderr } = await runWasi(await program(UPPER), { stdin: 'hello wasi' });
  expect([exitCode, `${stdout}`, `${stderr}`]).toEqual([0, 'HELLO WASI', '']);
});

it('streams in, streams out, with waits in between', async () => {
  const slow = Readable.from(
    (async function* () {
      for (const word of ['one ', 'two ', 'three']) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield word;
      }
    })(),
  );
  let out = '';
  const narrow = new Writable({
    highWaterMark: 2,
    write(chunk: Buffer, _encoding, done) {
      out += chunk.toString();
      setTimeout(done, 5);
    },
  });
  const { exitCode } = await runWasi(await program(UPPER), { stdin: slow, stdout: narrow });
  expect([exitCode, out]).toEqual([0, 'ONE TWO THREE']);
});

it('bytes in, a function out', async () => {
  const parts: Uint8Array[] = [];
  await runWasi(await program(UPPER), {
    stdin: Uint8Array.from([97, 98]),
    stdout: (bytes) => parts.push(bytes),
  });
  expect(Buffer.concat(parts).toString()).toBe('AB');
});

const stopped = (reason: string) => expect.objectContaining({ name: 'RunStoppedError', reason });

/** Aborts once the event loop has come by so often. */
function afterTurns(count: number): AbortSignal {
  const aborter = new AbortController();
  const timer = setInterval(() => {
    if (--count > 0) return;
    clearInterval(timer);
    aborter.abort();
  }, 5);
  return aborter.signal;
}

it('a sleeping guest costs nothing', async () => {
  const begun = performance.now();
  const bytes = await program(sleeper(300e6));
  let out = '';
  const work = await workOf(async () => {
    out = `${(await runWasi(bytes)).stdout}`;
  });
  expect(out).toBe('awake\n');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(299);
  expect(work).toBeLessThan(100_000);
});

it('a sleeping guest leaves the event loop alone, and so does a computing one, between slices', async () => {
  for (const source of [sleeper(3600e9), FOREVER])
    await expect(runWasi(await program(source), { signal: afterTurns(10) })).rejects.toEqual(
      stopped('signal'),
    );
});

it('virtual time does not wait', async () => {
  const bytes = await program(sleeper(3600e9));
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const { stdout } = await runWasi(bytes, { deterministic: { seed: 1 } });
  expect(`${stdout}`).toBe('awake\n');
  expect(timers.mock.calls.filter(([, delay = 0]) => delay > 0)).toEqual([]);
  timers.mockRestore();
});

it('keeps to timeouts while the guest sleeps, however early a timer comes', async () => {
  const sleeping = Module.decode(await program(sleeper(60e9)));
  for (let k = 0; k < 100; k++) {
    await expect(runWasi(sleeping, { timeout: 2 + k / 37 })).rejects.toEqual(stopped('timeout'));
  }
});

it('keeps to limits', async () => {
  const spin = await program(FOREVER);
  await expect(runWasi(spin, { fuel: 1000 })).rejects.toEqual(stopped('fuel'));
  const aborter = new AbortController();
  setTimeout(() => aborter.abort(), 30);
  await expect(runWasi(spin, { signal: aborter.signal })).rejects.toEqual(stopped('signal'));
  await expect(runWasi(await program(sleeper(60e9)), { timeout: 50 })).rejects.toEqual(stopped('timeout'));
  const again = new AbortController();
  setTimeout(() => again.abort(), 30);
  const asleep = runWasi(Module.decode(await program(sleeper(60e9))), { signal: again.signal });
  await expect(asleep).rejects.toEqual(stopped('signal'));
  await expect(asleep).rejects.toMatchObject({ backtrace: [{ funcidx: 2 }] });
});

it('failures have their classes', async () => {
  await expect(runWasi(new Uint8Array(3))).rejects.toThrow(CompileError);
  await expect(runWasi(await program(''))).rejects.toThrow(LinkError);
  await expect(runWasi(await program(TRAPS))).rejects.toThrow(RuntimeError);
  const foreign = await program('(func (export "_start"))').then((bytes) => Module.decode(bytes));
  expect((await runWasi(foreign)).exitCode).toBe(0);
});

it('directories of every kind', async () => {
  const scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-run-'));
  const bytes = await program(WRITE_FILE);
  const out = path.join(scratch, 'out');
  expect((await runWasi(bytes, { preopens: { '/': scratch } })).exitCode).toBe(0);
  expect(fs.readFileSync(out, 'utf8')).toBe('out of wasm\n');
  fs.writeFileSync(out, 'before');
  const lower = nodeDirectory(scratch);
  expect((await runWasi(bytes, { preopens: { '/': readOnly(lower) } })).exitCode).toBe(69);
  const layered = overlay(lower);
  expect((await runWasi(bytes, { preopens: { '/': layered } })).exitCode).toBe(0);
  expect(Buffer.from(layered.readFile('out')!).toString()).toBe('out of wasm\n');
  expect(fs.readFileSync(out, 'utf8')).toBe('before');
  const files = MemoryFileSystem.create();
  const { wasi } = await runWasi(bytes, { preopens: { '/': files } });
  expect([...files.entries()].map((entry) => entry.path)).toEqual(['out']);
  expect(wasi.memoryFiles('/')?.readFile('out')?.length).toBe(12);
  expect((await runWasi(bytes)).exitCode).toBe(8);
  await expect(runWasi(bytes, { preopens: { '/': path.join(scratch, 'nowhere') } })).rejects.toThrow(
    'ENOENT',
  );
  expect(() => loadTar(new Uint8Array(10), files)).toThrow();
  fs.rmSync(scratch, { recursive: true });
});

it('serves a connection', async () => {
  const listener = await listen('127.0.0.1', 0);
  const serve = `
    (data (i32.const 200) "welcome")
    (func (export "_start")
      (if (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 100)) (then (unreachable)))
      (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 7))
      (drop (call $fd_write (i32.load (i32.const 100)) (i32.const 0) (i32.const 1) (i32.const 104)))
      (drop (call $fd_close (i32.load (i32.const 100)))))`;
  const store = new Store();
  const module = Module.decode(await program(serve));
  const wasi = new Wasi({ host: nodeHost(), sockets: [listener], blocking: false });
  const client = net.connect(listener.address.port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => {
    let text = '';
    client.on('data', (part) => {
      text += part.toString();
    });
    client.on('close', () => resolve(text));
  });
  const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
  const ending = await programOf(instance, {}).run(exportedFunc(instance, '_start')!, []);
  expect(ending.kind).toBe('done');
  expect(await answer).toBe('welcome');
  wasi.dispose();
});

it('a stream that fails is an error of the guest, not of the host', async () => {
  const upper = await program(UPPER);
  const broken = new PassThrough();
  setTimeout(() => broken.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' })), 20);
  expect((await runWasi(upper, { stdin: broken })).exitCode).toBe(9);
  expect((await runWasi(upper, { stdin: broken })).exitCode).toBe(9);
  const ended = Readable.from([]);
  await new Promise((resolve) => ended.once('end', resolve).resume());
  expect((await runWasi(upper, { stdin: ended })).exitCode).toBe(0);
  const shut = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('pipe'), { code: 'EPIPE' }));
    },
  });
  expect((await runWasi(upper, { stdin: 'abc', stdout: shut })).exitCode).toBe(0);
});

it('the bytes of a Buffer are copied like any other', async () => {
  const bytes = Buffer.from(await program(UPPER));
  const input = Buffer.from('abc');
  const running = runWasi(bytes, { stdin: input });
  bytes.fill(0);
  input.fill(0);
  expect(`${(await running).stdout}`).toBe('ABC');
  const whole = Uint8Array.from(await program(UPPER)).buffer;
  expect(`${(await runWasi(whole, { stdin: 'x' })).stdout}`).toBe('X');
});

/** Counts to 100,000 in its memory, telling the host now and then; the exit code is 7. */
const COUNTER = `(module (import "host" "tell" (func $tell (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $k i32)
    (loop
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (i32.store (i32.const 16) (local.get $k))
      (if (i32.eqz (i32.rem_u (local.get $k) (i32.const 20000))) (then (call $tell (i32.const 16))))
      (br_if 0 (i32.lt_u (local.get $k) (i32.const 100000))))
    (call $exit (i32.const 7))))`;

async function counterProgram(): Promise<Uint8Array> {
  return (await wabt()).parseWat('counter.wat', COUNTER).toBinary({}).buffer;
}

it('imports look into the memory, and a program that is stopped goes on from its snapshot', async () => {
  const counter = await counterProgram();
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'run-wasi-'));
  const file = path.join(folder, 'counter.dmp');
  const told: number[] = [];
  const options = {
    imports: (guest: Guest) => ({
      host: {
        tell: (pointer: number) => told.push(new DataView(guest.memory.buffer).getInt32(pointer, true)),
      },
    }),
    fuel: 40_000,
  };
  const stopped = await runWasi(counter, { ...options, snapshotTo: file }).catch(
    (error: RunStoppedError) => error,
  );
  expect(stopped).toMatchObject({ name: 'RunStoppedError', reason: 'fuel' });
  expect((stopped as RunStoppedError).snapshot).toEqual(new Uint8Array(fs.readFileSync(file)));
  let last: Uint8Array | undefined;
  const again = runWasi(counter, {
    ...options,
    resumeFrom: file,
    snapshotTo: (bytes) => {
      last = bytes;
    },
  });
  await expect(again).rejects.toThrow('stopped (fuel)');
  const { exitCode } = await runWasi(counter, { ...options, resumeFrom: last });
  expect(exitCode).toBe(7);
  expect(told).toEqual([20_000, 40_000, 60_000, 80_000, 100_000]);
  await expect(runWasi(await program(UPPER), { resumeFrom: last })).rejects.toThrow(/module/);
  fs.rmSync(folder, { recursive: true });
});

it('what a program writes and reads goes along', async () => {
  const sleeping = await program(sleeper(40e6));
  const stopped = await runWasi(sleeping, { timeout: 5, snapshotTo: () => {} }).catch(
    (error: RunStoppedError) => error,
  );
  const { stdout } = await runWasi(sleeping, { resumeFrom: (stopped as RunStoppedError).snapshot });
  expect(`${stdout}`).toBe('awake\n');
});

it('imports by name need no function around them', async () => {
  const told: number[] = [];
  const { exitCode } = await runWasi(await counterProgram(), {
    imports: { host: { tell: (k: number) => told.push(k) } },
  });
  expect([exitCode, told]).toEqual([7, [16, 16, 16, 16, 16]]);
  await expect(runWasi(await counterProgram())).rejects.toThrow(/"host" "tell"/);
});
