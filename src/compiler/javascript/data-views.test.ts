import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Tier } from '../../interpreter/tiers';
import { Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

const LOADS = ['i32.load', 'i32.load16_s', 'i64.load', 'i64.load32_u', 'f32.load', 'f64.load'];
const STORES = ['i32.store', 'i32.store16', 'i64.store', 'i64.store32', 'f32.store', 'f64.store'];

/** Two accesses of a kind at any address: of one that is in bounds, and of one that may not be. */
function access(op: string, k: number): string {
  const [type] = op.split('.');
  const address = (by: number) => `(i32.add (local.get $n) (i32.const ${by}))`;
  const both = LOADS.includes(op)
    ? `(drop (${op} (i32.const 9))) (drop (${op} offset=${k % 5} ${address(0)}))`
    : `(${op} (i32.const 9) (${type}.const 1)) (${op} offset=${k % 5} ${address(0)} (${type}.const -3))`;
  return `(func (export "${op}") (param $n i32) (result i32) (local $k i32)
    (loop $l ${both} (br_if $l (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 3))))
    (i32.load (i32.const 65532)))`;
}
const HOSTS = `(import "" "" (func $host)) (func (export "host") (param $n i32) (result i32)
  (drop (i32.load (local.get $n))) (call $host) (i32.const 0))`;
const MODULE = `(module ${HOSTS} (memory 1) ${[...LOADS, ...STORES].map(access).join('\n')})`;

function ran(module: Module, name: string, n: number, tier?: Tier): unknown {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const host = Func.host(store, { params: [], results: [] }, () => {
    new DataView(new ArrayBuffer(1)).getInt32(0);
  });
  const instance = instantiate(store, module, [host]);
  const execution = new Execution(instance.exports.get(name) as Func, [i32(n)]);
  const outcome = execution.run();
  if (outcome.kind !== 'trapped') return [outcome, execution.fuelUsed];
  const { code, offset } = outcome.error as RuntimeError;
  return [code, offset, execution.fuelUsed];
}

describe('accesses of any alignment', () => {
  const tier = new JavaScriptTier({ evaluate, compilesHot: true });

  it.each([...LOADS, ...STORES])('%s ends where the interpreter ends', async (op) => {
    const module = Module.decode(await wat(MODULE));
    let trapped = 0;
    for (const n of [
      0, 3, 65520, 65526, 65527, 65528, 65529, 65530, 65531, 65532, 65533, 65535, 65536, -1, -2, -4, -8,
    ]) {
      const expected = ran(module, op, n);
      if ((expected as unknown[])[0] === 'memoryBounds') trapped++;
      expect(ran(module, op, n, tier), `${n}`).toEqual(expected);
    }
    expect(trapped).toBeGreaterThan(5);
  });

  it('are not what a host function has failed with', async () => {
    const module = Module.decode(await wat(MODULE));
    expect(() => ran(module, 'host', 3)).toThrow(RangeError);
    expect(() => ran(module, 'host', 3, tier)).toThrow(RangeError);
  });

  it('take one access of the text each', async () => {
    const module = Module.decode(
      await wat('(module (memory 1) (func (param i32) (result i32) (i32.load offset=4 (local.get 0))))'),
    );
    const { text } = functionText(module, bodyOf(module, 0), { compilesHot: true });
    expect(text.match(/v0\.\w+/g)).toEqual(['v0.data']);
    expect(text.split('?').length).toBe(1);
  });
});
