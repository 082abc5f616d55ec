/**
 * Seeded damage to real modules: any bytes give a module or a CompileError, soon and without much memory, and the walk over function
 * bodies finds the same error as the rules alone. (`spec-tests/mutation` compares verdicts with the host's engine.)
 * TSWASM_MUTATIONS sets the number.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { Module } from './decode';
import { disassemble } from './disassemble';
import { inspect } from './inspect';
import { messageOf, Random, verdictByRules, wat } from './testing';

const COUNT = Number(process.env.TSWASM_MUTATIONS ?? 5000);

/** Modules whose work is counted together. */
const TOGETHER = 100;
/** Blocks of code for each byte of them, decoded, walked twice, inspected and disassembled: measured about 10. */
const WORK_OF_A_BYTE = 30;

const TEXTS = [
  `(module $m (import "a" "f" (func $f (param i32 i64))) (import "a" "g" (global $g i32)) (memory 1) (table 2 funcref)
    (global (mut i32) (i32.const 1)) (export "e" (func 1)) (elem (i32.const 0) func $f) (elem declare func $f)
    (elem funcref (ref.func 1)) (data (i32.const 0) "data") (data "passive") (start 3)
    (func $a (param i32 f64) (result i32) (local i64 i64 f32)
      (block $b (loop $l (br_if $b (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l)))
      (call $f (i32.load offset=4 (local.get 0)) (i64.const -5000000000))
      (if (result i32) (f64.lt (local.get 1) (f64.const 2.5)) (then (global.get 0)) (else (i32.const 70000))))
    (func $t (param i32) (result i32 i64)
      (block (block (br_table 0 1 0 (local.get 0))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)))
      (drop (ref.is_null (table.get 0 (i32.const 1)))) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1))
      (drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 1)))
      (select (i32.const 1) (i32.const 2) (local.get 0)) (i64.extend8_s (i64.trunc_sat_f32_s (f32.const 1))))
    (func))`,
  `(module (memory i64 1 3) (memory 2) (table i64 1 5 externref) (global i64 (i64.add (i64.const 1) (i64.const 2)))
    (func (param i64) (result i64)
      (memory.copy 0 1 (local.get 0) (i32.const 1) (i32.const 1)) (i32.store8 1 (i32.const 0) (i32.const 1))
      (drop (table.grow 0 (ref.null extern) (i64.const 1))) (drop (i64.load 0 offset=0x100000000 (local.get 0)))
      (return_call 0 (local.get 0))))`,
];
const FILE = 'node_modules/source-map/lib/mappings.wasm';

function corpus(): Uint8Array[] {
  const modules = TEXTS.map((text): Uint8Array => wat(text));
  if (existsSync(FILE)) modules.push(new Uint8Array(readFileSync(FILE)));
  return modules;
}

const NASTY = [
  0x00, 0x01, 0x05, 0x0b, 0x40, 0x60, 0x63, 0x70, 0x7b, 0x7f, 0x80, 0xc0, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
];
const LEBS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x00],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x1f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];

function mutate(random: Random, modules: readonly Uint8Array[]): Uint8Array {
  // Mostly the small ones, in which damage hits something.
  const original = modules[random.below(random.below(8) === 0 ? modules.length : TEXTS.length)];
  let bytes = Array.from(original);
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = random.below(random.below(4) === 0 ? Math.min(64, bytes.length) : bytes.length);
    switch (random.below(8)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes[at] = NASTY[random.below(NASTY.length)];
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes.splice(at, random.below(6), ...LEBS[random.below(LEBS.length)]);
        break;
      case 5: {
        const from = modules[random.below(modules.length)];
        const start = random.below(from.length);
        bytes.splice(at, random.below(20), ...from.subarray(start, start + random.below(60)));
        break;
      }
      case 6:
        bytes.splice(at, random.below(3));
        break;
      default:
        for (let i = random.below(12); i >= 0; i--) bytes[at + i] = random.below(256);
    }
    if (bytes.length === 0) return new Uint8Array(0);
  }
  return Uint8Array.from(bytes);
}

function decode(bytes: Uint8Array): { module?: Module; message?: string } {
  let module: Module | undefined;
  const message = messageOf(() => {
    module = Module.decode(bytes);
  });
  return { module, message };
}

/** Undefined when all is well. */
function defect(bytes: Uint8Array, { module, message }: ReturnType<typeof decode>): string | undefined {
  const byRules = verdictByRules(bytes);
  if (byRules !== message) return `walk: ${message}; rules: ${byRules}`;
  if (inspect(bytes).error === undefined && message !== undefined)
    return `inspect finds no error: ${message}`;
  if (module) {
    void module.names;
    for (let i = 0; i < module.codeStart.length; i++)
      Array.from(disassemble(module, module.importedFuncs + i));
  }
  return undefined;
}

describe('damaged binaries', () => {
  it(`give a module or a CompileError (${COUNT})`, { timeout: 300_000 + COUNT * 20 }, async () => {
    const modules = corpus();
    for (const module of modules) expect(messageOf(() => Module.decode(module))).toBeUndefined();
    let valid = 0;
    for (let first = 1; first <= COUNT; first += TOGETHER) {
      let size = 0;
      const work = await workOf(() => {
        for (let seed = first; seed < Math.min(first + TOGETHER, COUNT + 1); seed++) {
          const bytes = mutate(new Random(seed * 7919), modules);
          size += bytes.length;
          const outcome = decode(bytes);
          const found = defect(bytes, outcome);
          if (found !== undefined) expect.fail(`seed ${seed}: ${found}`);
          if (outcome.module) valid++;
        }
      });
      expect(work, `seeds from ${first}`).toBeLessThan(size * WORK_OF_A_BYTE);
    }
    // Neither all nor none: the damage reaches what it should.
    expect(valid).toBeGreaterThan(COUNT / 100);
    expect(valid).toBeLessThan(COUNT / 2);
  });
});
