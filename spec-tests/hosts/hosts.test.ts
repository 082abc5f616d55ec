/** A script on another host gives what it gives here. The whole suite is `npm run spec -- --host jitless` and `--host quickjs`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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

describe.each(HOST_NAMES)('%s', (name) => {
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

  it("has two tiers over one memory, whose closures are not each other's", { timeout: TIMEOUT }, async () => {
    const host = await Host.open(name, 'mixed');
    const told = await host!.run('memory.wast', LOADS);
    await host!.close();
    expect(told).toMatchObject({ passed: 240, problems: [] });
  });

  it('has the engines that need nothing of Node', { timeout: TIMEOUT }, async () => {
    expect(await Host.open(name, 'native')).toBeUndefined();
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
});
