/** What a snapshot costs: one page of touched memory and twenty frames (issue 3, acceptance 4). Prints the medians. */
import { expect, it } from 'vitest';
import wabt from 'wabt';
import { Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { type Func, i32, instantiatePaused } from '../runtime';
import { snapshot } from './capture';
import { restore } from './restore';

it('one page and twenty frames', async () => {
  const parser = await wabt();
  const parsed = parser.parseWat(
    'cost.wat',
    `(module (memory 1)
      (func $deep (export "run") (param i32) (result i32) (local i64 f64) (local $i i32)
        (if (i32.eqz (local.get 0)) (then
          (loop $l
            (i32.store (local.get $i) (i32.mul (i32.add (local.get $i) (i32.const 12345)) (i32.const 0x9e3779b1)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 65536))))
          (return (i32.const 1))))
        (i32.add (local.get 0) (call $deep (i32.sub (local.get 0) (i32.const 1))))))`,
    {},
  );
  const module = Module.decode(parsed.toBinary({}).buffer);
  const fresh = () => instantiatePaused(new Store(), module, []);
  const execution = new Execution(fresh().exports.get('run') as Func, [i32(19)]);
  expect(execution.run({ fuel: 20 + 16380 }).kind).toBe('paused');
  expect(execution.frames()).toHaveLength(20);
  const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1];
  const writing: number[] = [];
  const reading: number[] = [];
  let bytes = snapshot(execution);
  for (let i = 0; i < 101; i++) {
    const instance = fresh();
    const start = performance.now();
    bytes = snapshot(execution);
    const middle = performance.now();
    restore(bytes, instance);
    reading.push(performance.now() - middle);
    writing.push(middle - start);
  }
  const [write, read] = [median(writing), median(reading)];
  console.log(`snapshot ${write.toFixed(2)} ms, restore ${read.toFixed(2)} ms, ${bytes.length} bytes`);
  expect(bytes.length).toBeLessThan(65536 + 1024);
  // The machine may be busy: the aim is 5 ms and 2 ms.
  expect(write).toBeLessThan(50);
  expect(read).toBeLessThan(50);
});
