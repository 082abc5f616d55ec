/** Profiles, coredumps and coverage of real programs, read as their viewers would. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { hasClang, NO_WASM_OPT } from '../../../embed/node/wasi-tests/clang';
import { cli } from '../../../embed/node/wasi-tests/cli';
import { Reader } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Module } from '../../index';
import { probe } from './coverage';
import type { CpuProfile } from './profile';

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-tools-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const at = (name: string) => path.join(place, name);

const SOURCE = `#include <stdio.h>
__attribute__((noinline)) unsigned work(unsigned n) {
  unsigned x = 1;
  for (unsigned i = 0; i < n; i++)
    x = x * 1664525 + 1013904223;
  return x;
}
__attribute__((noinline)) int crash(volatile int *p) {
  return *p;
}
int never(void) {
  return 3;
}
int main(int argc, char **argv) {
  printf("%u\\n", work(10000000u));
  if (argc > 1)
    return crash((int *)0x7ffffff0);
  return 0;
}
`;

/** Checks the rules of \`Profiler.Profile\` that viewers rely on. */
function readProfile(file: string): CpuProfile {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const ids = new Set(profile.nodes.map(({ id }) => id));
  expect(ids.size).toBe(profile.nodes.length);
  const children = profile.nodes.flatMap((node) => node.children);
  expect(new Set(children).size).toBe(children.length);
  // A tree: every node but the root has one parent.
  expect(
    profile.nodes.filter(({ id }) => !children.includes(id)).map((node) => node.callFrame.functionName),
  ).toEqual(['(root)']);
  for (const id of [...children, ...profile.samples]) expect(ids.has(id)).toBe(true);
  expect(profile.timeDeltas).toHaveLength(profile.samples.length);
  const passed = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0);
  for (const delta of profile.timeDeltas) expect(delta).toBeGreaterThanOrEqual(0);
  expect(profile.endTime - profile.startTime).toBeGreaterThanOrEqual(passed);
  const hits = profile.nodes.reduce((sum, node) => sum + node.hitCount, 0);
  expect(hits).toBe(profile.samples.length);
  for (const { hitCount, positionTicks = [] } of profile.nodes) {
    expect(positionTicks.reduce((sum, { ticks }) => sum + ticks, 0)).toBeLessThanOrEqual(hitCount);
  }
  return profile;
}

describe.skipIf(!hasClang)('a program compiled with -g', () => {
  it('is profiled by functions and lines, traps with them, and is covered by them', async () => {
    writeFileSync(at('program.c'), SOURCE);
    const words = ['--target=wasm32-wasi', '-g', '-O1', '-o', at('program.wasm'), at('program.c')];
    const { status, stderr: compiler } = spawnSync('clang', words, { env: NO_WASM_OPT });
    expect(compiler.toString()).toBe('');
    expect(status).toBe(0);

    const profiled = await cli(['--profile', 'p.cpuprofile', 'program.wasm'], { cwd: place });
    expect(profiled.stderr).toMatch(/the profile is in p\.cpuprofile \(\d+ samples\)/);
    const { nodes } = readProfile(at('p.cpuprofile'));
    const work = nodes.find(({ callFrame }) => callFrame.functionName === 'work')!;
    expect(work.callFrame.url).toBe(pathToFileURL(at('program.c')).href);
    // Where it begins, counted from 0; the time goes to the loop.
    expect([1, 2, 3]).toContain(work.callFrame.lineNumber);
    expect(work.hitCount).toBe(Math.max(...nodes.map(({ hitCount }) => hitCount)));
    for (const { line } of work.positionTicks!) expect([4, 5]).toContain(line);

    const crashed = await cli(['--coredump', 'core', 'program.wasm', 'x'], { cwd: place });
    expect(crashed.code).toBe(134);
    expect(crashed.stderr).toMatch(/0: 0x[\da-f]+ - .*!crash\n +at program\.c:9:\d+\n/);
    const dump = readCoredump(new Uint8Array(readFileSync(at('core'))));
    const module = Module.decode(new Uint8Array(readFileSync(at('program.wasm'))));
    expect(dump.names.slice(0, 1)).toEqual(['program.wasm']);
    expect(dump.frames.map(({ funcidx }) => module.funcName(funcidx))[0]).toBe('crash');
    for (const { funcidx, codeoffset } of dump.frames) {
      const k = funcidx - module.importedFuncs;
      expect(codeoffset).toBeLessThan(module.codeEnd[k] - module.codeStart[k]);
    }

    const covered = await cli(['--coverage', 'c.info', 'program.wasm'], { cwd: place });
    expect(covered.stderr).toMatch(/\d+ of \d+ functions and \d+ of \d+ lines have run; c\.info says which/);
    const trace = readFileSync(at('c.info'), 'utf8');
    const [record] = trace.split('end_of_record').filter((one) => one.includes('program.c\n'));
    for (const line of ['DA:5,1', 'DA:9,0', 'DA:15,1', 'DA:17,0', 'FNDA:1,work', 'FNDA:0,crash']) {
      expect(record).toContain(`${line}\n`);
    }
  });
});

