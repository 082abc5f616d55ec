/** `--timeout` holds in every command that has it, also before and without a program: decoding, listing, modules that run first. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli } from '../../embed/node/wasi-tests/cli';
import { Module } from '../decoder';
import { wat } from '../decoder/testing';
import { Execution, type Func, instantiatePaused, Store } from '../index';
import { embedSnapshot, snapshot } from '../snapshot';
import type { Options } from './options';
import { TimeLimit, TimeoutError } from './time-limit';

const SPIN = `(module
  (func $spin (export "_start") (loop $again (br $again))))`;
/** Spins before anything of it is called. */
const EAGER = `(module (func $spin (loop $again (br $again))) (start $spin) (func (export "nothing")))`;
const TURNS = `(module (func $turn (local i32)
    (loop $again (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))))
  (start $turn) (func (export "nothing")))`;

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-timeouts-'));
const at = (name: string) => path.join(place, name);
afterAll(() => rmSync(place, { recursive: true, force: true }));

beforeAll(async () => {
  const bytes = await wat(SPIN);
  const instance = instantiatePaused(new Store(), Module.decode(bytes), []);
  const execution = new Execution(instance.exports.get('_start') as Func, []);
  execution.run({ fuel: 100 });
  const saved = snapshot(execution);
  writeFileSync(at('spin.wasm'), bytes);
  writeFileSync(at('eager.wasm'), await wat(EAGER));
  writeFileSync(at('turns.wasm'), await wat(TURNS));
  writeFileSync(at('s.dmp'), saved);
  writeFileSync(at('carrier.wasm'), embedSnapshot(bytes, saved));
});

/** Words that name a file are followed by it. */
const words = (line: string) => line.split(' ').map((word) => (/\.(wasm|dmp)$/.test(word) ? at(word) : word));

it.each([
  'validate spin.wasm',
  'inspect spin.wasm',
  'inspect --disassemble spin.wasm 0',
  'inspect --lowered spin.wasm',
  'inspect --tiers spin.wasm',
  'snapshot info s.dmp spin.wasm',
  'snapshot verify s.dmp spin.wasm',
  'snapshot verify carrier.wasm',
  'snapshot diff s.dmp s.dmp spin.wasm',
  'snapshot unpack carrier.wasm nowhere',
  'run spin.wasm',
  'run carrier.wasm',
  'resume s.dmp spin.wasm',
  'resume carrier.wasm',
  `run --preload lib=${at('turns.wasm')} spin.wasm`,
  `run --coverage ${at('c.info')} spin.wasm`,
])('without time: tswasm %s', async (line) => {
  const [command, ...others] = words(line);
  const { code, stderr } = await cli([command, '--timeout', '0', ...others]);
  expect(stderr).toContain('not finished after 0');
  expect(code).toBe(134);
});

it('what runs before the program uses up what the program has', async () => {
  const stopped = await cli(['--timeout', '1s', '--preload', `lib=${at('eager.wasm')}`, at('spin.wasm')]);
  expect(stopped).toMatchObject({ code: 134 });
  expect(stopped.stderr).toContain('eager.wasm: stopped: not finished after 1s');
  const fuel = ['--fuel', '1500', '--preload', `a=${at('turns.wasm')}`];
  // One takes 1000 units; the second one has no more than is left.
  const both = await cli([...fuel, '--preload', `b=${at('turns.wasm')}`, at('spin.wasm')]);
  expect(both.stderr).toContain('turns.wasm: stopped: all 1500 units of fuel are used');
  const one = await cli([...fuel, at('spin.wasm')]);
  expect(one.stderr).toContain('spin.wasm: stopped: all 1500 units of fuel are used');
});

it('a snapshot is due in the program, not in what runs before it', async () => {
  const due = ['--snapshot-to', at('due.dmp'), '--after-fuel', '10'];
  const { code, stderr } = await cli([...due, '--preload', `lib=${at('turns.wasm')}`, at('spin.wasm')]);
  expect(stderr).toContain('spin.wasm: stopped; the snapshot is in');
  expect(code).toBe(0);
});

it('looks at the clock after every part', () => {
  const given = (text: string | undefined) => new TimeLimit({ get: () => text } as unknown as Options);
  let parts = 0;
  function* work(): Generator<undefined, string, undefined> {
    for (let k = 0; k < 10; k++, parts++) yield;
    return 'whole';
  }
  expect(given(undefined).inParts(work())).toBe('whole');
  expect(parts).toBe(10);
  expect(() => given('0').inParts(work())).toThrow(TimeoutError);
  expect(parts).toBe(10);
});
