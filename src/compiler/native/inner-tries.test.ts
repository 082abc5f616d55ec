import { expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Harness } from './testing';

const CALL = '(local.set 1 (call $count (local.get 1)))';
const calls = (count: number): string => CALL.repeat(count);

/** Calls in straight code, in blocks with results and without, whose ends are reached or not, and in a loop. */
const MANY = `(module
  (func $count (param i32) (result i32)
    (loop $again (br_if $again (i32.const 0))) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param i32) (result i32) (local i32)
    ${calls(40)}
    (local.set 1 (block $out (result i32)
      ${calls(40)}
      (if (result i32) (local.get 0)
        (then ${calls(40)} (local.get 1))
        (else ${calls(40)} (br $out (i32.add (local.get 1) (i32.const 0)))))))
    (block ${calls(40)} (br 0))
    (if (i32.eqz (local.get 0)) (then ${calls(70)} (br 0)) (else ${calls(35)}))
    (loop $again ${calls(40)} (br_if $again (i32.lt_u (local.get 1) (i32.const 300))))
    (i32.add (local.get 1) (i32.const 1000))))`;

it('catch what their calls throw, in whatever block they stand', async () => {
  const harness = new Harness(Module.decode(await wat(MANY)));
  for (const taken of [0, 1]) {
    const { results = [] } = harness.run(1, [taken], 10_000);
    const total = (results[0] as number) - 1000;
    expect(total).toBeGreaterThan(300);
    // The entry takes a unit, each call, and each branch back to the loop.
    let turns = 0;
    for (let fuel = 2; fuel < total; fuel += 7) {
      const { frames = [] } = harness.run(1, [taken], fuel);
      expect(frames).toHaveLength(2);
      const counted = frames[1]!.locals[1] as number;
      expect(frames[0]!.locals[0]).toBe(counted);
      expect([turns, turns + 1]).toContain(fuel - 1 - counted);
      turns = fuel - 1 - counted;
    }
    expect(turns).toBeLessThan(3);
  }
});

it('are in functions with many calls alone', async () => {
  const triesOf = async (count: number) => {
    const [callee] = MANY.split('(func (export');
    const text = `${callee}(func (param i32 i32) ${calls(count)}))`;
    const { bytes } = new Harness(Module.decode(await wat(text)));
    return bytes.filter((byte, k) => byte === 0x06 && bytes[k + 1] === 0x40).length;
  };
  const few = await triesOf(31);
  expect(await triesOf(33)).toBe(few + 1);
  expect(await triesOf(330)).toBe(few + 10);
});
