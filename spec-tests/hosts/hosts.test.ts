/** A script on another host gives what it gives here. The whole suite is `npm run spec -- --host NAME`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { browserOrNotice } from '../../embed/browser/tests/browsers';
import { BROWSER_NAMES, type BrowserName } from '../../scripts/engines.mjs';
import { engineNamed } from '../engines/index';
import { migrateEngine } from '../engines/migrate';
import { runScript } from '../runner';
import { HOST_NAMES, Host } from './index';

/** Starting a host and its bundle, on a machine that does other things too. */
const TIMEOUT = 600_000;

const read = (name: string) => readFileSync(new URL(`../own/${name}`, import.meta.url), 'utf8');

/** Text that is no module, a module that is none, an export that is missing, a wrong result: each is told with its line. */
const WRONG = `(module (func (export "one") (result i32) (i32.const 1)))
(assert_return (invoke "one") (i32.const 2))
(assert_return (invoke "two"))
(assert_malformed (module quote "(func") "unexpected end")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_trap (invoke "one") "unreachable")
`;

/** Loads of one memory, each again and again: each function runs in either tier. */
const LETTERS = 'abcdefghijklmnop';
const OFFSETS = [0, 1, 2];
const ADDRESSES = Array.from({ length: 40 }, (_, k) => k % 8);
const LOADS = `(module (memory 1) (data (i32.const 0) "${LETTERS}")
${OFFSETS.map(
  (
    offset,
  ) => `(func (export "byte${offset}") (param i32) (result i32) (i32.load8_u offset=${offset} (local.get 0)))
(func (export "word${offset}") (param i32) (result i32) (i32.load offset=${offset} (local.get 0)))`,
).join('\n')})
${ADDRESSES.flatMap((address) =>
  OFFSETS.map((offset) => {
    const bytes = Buffer.from(LETTERS).subarray(address + offset);
    return `(assert_return (invoke "byte${offset}" (i32.const ${address})) (i32.const ${bytes[0]}))
(assert_return (invoke "word${offset}" (i32.const ${address})) (i32.const ${bytes.readInt32LE()}))`;
  }),
).join('\n')}`;

const isPage = (name: string): name is BrowserName => (BROWSER_NAMES as readonly string[]).includes(name);
const HERE = HOST_NAMES.filter((name) => !isPage(name) || browserOrNotice(name) !== undefined);

/** Each trap that the host's engine has a text for. */
const TRAPS = `(module (memory 1) (table 3 funcref) (elem (i32.const 1) $none) (func $none)
  (type $none (func)) (type $one (func (result i32)))
  (func (export "unreachable") unreachable)
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "convert") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "call") (param i32) (call_indirect (type $none) (local.get 0)))
  (func (export "call one") (param i32) (result i32) (call_indirect (type $one) (local.get 0)))
  (func $endless (export "endless") (call $endless)))
(assert_trap (invoke "unreachable") "unreachable")
(assert_trap (invoke "divide" (i32.const 1) (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "divide" (i32.const 0x80000000) (i32.const -1)) "integer overflow")
(assert_trap (invoke "convert" (f64.const nan)) "invalid conversion to integer")
(assert_trap (invoke "convert" (f64.const 1e99)) "integer overflow")
(assert_trap (invoke "load" (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "call" (i32.const 0)) "uninitialized element")
(assert_trap (invoke "call" (i32.const 3)) "undefined element")
(assert_trap (invoke "call one" (i32.const 1)) "indirect call type mismatch")
(assert_exhaustion (invoke "endless") "call stack exhausted")`;

describe.each(HERE)('%s', (name) => {
  it('runs scripts as they run here', { timeout: TIMEOUT }, async () => {
    const host = await Host.open(name, 'tswasm');
    try {
      for (const script of ['simd-trees.wast', 'block-values.wast']) {
        const here = await runScript(engineNamed('tswasm')!, script, read(script));
        expect(await host!.run(script, read(script))).toEqual(here);
        expect(here.passed).toBeGreaterThan(10);
      }
      const told = await host!.run('wrong.wast', WRONG);
      expect(told.problems.map(({ line }) => line)).toEqual([2, 3, 6]);
      expect(told).toMatchObject({ passed: 2, failed: 3, textFormat: 1 });
    } finally {
      await host?.close();
    }
  });

  it.skipIf(isPage(name))(
    "has two tiers over one memory, whose closures are not each other's",
    { timeout: TIMEOUT },
    async () => {
      const host = await Host.open(name, 'mixed');
      const told = await host!.run('memory.wast', LOADS);
      await host!.close();
      expect(told).toMatchObject({ passed: 240, problems: [] });
    },
  );

  it.skipIf(isPage(name))('has the engines that need nothing of Node', { timeout: TIMEOUT }, async () => {
    const host = await Host.open(name, 'migrate1');
    for (const script of ['block-values.wast', 'simd-trees.wast']) {
      expect((await host!.run(script, read(script))).problems).toEqual([]);
    }
    // Over all scripts, not the last one alone.
    const told = await host!.finish();
    await host!.close();
    const here = migrateEngine(1);
    for (const script of ['block-values.wast', 'simd-trees.wast'])
      await runScript(here, script, read(script));
    expect(told).toBe(await here.finish!());
  });

  it.runIf(isPage(name)).each(['javascript', 'native'])(
    'has the compiled tier of %s',
    { timeout: TIMEOUT },
    async (engine) => {
      const host = await Host.open(name, engine);
      expect(await host!.run('traps.wast', TRAPS)).toMatchObject({ passed: 10, problems: [] });
      expect((await host!.run('block-values.wast', read('block-values.wast'))).problems).toEqual([]);
      expect(await host!.finish()).toMatch(/entered [1-9]\d* times/);
      await host!.close();
    },
  );
  it.skipIf(isPage(name))('has no compiled tier', async () => {
    expect(await Host.open(name, 'native')).toBeUndefined();
  });
});
