/** What a snapshot costs: one page of touched memory and twenty frames (issue 3, acceptance 4), in blocks of code. */
import { expect, it } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { Execution, Store } from '../interpreter';
import { type Func, i32, instantiatePaused } from '../runtime';
import { compile } from '../testing';
import { snapshot } from './capture';
import { restore } from './restore';

it('one page and twenty frames', async () => {
  const module = await compile(
    `(module (memory 1)
      (func $deep (export "run") (param i32) (result i32) (local i64 f64) (local $i i32)
        (if (i32.eqz (local.get 0)) (then
          (loop $l
            (i32.store (local.get $i) (i32.mul (i32.add (local.get $i) (i32.const 12345)) (i32.const 0x9e3779b1)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 65536))))
          (return (i32.const 1))))
        (i32.add (local.get 0) (call $deep (i32.sub (local.get 0) (i32.const 1))))))`,
  );
  const fresh = () => instantiatePaused(new Store(), module, []);
  const execution = new Execution(fresh().exports.get('run') as Func, [i32(19)]);
  expect(execution.run({ fuel: 20 + 16380 }).kind).toBe('paused');
  expect(execution.frames()).toHaveLength(20);
  let bytes = snapshot(execution);
  const instance = fresh();
  const write = await workOf(() => {
    bytes = snapshot(execution);
  });
  const read = await workOf(() => restore(bytes, instance));
  expect(bytes.length).toBeLessThan(65536 + 1024);
  expect(write).toBeLessThan(30_000);
  expect(read).toBeLessThan(20_000);
});
