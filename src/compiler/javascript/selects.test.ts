import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Tier } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

const MODULE = (select: string) =>
  `(module (memory 1) (func (export "run") (param $a i32) (param $b i32) (param $c i32) (result i32) ${select}))`;
const CONDITIONS = ['(local.get $c)', '(i32.lt_u (local.get $a) (local.get $c))', '(i32.eqz (local.get $c))'];
const X = '(local.get $a)';
const Y = '(local.get $b)';
const NUMBER = (n: number) => `(i32.const ${n})`;
const MASKED: readonly (readonly [one: string, other: string])[] = [
  [NUMBER(7), NUMBER(-9)],
  [NUMBER(0), Y],
  [X, NUMBER(0)],
  [X, NUMBER(-1)],
  ...['add', 'sub', 'or', 'xor'].flatMap((op) => [
    [`(i32.${op} ${X} ${Y})`, X] as const,
    [Y, `(i32.${op} ${Y} ${NUMBER(0xa001)})`] as const,
  ]),
];
const BRANCHES: readonly (readonly [one: string, other: string])[] = [
  [X, Y],
  [`(i32.mul ${X} ${Y})`, X],
  [`(i32.add ${Y} ${X})`, X],
  [X, `(i32.load8_u (i32.and ${Y} (i32.const 255)))`],
];
const VALUES = [0, 1, -1, 5, 0x7fffffff, -0x80000000];

async function moduleOf([one, other]: readonly [string, string], condition: string): Promise<Module> {
  return Module.decode(await wat(MODULE(`(select ${one} ${other} ${condition})`)));
}

function results(module: Module, tier?: Tier): unknown[] {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const run = instantiate(store, module, []).exports.get('run') as Func;
  return VALUES.flatMap((a) =>
    VALUES.flatMap((b) =>
      VALUES.map((c) => {
        const outcome = new Execution(run, [a, b, c].map(i32)).run();
        return outcome.kind === 'done' ? outcome.results[0]?.lo : outcome;
      }),
    ),
  );
}

describe('selects of words', () => {
  const tier = new JavaScriptTier({ evaluate, compilesHot: true });

  it.each(MASKED)('%s or %s is no branch', async (...words) => {
    for (const condition of CONDITIONS) {
      const module = await moduleOf(words, condition);
      expect(functionText(module, bodyOf(module, 0), { compilesHot: true }).text).not.toContain('?');
      expect(functionText(module, bodyOf(module, 0), { compilesHot: false }).text).toContain('?');
      expect(results(module, tier)).toEqual(results(module));
    }
  });

  it.each(BRANCHES)('%s or %s is a branch', async (...words) => {
    for (const condition of CONDITIONS) {
      const module = await moduleOf(words, condition);
      expect(functionText(module, bodyOf(module, 0), { compilesHot: true }).text).toContain('?');
      expect(results(module, tier)).toEqual(results(module));
    }
  });
});
