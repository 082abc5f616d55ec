import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Tier } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

const wordsOf = (value: bigint): number[] => [Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0];
const i64 = (low: string, high: string): string =>
  `(i64.or (i64.extend_i32_u (local.get ${low})) (i64.shl (i64.extend_i32_s (local.get ${high})) (i64.const 32)))`;

/** Both words of the result, by the last parameter. */
const moduleOf = async (op: string, divisor: string): Promise<Module> =>
  Module.decode(
    await wat(`(module (func (export "run") (param $al i32) (param $ah i32) (param $bl i32) (param $bh i32) (param $shift i32)
      (result i32) (local $a i64) (local $b i64)
      (local.set $a ${i64('$al', '$ah')}) (local.set $b ${i64('$bl', '$bh')})
      (i32.wrap_i64 (i64.shr_s (i64.${op} (local.get $a) ${divisor}) (i64.extend_i32_u (local.get $shift))))))`),
  );

const NUMBERS = [
  0n,
  1n,
  2n,
  7n,
  10n,
  65535n,
  65537n,
  2n ** 21n - 1n,
  2n ** 21n,
  1_000_000_007n,
  2n ** 30n - 1n,
  2n ** 30n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 5n,
  2n ** 53n - 1n,
  2n ** 53n + 3n,
  0x5851f42d4c957f2dn,
  2n ** 63n - 1n,
]
  .flatMap((n) => [n, -n])
  .concat(-(2n ** 63n));
const OPS = ['div_s', 'div_u', 'rem_s', 'rem_u'];

function results(module: Module, divisors: readonly bigint[], tier?: Tier): unknown[] {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const run = instantiate(store, module, []).exports.get('run') as Func;
  return divisors.flatMap((b) =>
    NUMBERS.flatMap((a) =>
      [0, 32].map((shift) => {
        const outcome = new Execution(run, [...wordsOf(a), ...wordsOf(b), shift].map(i32)).run();
        if (outcome.kind === 'done') return outcome.results[0]?.lo;
        const { error } = outcome as { error?: unknown };
        return error instanceof RuntimeError ? [error.code, error.offset] : outcome;
      }),
    ),
  );
}

describe('divisions of i64', () => {
  const tiers = [true, false].map((compilesHot) => new JavaScriptTier({ evaluate, compilesHot }));

  it.each(OPS)('%s of any numbers', async (op) => {
    const module = await moduleOf(op, '(local.get $b)');
    const expected = results(module, NUMBERS);
    for (const tier of tiers) expect(results(module, NUMBERS, tier)).toEqual(expected);
  });

  it.each(OPS)('%s by constants', async (op) => {
    for (const divisor of NUMBERS) {
      const module = await moduleOf(op, `(i64.const ${divisor})`);
      const expected = results(module, [0n]);
      for (const tier of tiers) expect(results(module, [0n], tier)).toEqual(expected);
    }
  });

  it('are made by BigInt, where nothing is compiled', async () => {
    const module = await moduleOf('div_u', '(local.get $b)');
    const text = (compilesHot: boolean): string =>
      functionText(module, bodyOf(module, 0), { compilesHot }).text;
    expect(text(false)).toMatch(/LU\[0\]\/=/);
    expect(text(true)).not.toContain('LU');
  });
});
