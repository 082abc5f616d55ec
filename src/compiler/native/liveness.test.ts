import { describe, expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { deadAtPoints } from './liveness';

/** Dead locals at each loop of a function with locals $a to $d and nothing else, in the order of the loops. */
async function dead(body: string): Promise<string[]> {
  const module = Module.decode(
    await wat(`(module (func (local $a i32) (local $b i32) (local $c i32) (local $d i32) ${body}))`),
  );
  const byLoop = [...deadAtPoints(module, 0, 4, false)].sort(([one], [other]) => one - other);
  return byLoop.map(([, locals]) => locals.map((localidx) => 'abcd'[localidx]).join(''));
}
const read = (local: string) => `(drop (local.get ${local}))`;
const write = (local: string) => `(local.set ${local} (i32.const 1))`;
const MAYBE = '(i32.eqz (i32.const 0))';

describe('dead locals at loops', () => {
  it('are those that are written before anybody reads them', async () => {
    const turn = `${write('$a')} ${read('$a')} ${read('$b')} ${write('$b')} ${write('$c')}`;
    expect(await dead(`(loop $l ${turn} (br_if $l ${MAYBE})) ${read('$c')}`)).toEqual(['ac']);
  });

  it('are not those that a later turn reads, or what comes behind the loop, or one of two ways', async () => {
    expect(
      await dead(`(loop $l
        (if ${MAYBE} (then ${write('$a')} ${write('$b')}) (else ${write('$a')}))
        ${read('$a')} ${read('$b')}
        (if ${MAYBE} (then ${write('$c')}))
        (br_if $l ${MAYBE}))
        ${read('$c')} ${write('$d')} ${read('$d')}`),
    ).toEqual(['ad']);
  });

  it('are not those that the next turn of a loop around reads', async () => {
    const inner = `(loop $inner ${write('$b')} ${read('$b')} (br_if $inner ${MAYBE}))`;
    expect(
      await dead(
        `(loop $outer ${read('$a')} ${inner} ${write('$b')} ${write('$a')} (br_if $outer ${MAYBE}))`,
      ),
    ).toEqual(['b', 'ab']);
    expect(
      await dead(`(loop $outermost (loop $outer ${inner} (br_if $outer ${MAYBE}))
        ${read('$a')} ${read('$b')} ${write('$a')} (br_if $outermost ${MAYBE}))`),
    ).toEqual(['b', 'b', 'b']);
  });

  it('depend on where branches go', async () => {
    const table = (first: string, second: string) =>
      `(block $out (block $in (loop $l ${write('$a')} ${write('$b')} ${write('$c')}
        (br_table $l $in $out (i32.const 3)))) ${first} (return)) ${second}`;
    expect(await dead(table(read('$a'), read('$b')))).toEqual(['abc']);
    const late = `(block $out (loop $l (br_if $out ${MAYBE}) ${write('$a')} ${write('$b')} (br $l)) ${read('$a')})`;
    expect(await dead(`${late} ${read('$b')}`)).toEqual(['a']);
    expect(await dead(`${late} (unreachable) ${read('$b')}`)).toEqual(['ab']);
  });

  it('are told of bulk operations, too, as they are behind them', async () => {
    const wasm = await wat(`(module (memory 1) (func (param $a i32) (param $b i32)
      (local.set $a (local.get $b)) (local.set $b (i32.const 1))
      (memory.fill (i32.const 0) (i32.const 0) (local.get $b)) (drop (local.get $a))))`);
    expect([...deadAtPoints(Module.decode(wasm), 0, 2, false).values()]).toEqual([[1]]);
  });

  it('are told of calls where that is asked, as they are behind them', async () => {
    const wasm = await wat(`(module (func $f (param $a i32) (param $b i32) (result i32)
      (local.set $a (call $f (local.get $b) (i32.const 1))) (local.set $b (i32.const 1))
      (call $f (local.get $a) (local.get $a))))`);
    const dead = (atCalls: boolean) => [...deadAtPoints(Module.decode(wasm), 0, 2, atCalls).values()];
    expect(dead(false)).toEqual([]);
    expect(dead(true)).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});
