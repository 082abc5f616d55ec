/**
 * Our bytes under the draft's independent checker. TSWASM_SNAPSHOT_TOOL names its file (extra/snapshot-tool.py of the draft's repository);
 * without it these tests are skipped, and say so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { type Func, i32, instantiatePaused } from '../runtime';
import { wat } from '../testing';
import { snapshot } from './capture';
import { decode } from './decode';
import { EMPTY_DOCUMENT } from './document';
import { embedSnapshot, extractSnapshot } from './embed';
import { encode } from './encode';
import { moduleHash } from './identity';
import { randomDocument } from './testing';
import { u64Hex } from './u64';

const TOOL = process.env.TSWASM_SNAPSHOT_TOOL;
if (TOOL === undefined)
  console.log(
    "SKIPPED: the draft's checker (set TSWASM_SNAPSHOT_TOOL to extra/snapshot-tool.py of its repository)",
  );

/** Does what its commands verify, unpack and pack do, for every file named on the command line. */
const BATCH = `
import importlib.util, os, sys, tempfile
spec = importlib.util.spec_from_file_location('snapshot', sys.argv[1])
tool = importlib.util.module_from_spec(spec); spec.loader.exec_module(tool)
for path in sys.argv[2:]:
    raw = open(path, 'rb').read()
    snap = tool.load(path)
    for problem in tool.verify(snap): print(path, problem)
    if tool.pack(snap) != raw: print(path, 'does not survive a round trip')
    with tempfile.TemporaryDirectory() as folder:
        tool.unpack(snap, folder)
        packed = tool.pack(tool.pack_directory(folder))
    if packed != raw: print(path, 'differs after unpack and pack')
print('checked', len(sys.argv) - 2)
`;

describe.skipIf(TOOL === undefined)('under the checker of the draft', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tswasm-snapshot-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const python = (...args: string[]) => execFileSync('python3', args, { encoding: 'utf8', cwd: folder });
  const tool = (...args: string[]) => python(TOOL ?? '', ...args);
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('documents at random verify clean, and survive unpack and pack byte for byte', () => {
    const count = 300;
    const paths: string[] = [];
    for (let seed = 0; seed < count; seed++) {
      const bytes = encode(randomDocument(seed, { plain: true, canonicalChunks: true }));
      paths.push(file(`${seed}.dmp`, bytes));
    }
    expect(python('-c', BATCH, TOOL ?? '', ...paths)).toBe(`checked ${count}\n`);
  });

  it('a snapshot goes through its commands', () => {
    const bytes = encode(randomDocument(4, { plain: true, canonicalChunks: true }));
    const path = file('a.dmp', bytes);
    expect(tool('verify', path)).toContain('ok');
    tool('unpack', path, '-o', join(folder, 'a.d'));
    tool('pack', join(folder, 'a.d'), '-o', join(folder, 'b.dmp'));
    expect(readFileSync(join(folder, 'b.dmp'))).toEqual(Buffer.from(bytes));
    expect(tool('info', path)).toContain(u64Hex(decode(bytes).wasmHash));
  });

  it('a real execution, against its module', async () => {
    const parsed =
      wat(`(module (memory 1) (table 2 funcref) (elem (i32.const 1) $fib) (data (i32.const 70) "text")
        (func $fib (export "fib") (param i32) (result i64) (local f32)
          (if (result i64) (i32.lt_s (local.get 0) (i32.const 2))
            (then (i64.extend_i32_u (local.get 0)))
            (else (i64.add
              (call $fib (i32.sub (local.get 0) (i32.const 1)))
              (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`);
    const wasm = parsed;
    const execution = new Execution(
      instantiatePaused(new Store(), Module.decode(wasm), []).exports.get('fib') as Func,
      [i32(20)],
    );
    execution.run({ fuel: 1000 });
    file('fib.wasm', wasm);
    const bytes = snapshot(execution);
    file('fib.dmp', bytes);
    expect(tool('verify', 'fib.dmp', '--wasm', 'fib.wasm')).toBe('fib.dmp: ok\n');
    expect(tool('info', 'fib.dmp', '--wasm', 'fib.wasm', '-v')).toContain('(fib)');
    tool('unpack', 'fib.dmp', '-o', 'fib.d');
    tool('pack', 'fib.d', '-o', 'again.dmp');
    expect(readFileSync(join(folder, 'again.dmp'))).toEqual(Buffer.from(bytes));
  });

  it('embeds and extracts as we do', () => {
    const wasm = Uint8Array.of(
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      0,
      3,
      1,
      0x78,
      9,
      1,
      4,
      1,
      0x60,
      0,
      0,
      3,
      2,
      1,
      0,
      10,
      4,
      1,
      2,
      0,
      0x0b,
    );
    const activations = [
      { func: 0, site: 'entry' as const, offset: 1, targetLoop: -1, values: [], targetCont: -1 },
    ];
    const root = {
      state: 'suspended' as const,
      typeIndex: -1,
      entryFunc: 0,
      resumeThrow: -1,
      boundCount: 0,
      boundArgs: [],
      activations,
    };
    const bytes = encode({ ...EMPTY_DOCUMENT, wasmHash: moduleHash(wasm), continuations: [root] });
    const path = file('s.dmp', bytes);
    file('m.wasm', wasm);
    tool('embed', path, '--wasm', 'm.wasm', '-o', 'carrier.wasm');
    tool('embed', path, '--wasm', 'carrier.wasm', '-o', 'carrier.wasm:ready');
    const ours = embedSnapshot(embedSnapshot(wasm, bytes), bytes, 'ready');
    expect(readFileSync(join(folder, 'carrier.wasm'))).toEqual(Buffer.from(ours));
    file('ours.wasm', ours);
    expect(tool('verify', 'ours.wasm:ready')).toContain('ok');
    tool('extract', 'ours.wasm:ready', '-o', 'out.dmp');
    expect(readFileSync(join(folder, 'out.dmp'))).toEqual(Buffer.from(extractSnapshot(ours, 'ready')));
  });
});
