import { describe, expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { bodyOf } from './bodies';
import { continuationText } from './continuations';
import { functionText } from './functions';
import { SPLIT_RULES } from './split';

const LOOP = `(local.set $k (i32.const 5))
  (loop $l (local.set $s (i32.add (local.get $s) (i32.mul (local.get $k) (local.get $k))))
    (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))`;
const TAIL = '(if (i32.eq (local.get $s) (i32.const 7)) (then (return_call $f (local.get $s))))';

async function moduleOf(loops: number): Promise<Module> {
  const body = `(loop $o ${LOOP.repeat(loops)} ${TAIL}
    (br_if $o (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`;
  return Module.decode(
    await wat(
      `(module (func $f (param $n i32) (result i32) (local $k i32) (local $s i32) ${body} (local.get $s)))`,
    ),
  );
}

/** The lengths of the functions of a text, by their names. */
function functionsIn(text: string): Map<string, number> {
  const found = [...text.matchAll(/function (\w+)\(/g)];
  return new Map(found.map(({ 1: name, index }, k) => [name, (found[k + 1]?.index ?? text.length) - index]));
}

describe('functions that are too long for an engine to compile', () => {
  const rules = { compilesHot: true, paysBefore: true };
  it.each([
    ['a function', 'b', functionText],
    ['a continuation', 'o', continuationText],
  ] as const)('are split: %s', async (_, own, textOf) => {
    const module = await moduleOf(600);
    const body = bodyOf(module, 0);
    expect(textOf(module, body, { ...rules, compilesHot: false }).text.length).toBeGreaterThan(
      SPLIT_RULES.whole,
    );
    const functions = functionsIn(textOf(module, body, rules).text);
    const parts = [...functions].filter(([name]) => /^p\d/.test(name));
    expect(parts.length).toBeGreaterThan(5);
    // Its variables, and what gives them back.
    for (const [, length] of parts) expect(length).toBeLessThan(1.2 * SPLIT_RULES.most);
    expect(functions.get(own)).toBeLessThan(SPLIT_RULES.most);
  });

  it('and others are whole, and all where the engine compiles nothing', async () => {
    const text = async (loops: number, compilesHot: boolean): Promise<string> => {
      const module = await moduleOf(loops);
      return functionText(module, bodyOf(module, 0), { compilesHot }).text;
    };
    expect(await text(20, true)).not.toContain('function p0');
    expect(await text(600, false)).not.toContain('function p0');
  });
});
