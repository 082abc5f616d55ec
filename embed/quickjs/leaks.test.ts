/**
 * What nobody holds any more is collected in QuickJS, too. Its weak maps are not ephemerons: a value that leads to its key keeps both for good.
 * So it is objects that are counted, in the engine itself, after hundreds of each kind of thing have come and gone.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { wat } from '../../src/testing';
import { bundleForQuickjs } from './tests/bundle';
import { Vm } from './tests/vm';

/** What has been made before it is counted for the first time: caches are full then. */
const FIRST = 100;
const MANY = 300;
/** Circles at a time. */
const FEW = 100;
const COLLECTIONS = 3;
const MEMORY = 2 ** 28;

const SMALL = `(module (memory (export "memory") 1) (table 10 funcref) (global $g (mut i32) (i32.const 0))
  (func (export "run") (param i32) (result i32)
    (loop $l
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
      (global.set $g (i32.load8_u (i32.const 8)))
      (br_if $l (i32.lt_u (i32.load (i32.const 8)) (local.get 0))))
    (global.get $g)))`;
const LARGE = `(module (memory 1) (func (export "run") (param i32) (result i32)
  ${'(i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))'.repeat(3000)} (local.get 0)))`;

let bundle: string;
let modules: object;
beforeAll(async () => {
  modules = { small: [...wat(SMALL)], large: [...wat(LARGE)] };
  bundle = readFileSync(await bundleForQuickjs('leaks-entry.ts'), 'utf8');
});

class Engine {
  private constructor(private readonly vm: Vm) {}

  static async open(): Promise<Engine> {
    const vm = await Vm.open(bundle, { memoryBytes: MEMORY, stackBytes: 128 * 1024 });
    await vm.call('prepare', JSON.stringify(modules));
    return new Engine(vm);
  }
  async make(kind: string, many: number): Promise<void> {
    await this.vm.call('make', JSON.stringify({ kind, many }));
  }
  /**
   * Objects that are alive, and a few more: nobody can tell the engine to collect, so it is given circles until it has. What a weak map has had
   * goes with the key, what that leads to at the next time, and at the one after that the books of a store that has been told of it.
   */
  async alive(): Promise<number> {
    for (let times = 0; times < COLLECTIONS; ) {
      const before = this.vm.objects();
      await this.make('circles', FEW);
      if (this.vm.objects() < before) times++;
    }
    return this.vm.objects();
  }
  close(): void {
    this.vm.dispose();
  }
}

/** How many objects are left of many of a kind, above what the first of them have left. */
async function left(kind: string): Promise<number> {
  const engine = await Engine.open();
  await engine.make(kind, FIRST);
  const before = await engine.alive();
  await engine.make(kind, MANY);
  const after = await engine.alive();
  engine.close();
  return after - before;
}

describe('in QuickJS nothing is left of', () => {
  it.each([
    'modules',
    'modules that have run',
    'instances that have run',
    'instances in the middle of a loop',
    'instances in the middle of making code',
    'restored instances',
  ])('%s', async (kind) => {
    expect(await left(kind)).toBeLessThan(MANY);
  });

  it('and what is left would be found', async () => {
    expect(await left('values that lead to their weak keys')).toBeGreaterThan(1.5 * MANY);
  });
});
