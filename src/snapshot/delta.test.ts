import { describe, expect, it } from 'vitest';
import type { Module } from '../decoder';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { type Func, type Instance, i32, instantiatePaused } from '../runtime';
import { compile } from '../testing';
import { snapshot } from './capture';
import { applyDeltas, Checkpoints, isDelta } from './delta';
import { restore } from './restore';

const fresh = (of: Module): Instance => instantiatePaused(new Store(), of, []);

/** Writes `n` words, one every 5,000 bytes, round and round in a memory that grows now and then, and folds what it reads. */
const WRITER = compile(`(module (memory (export "m") 4)
  (data (i32.const 70000) "some bytes that are there from the start")
  (func (export "run") (param $n i32) (result i32) (local $at i32) (local $sum i32)
    (loop $l
      (local.set $at (i32.rem_u (i32.mul (local.get $n) (i32.const 5000)) (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))))
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 3)) (i32.load (local.get $at))))
      (i32.store (local.get $at) (i32.xor (local.get $sum) (local.get $n)))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 200))) (then (drop (memory.grow (i32.const 1)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`);

function started(instance: Instance): Execution {
  return new Execution(instance.exports.get('run') as Func, [i32(1000)]);
}

describe('delta snapshots', () => {
  it('give, applied, the bytes of a full snapshot, and the guest goes on from them', () => {
    const expected = started(fresh(WRITER)).run();
    const instance = fresh(WRITER);
    const execution = started(instance);
    execution.run({ fuel: 3 });
    const checkpoints = new Checkpoints(instance);
    const series = [checkpoints.take(execution)];
    expect(isDelta(series[0])).toBe(false);
    for (let k = 0; k < 8; k++) {
      expect(execution.run({ fuel: 100 }).kind).toBe('paused');
      series.push(checkpoints.take(execution));
      const [whole, ...deltas] = series;
      const full = snapshot(execution);
      expect(Buffer.from(applyDeltas(whole, deltas)).equals(Buffer.from(full))).toBe(true);
      const moved = restore(applyDeltas(whole, deltas), fresh(WRITER));
      expect(moved.run()).toEqual(expected);
    }
    expect(execution.run()).toEqual(expected);
  });

  it('refuse to be applied to anything but the file before', () => {
    const instance = fresh(WRITER);
    const execution = started(instance);
    execution.run({ fuel: 3 });
    const checkpoints = new Checkpoints(instance);
    const series = [1, 2, 3].map(() => {
      execution.run({ fuel: 50 });
      return checkpoints.take(execution);
    });
    const refusal = (whole: Uint8Array, ...deltas: Uint8Array[]) => {
      try {
        applyDeltas(whole, deltas);
      } catch (error) {
        return error instanceof SnapshotError ? error.kind : error;
      }
      return 'applied';
    };
    expect(refusal(series[0], series[1], series[2])).toBe('applied');
    expect(refusal(series[0], series[2])).toBe('mismatch');
    expect(refusal(series[0], series[0])).toBe('malformed');
    expect(refusal(series[1], series[2])).toBe('malformed');
    for (let at = 0; at < series[1].length; at += at < 100 ? 1 : 1009) {
      const broken = series[1].slice();
      broken[at] ^= 1 << (at % 8);
      expect(['applied', 'malformed', 'mismatch', 'unsupported']).toContain(refusal(series[0], broken));
    }
    expect(refusal(series[0], series[1].subarray(0, 30))).toBe('malformed');
  });

  it('cost what was written: 64 MiB of memory, 1 MiB of it dirty', () => {
    const large = compile(`(module (memory 1024)
      (func (export "run") (param $n i32)
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864))
        (loop $l (memory.fill (i32.shl (local.get $n) (i32.const 12)) (local.get $n) (i32.const 1048576))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`);
    const instance = fresh(large);
    const execution = started(instance);
    execution.run({ fuel: 1 });
    const checkpoints = new Checkpoints(instance);
    const before = performance.now();
    const whole = checkpoints.take(execution);
    const wholeTime = performance.now() - before;
    const times: number[] = [];
    for (let k = 0; k < 9; k++) {
      execution.run({ fuel: 1 + execution.fuelOwed });
      const start = performance.now();
      const delta = checkpoints.take(execution);
      times.push(performance.now() - start);
      expect(delta.length).toBeGreaterThan(1 << 20);
      expect(delta.length).toBeLessThan((1 << 20) + 16_384);
    }
    const median = times.sort((a, b) => a - b)[4];
    console.log(
      `full ${whole.length} bytes, ${wholeTime.toFixed(1)} ms; delta of 1 MiB: median ${median.toFixed(2)} ms`,
    );
  });
});
