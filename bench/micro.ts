/**
 * The small costs around a program: compiling, instantiating, calls in and out, growing memory.
 *   npm run bench:micro -- [--engines a,b] [part of a name...]
 */

import { readFileSync } from 'node:fs';
import { optionsOf } from '../scripts/options.ts';
import { loadNamespace } from './namespace.ts';
import { buildProgram, PROGRAMS } from './programs.ts';
import type { JsEngine, Namespace } from './protocol.ts';
import { nanosecondsOf } from './statistics.ts';

const TEXT = `(module
  (import "host" "nothing" (func $nothing))
  (import "host" "add" (func $hostAdd (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "global") (mut i32) (i32.const 0))
  (func (export "nothing"))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "add64") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
  (func (export "callNothing") (param $n i32)
    (loop $l (call $nothing)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "callAdd") (param $n i32) (result i32) (local $acc i32)
    (loop $l (local.set $acc (call $hostAdd (local.get $acc) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $acc))
  (func (export "grow") (param $n i32) (local $old i32)
    (loop $l (local.set $old (memory.grow (i32.const 0)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`;

interface MicroExports {
  nothing(): void;
  add(a: number, b: number): number;
  add64(a: bigint, b: bigint): bigint;
  callNothing(n: number): void;
  callAdd(n: number): number;
  grow(n: number): void;
  global: { value: number };
}

/** Some cases do their work this often in one operation of the bench. */
const TIMES = 1000;

function cases(
  api: Namespace,
  small: Uint8Array,
  large: Uint8Array,
): Record<string, { run(): void; times?: number }> {
  const host = { nothing() {}, add: (a: number, b: number) => (a + b) | 0 };
  const module = new api.Module(small);
  const exports = new api.Instance(module, { host }).exports as unknown as MicroExports;
  return {
    'compile, 300 bytes': { run: () => new api.Module(small) },
    'compile, 93 kB': { run: () => new api.Module(large) },
    instantiate: { run: () => new api.Instance(module, { host }) },
    'call in, no arguments': { run: () => exports.nothing() },
    'call in, two i32': { run: () => exports.add(1, 2) },
    'call in, two i64': { run: () => exports.add64(1n, 2n) },
    'call out, no arguments': { run: () => exports.callNothing(TIMES), times: TIMES },
    'call out, two i32': { run: () => exports.callAdd(TIMES), times: TIMES },
    'memory.grow by 0': { run: () => exports.grow(TIMES), times: TIMES },
    'global.value from outside': {
      run: () => {
        exports.global.value++;
      },
    },
  };
}

const { values: options, positionals } = optionsOf(import.meta.url, {
  allowPositionals: true,
  options: { engines: { type: 'string', default: 'tswasm,native,polywasm' } },
});
const engines = options.engines.split(',') as JsEngine[];
const wabt = await (await import('wabt')).default();
const small = wabt.parseWat('micro.wat', TEXT).toBinary({}).buffer;
const large = readFileSync(await buildProgram(PROGRAMS.find((p) => p.name === 'many')!));

/** case -> engine -> nanoseconds for one. */
const results = new Map<string, Map<JsEngine, number>>();
for (const engine of engines) {
  for (const [name, { run, times = 1 }] of Object.entries(cases(await loadNamespace(engine), small, large))) {
    if (positionals.length > 0 && !positionals.some((p) => name.includes(p))) continue;
    const row = results.get(name) ?? new Map<JsEngine, number>();
    results.set(name, row.set(engine, nanosecondsOf(run, () => performance.now()) / times));
  }
}

console.log(`Node ${process.version}; nanoseconds each`);
console.log(`${''.padEnd(28)}${engines.map((e) => e.padStart(12)).join('')}`);
for (const [name, row] of results) {
  console.log(
    `${name.padEnd(28)}${engines.map((e) => (row.get(e)?.toFixed(0) ?? '-').padStart(12)).join('')}`,
  );
}
