import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { Module } from '../decoder';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { instantiatePaused } from '../runtime';
import { Arrival, Departure } from './stages';
import { snapshotStore } from './store';
import { Random } from './testing';

const parser = await wabt();
function compile(wat: string): Module {
  const parsed = parser.parseWat('test.wat', wat);
  return Module.decode(parsed.toBinary({}).buffer);
}

/** Writes all over its memory, clears what it wrote before, and grows now and then: its state is in memory, a global and its frames. */
const WRITER = compile(`(module
  (memory (export "memory") 20 40)
  (global $n (mut i32) (i32.const 1))
  (data (i32.const 70000) "from the beginning")
  (func (export "write") (param $turns i32) (result i32) (local $at i32)
    (loop $next
      (global.set $n (i32.add (i32.mul (global.get $n) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (i32.xor (local.get $at) (i32.const 0x40000)) (i32.const 0))
      (local.set $at (i32.and (i32.shr_u (global.get $n) (i32.const 8)) (i32.const 0xffffc)))
      (i32.store (local.get $at) (global.get $n))
      (if (i32.eqz (i32.and (local.get $turns) (i32.const 1023)))
        (then (i32.store offset=65532 (i32.shl (memory.grow (i32.const 1)) (i32.const 16)) (local.get $turns))))
      (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (global.get $n)))`);

const TURNS = 9000;

function begun() {
  const instance = instantiatePaused(new Store(), WRITER, []);
  const execution = new Execution(instance.func('write'), [TURNS]);
  execution.run({ fuel: 500 });
  return { instance, execution };
}

describe('a store that is moved in stages', () => {
  it('arrives as a whole snapshot of the last moment would, however it was cut', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed);
      const { instance, execution } = begun();
      const departure = new Departure([instance]);
      const arrival = new Arrival(departure.opening(), new Store(), [WRITER]);
      for (let stage = random.below(30); stage > 0; stage--) {
        const piece = departure.next(4096 * (1 + random.below(40)));
        if (piece !== undefined) arrival.take(piece);
        execution.run({ fuel: 1 + random.below(300) });
      }
      const before = snapshotStore([instance], execution);
      const { instances, execution: moved } = arrival.finish(departure.finish(execution));
      expect(Buffer.compare(snapshotStore(instances, moved), before)).toBe(0);
      expect(moved!.run()).toEqual(execution.run());
      expect(Buffer.compare(snapshotStore(instances), snapshotStore([instance]))).toBe(0);
    }
  });

  it('leaves for the last stage what has been written since', () => {
    const { instance, execution } = begun();
    const departure = new Departure([instance]);
    while (departure.next(65_536) !== undefined);
    expect(departure.left()).toBe(0);
    const whole = snapshotStore([instance], execution).length;
    expect(departure.finish(execution).length).toBeLessThan(whole / 10);
    execution.run({ fuel: 3 });
    const left = departure.left();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(6 * 4096);
  });

  it('travels at rest, too', () => {
    const instance = instantiatePaused(new Store(), WRITER, []);
    instance.func('write').call(700);
    const departure = new Departure([instance]);
    const arrival = new Arrival(departure.opening(), new Store(), [WRITER]);
    for (let piece = departure.next(1e6); piece !== undefined; piece = departure.next(1e6))
      arrival.take(piece);
    const { instances, execution } = arrival.finish(departure.finish());
    expect(execution).toBeUndefined();
    expect(instances[0].func('write').call(50)).toBe(instance.func('write').call(50));
  });

  it('refuses what does not fit, with a reason', () => {
    const { instance, execution } = begun();
    const departure = new Departure([instance]);
    const opening = departure.opening();
    const other = compile('(module (memory 1))');
    expect(() => new Arrival(opening, new Store(), [other])).toThrow(SnapshotError);
    expect(() => new Arrival(opening.subarray(0, 9), new Store(), [WRITER])).toThrow(SnapshotError);
    const piece = departure.next(8192)!;
    const last = departure.finish(execution);
    const random = new Random(3);
    for (let k = 0; k < 200; k++) {
      const store = new Store();
      const arrival = new Arrival(opening, store, [WRITER]);
      const damaged = piece.slice(0, random.below(4) === 0 ? random.below(piece.length) : piece.length);
      for (let n = 0; n < 3 && damaged.length > 0; n++)
        damaged[random.below(Math.min(30, damaged.length))] = random.below(256);
      try {
        arrival.take(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(SnapshotError);
      }
      arrival.release();
      expect(store.memories.used).toBe(0);
    }
    const arrival = new Arrival(opening, new Store(), [WRITER]);
    expect(() => arrival.finish(opening)).toThrow(SnapshotError);
    expect(() => new Arrival(opening, new Store(), [WRITER]).finish(piece)).toThrow(SnapshotError);
    expect(new Arrival(opening, new Store(), [WRITER]).finish(last).instances).toHaveLength(1);
  });
});