const COREMARK = '/work/peers/coremark.wasm';
it.skipIf(!existsSync(COREMARK))('CoreMark is profiled', async () => {
  await cli(['--fuel', '3e7', '--profile', at('cm.cpuprofile'), COREMARK]);
  const names = readProfile(at('cm.cpuprofile')).nodes.map(({ callFrame }) => callFrame.functionName);
  expect(names.length).toBeGreaterThan(3);
});

interface Coredump {
  readonly names: readonly string[];
  readonly frames: readonly { readonly funcidx: number; readonly codeoffset: number }[];
}

/** By the tool conventions; that it is a module is seen by decoding it. */
function readCoredump(bytes: Uint8Array): Coredump {
  const module = Module.decode(bytes);
  const section = (name: string) => {
    const { start, end } = module.customs.find((custom) => custom.name === name)!.bytes;
    return new Reader(bytes, start, end);
  };
  const core = section('core');
  expect(core.u8()).toBe(0);
  const names = [core.name()];
  const stack = section('corestack');
  expect(stack.u8()).toBe(0);
  names.push(stack.name());
  const frames = Array.from({ length: stack.u32() }, () => {
    expect(stack.u8()).toBe(0);
    expect(stack.u32()).toBe(0);
    const frame = { funcidx: stack.u32(), codeoffset: stack.u32() };
    expect(stack.u32()).toBe(0);
    expect(stack.u32()).toBe(0);
    return frame;
  });
  expect(stack.pos).toBe(stack.end);
  return { names, frames };
}

it('a coredump has globals and memories as they were', async () => {
  writeFileSync(
    at('state.wat'),
    `(module (memory (export "memory") 1 3) (memory 2) (global (mut i32) (i32.const -7)) (global (mut i64) (i64.const 1))
      (global f32 (f32.const 1.5)) (global (mut f64) (f64.const -0)) (global (mut funcref) (ref.null func))
      (data (i32.const 65530) "end")
      (func (export "_start") (global.set 1 (i64.const -5000000000)) (i32.store (memory 1) (i32.const 70000) (i32.const 99))
        (drop (memory.grow (i32.const 1))) unreachable))`,
  );
  await cli(['--coredump', 'state.core', 'state.wat'], { cwd: place });
  const bytes = new Uint8Array(readFileSync(at('state.core')));
  readCoredump(bytes);
  const { stdout } = await cli(['inspect', 'state.core'], { cwd: place });
  expect(stdout).toContain('memory: ');
  const module = Module.decode(bytes);
  expect(module.memories.map(({ min, max }) => [min, max])).toEqual([
    [2, 3],
    [2, undefined],
  ]);
  expect(module.globals.every(({ mutable }) => !mutable)).toBe(true);
  // What a module of the same contents would say.
  const twin = Module.decode(
    await wat(`(module (global i32 (i32.const -7)) (global i64 (i64.const -5000000000)) (global f32 (f32.const 1.5))
      (global f64 (f64.const -0)))`),
  );
  twin.globalDefs.forEach(({ init }, k) => {
    const { start, end } = module.globalDefs[k].init;
    expect([...bytes.slice(start, end)]).toEqual([...twin.bytes.slice(init.start, init.end)]);
  });
  const segments = module.datas.map(({ memory, bytes: range }) => [memory, range.end - range.start]);
  expect(segments.map(([memory]) => memory)).toEqual([0, 1]);
});

describe('probes', () => {
  it.each([
    ['no globals', '(module (func (export "f") (param i32) (if (local.get 0) (then (nop)) (else (nop)))))'],
    ['own globals', '(module (global i32 (i32.const 1)) (func (loop (br_if 0 (i32.const 0)))))'],
    [
      'data count',
      '(module (memory 1) (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))) (data "x"))',
    ],
    ['dead code', '(module (func (result i32) (return (i32.const 1)) (block (unreachable)) (br 0)))'],
    [
      'table',
      '(module (table 1 funcref) (elem (i32.const 0) 0) (func (block (block (br_table 0 1 (i32.const 0))))))',
    ],
    ['no code', '(module (memory 1))'],
  ])('keep a module valid: %s', async (_, text) => {
    const original = Module.decode(await wat(text));
    const { bytes, pieces } = probe(original.bytes, original);
    const probed = Module.decode(bytes);
    expect(probed.globals).toHaveLength(original.globals.length + pieces.length);
    expect(probed.exports).toEqual(original.exports);
  });
});

describe('completions', () => {
  it('know commands and options, as bash runs them', async () => {
    const { stdout } = await cli(['completion', 'bash']);
    const ask = (...words: string[]) => {
      const script = `${stdout}\nCOMP_WORDS=(tswasm ${words.join(' ')}); COMP_CWORD=${words.length}; _tswasm; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { cwd: place, encoding: 'utf8' }).stdout.trim().split(/\s+/);
    };
    expect(ask('re')).toEqual(['resume', 'repl']);
    expect(ask('run', '--prof')).toEqual(['--profile']);
    expect(ask('validate', '--')).toEqual(['--verbose', '--feature', '--timeout', '--help']);
  });
});
