import { expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { codeSize } from '../limits';
import { grown, PART_SIZES } from './groups';
import { Program } from './program';
import { HOST } from './testing';

const LENGTH = 200;
const QUIET = 0;
const LOOP = '(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))';

/** So many functions of some 100 bytes, and one that calls them all; `quiet` is called by each. */
async function program(): Promise<Program> {
  const padding = '(drop (i32.const 1000))'.repeat(16);
  const functions = Array.from(
    { length: LENGTH },
    (_, k) => `(func $f${k} (param i32) ${LOOP} ${padding} (drop (call $quiet (i32.const ${k}))))`,
  );
  const calls = functions.map((_, k) => `(call $f${k} (local.get 0))`).join(' ');
  const text = `(module (func $quiet (param i32) (result i32) (local.get 0)) ${functions.join('\n')}
    (func (export "run") (param i32) ${LOOP} ${calls}))`;
  return new Program(Module.decode(await wat(text)), HOST, PART_SIZES, { isShared: false, isExact: false });
}

it('a function of a large module is in one group, with its neighbours where it calls nobody; a quiet one is in all', async () => {
  const made = await program();
  const groups = new Set(
    Array.from({ length: LENGTH }, (_, k) => {
      const group = made.group(1 + k, true);
      if (typeof group !== 'object') throw new Error(`there is no group: ${group}`);
      return group;
    }),
  );
  const members = [...groups].map(({ side }) => side.members);
  expect(members.every((group) => group.includes(QUIET))).toBe(true);
  const others = members.flat().filter((funcidx) => funcidx !== QUIET);
  expect(new Set(others).size).toBe(others.length);
  expect(others.length).toBeGreaterThanOrEqual(LENGTH);
  expect(groups.size).toBeGreaterThan(2);
  expect(groups.size).toBeLessThan(LENGTH / 10);
});

it('a function comes with those that it is likely to call, though they are more than a group takes', async () => {
  const made = await program();
  const run = LENGTH + 1;
  const group = made.group(run, true);
  if (typeof group !== 'object') throw new Error(`there is no group: ${group}`);
  const { members } = group.side;
  const bytes = members.reduce((sum, funcidx) => sum + codeSize(made.module, funcidx), 0);
  expect(members.length).toBe(LENGTH + 2);
  expect(bytes).toBeGreaterThan(PART_SIZES.group);
});

it('groups get larger by the handful, but not by so much where somebody may want to stop it meanwhile', () => {
  const times = (isAwaited: boolean) =>
    [0, 3, 4, 8, 12, 400].map((made) => grown(PART_SIZES, made, isAwaited).group / PART_SIZES.group);
  expect(times(true)).toEqual([1, 1, 2, 4, 4, 4]);
  expect(times(false)).toEqual([1, 1, 2, 4, 8, 8]);
});
