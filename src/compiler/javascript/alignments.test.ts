import { expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';

/** Whether the text of a function accesses words that may not be aligned. */
async function tests(body: string): Promise<boolean> {
  const module = Module.decode(
    await wat(`(module (memory 1) (func (param $n i32) (result i32) (local $p i32) ${body}))`),
  );
  return functionText(module, bodyOf(module, 0), { compilesHot: false }).text.includes('load32(');
}

it.each([
  '(i32.load (i32.shl (local.get $n) (i32.const 2)))',
  '(i32.load offset=4 (i32.add (i32.mul (local.get $n) (i32.const 12)) (i32.const 100)))',
  '(i32.load (i32.and (local.get $n) (i32.const -4)))',
  '(i32.load (select (i32.const 8) (i32.const 64) (local.get $n)))',
  '(local.set $p (i32.shl (local.get $n) (i32.const 3))) (i32.load (i32.sub (local.get $p) (i32.const 12)))',
  '(local.set $p (i32.const 8)) (if (local.get $n) (then (local.set $p (i32.const 4)))) (i32.load (local.get $p))',
])('%s is aligned', async (body) => {
  expect(await tests(body)).toBe(false);
});

it.each([
  '(i32.load (local.get $n))',
  '(i32.load (i32.shl (local.get $n) (i32.const 1)))',
  '(i32.load (i32.shl (local.get $n) (i32.const 32)))',
  '(i32.load (i32.add (i32.shl (local.get $n) (i32.const 2)) (i32.const 2)))',
  '(local.set $p (i32.const 8)) (if (local.get $n) (then (local.set $p (i32.const 5)))) (i32.load (local.get $p))',
  '(local.set $p (i32.const 8)) (loop $l (local.set $n (i32.load (local.get $p))) (local.set $p (i32.const 1)) (br_if $l (local.get $n))) (local.get $n)',
  '(local.set $p (i32.const 8)) (block $b (br_if $b (local.get $n)) (local.set $p (i32.const 4))) (i32.load (local.get $p))',
])('%s may not be', async (body) => {
  expect(await tests(body)).toBe(true);
});
