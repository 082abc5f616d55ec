import { expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { factsOf } from './facts';

const NAMES = 'abcdefgh';
const PADDING = '(drop (i32.const 1000))'.repeat(20);

/** The functions, by their letters, that one with this body is likely to call. */
async function likely(body: string): Promise<string> {
  const functions = [...NAMES].map((name) => `(func $${name})`).join(' ');
  const module = Module.decode(await wat(`(module ${functions} (func (param i32) ${body}))`));
  const { likely } = factsOf(module, NAMES.length);
  return [...likely].map((funcidx) => NAMES[funcidx]).join('');
}
/** As compilers write `for (; n > 0; n--)`: from its condition or from its end a loop goes back. */
const TIMES = {
  if: (body: string) =>
    `(loop $l (if (local.get 0) (then ${body} (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l))))`,
  br_if: (body: string) => `(block $out (br_if $out (i32.eqz (local.get 0)))
    (loop $l ${body} (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
};

it.each(Object.entries(TIMES))(
  'what stands in a loop of the whole function is likely: %s',
  async (_, times) => {
    expect(await likely(times(`(call $a) ${PADDING} (call $b)`))).toBe('ab');
    const inner = times('(drop (i32.const 1))').replaceAll('$l', '$i').replaceAll('$out', '$o');
    expect(await likely(times(`(call $a) ${PADDING} ${inner} (call $b)`))).toBe('ab');
  },
);

it('what a function may pass by is not', async () => {
  const short = {
    'in an if': '(call $a) (if (local.get 0) (then (call $b)) (else (call $c))) (call $d)',
    'behind a branch out of a block':
      '(block $o (call $a) (br_if $o (local.get 0)) (call $b) (block (call $c))) (call $d)',
    'in an arm of a switch': `(call $a) (block $2 (block $1 (block $0 (br_table $0 $1 $2 (local.get 0)))
      (call $b) (br $2)) (call $c)) (call $d)`,
  };
  for (const [where, body] of Object.entries(short))
    expect(await likely(`${PADDING} ${body} ${PADDING}`), where).toBe('ad');
  const returns = `(call $a) ${PADDING} (if (local.get 0) (then (return))) (call $b)`;
  expect(await likely(returns)).toBe('a');
  expect(await likely(`(call $a) (if (local.get 0) (then (return))) ${PADDING} (call $b)`)).toBe('ab');
});
