/**
 * Native code and the memories that it grows: the host's own, shared or not, wherever they have been moved. Results, fuel and bytes are what
 * the interpreter gives, whenever somebody asks for the buffer.
 */
import { describe, expect, it } from 'vitest';
import { Execution, Func, I32, i32, instantiate, type Memory, Module, Store } from '../../src/index';
import { wat } from '../../src/testing';
import './native-memory';
import './tiers';

/** `run` writes a mark behind the end of the memory for each page that it grows by, calls out, and sums all marks up. */
const GROWING = `(module
  (import "host" "look" (func $look (param i32) (result i32)))
  (memory (export "memory") 1 4096)
  (func $deep (param $depth i32) (result i32)
    (if (result i32) (i32.eqz (local.get $depth))
      (then (call $look (memory.size)))
      (else (i32.add (call $deep (i32.sub (local.get $depth) (i32.const 1))) (i32.const 1)))))
  (func (export "run") (param $turns i32) (param $pages i32) (param $depth i32) (result i32)
    (local $sum i32) (local $at i32)
    (loop $again
      (local.set $at (i32.mul (memory.size) (i32.const 65536)))
      (if (i32.ne (memory.grow (local.get $pages)) (i32.const -1))
        (then (i32.store (i32.sub (local.get $at) (i32.const 4)) (local.get $turns))
          (local.set $sum (i32.add (local.get $sum) (call $deep (local.get $depth))))
          (local.set $sum (i32.add (local.get $sum) (i32.load (i32.sub (local.get $at) (i32.const 4)))))))
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (local.get $sum)))`;

/** What a program of `turns` gives, with what its host does each time that it is called. */
function grown(
  tier: 'native' | 'interpret',
  look: (memory: Memory, turn: number) => void,
  isPrivate: boolean,
) {
  const store = new Store({ tier, maxMemoryBytes: 2 ** 29 });
  let turn = 0;
  const imports = [
    Func.host(store, { params: [I32], results: [I32] }, (call) => {
      look(memory, turn++);
      // What it has written is where the guest finds it.
      memory.bytes[100]++;
      call.setI32(0, memory.bytes[100] + memory.pages);
    }),
  ];
  const instance = instantiate(store, Module.decode(wat(GROWING)), imports);
  const memory = instance.memory('memory');
  if (isPrivate) instance.hideMemories();
  return {
    memory,
    call: (...args: number[]) => {
      const execution = new Execution(instance.func('run'), args.map(i32));
      const outcome = execution.run({ fuel: 1e9 });
      return [outcome, execution.fuelUsed, memory.pages];
    },
  };
}

describe('native code that grows its memory', () => {
  const looks: Record<string, (memory: Memory, turn: number) => void> = {
    never: () => {},
    'once, early': (memory, turn) => turn === 1 && void memory.buffer,
    'once, late': (memory, turn) => turn === 9 && void memory.buffer,
    always: (memory) => void memory.buffer,
    'now and then': (memory, turn) => turn % 3 === 0 && void memory.buffer,
    'now and then, and grown': (memory, turn) => turn % 2 === 0 && memory.grow(1) > 0 && void memory.buffer,
  };
  // Beyond 64 MiB by small steps and by large ones, with frames in between.
  for (const [[turns, pages, depth], whens] of [
    [[12, 46, 3], Object.keys(looks)],
    [
      [4, 140, 1],
      ['always', 'now and then, and grown'],
    ],
  ] as const) {
    for (const when of whens) {
      const look = looks[when];
      it(`gives the same by steps of ${pages} pages, its buffer asked for: ${when}`, () => {
        const other = grown('interpret', look, false);
        const expected = [0, 1].map(() => other.call(turns, pages, depth));
        expect(other.memory.pages).toBeGreaterThan(1024);
        for (const isPrivate of [false, true]) {
          const native = grown('native', look, isPrivate);
          expect([0, 1].map(() => native.call(turns, pages, depth))).toEqual(expected);
          expect(Buffer.compare(native.memory.bytes, other.memory.bytes)).toBe(0);
        }
      });
    }
  }
});

describe('a memory that native code grows', () => {
  const isShared = ({ bytes }: Memory) => (bytes.buffer as unknown) instanceof SharedArrayBuffer;
  const never = () => {};

  it('is shared from the beginning where nobody is expected to ask for its buffer', () => {
    const { memory, call } = grown('native', never, true);
    call(1, 1, 0);
    expect(isShared(memory)).toBe(true);
    expect(memory.buffer).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(memory.buffer)[100]).toBe(memory.bytes[100]);
    call(1, 1, 0);
    expect(isShared(memory)).toBe(false);
  });

  it('becomes shared when it grows in small steps that are dear to the host', () => {
    const { memory, call } = grown('native', never, false);
    call(1, 1, 0);
    expect(isShared(memory)).toBe(false);
    call(1, 1100, 0);
    expect(isShared(memory)).toBe(false);
    call(8, 1, 2);
    call(1, 1, 0);
    expect(isShared(memory)).toBe(true);
    // Coming back has a price: the next time it takes more steps.
    memory.buffer;
    call(3, 1, 0);
    call(1, 1, 0);
    expect(isShared(memory)).toBe(false);
  });

  it('is one for all instances that have it, and moves for all', () => {
    const store = new Store({ tier: 'native', maxMemoryBytes: 2 ** 29 });
    const other = Module.decode(
      wat(`(module (import "a" "memory" (memory 1)) (import "a" "run" (func $run (param i32 i32 i32) (result i32)))
        (func (export "count") (result i32) (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
          (i32.load (i32.const 8)))
        (func (export "both") (param i32) (result i32) (local $k i32)
          (loop (drop (call $run (i32.const 1) (i32.const 3) (i32.const 1)))
            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (i32.load (i32.const 8))))`),
    );
    let count: () => number = () => 0;
    let turn = 0;
    const look = Func.host(store, { params: [I32], results: [I32] }, (call) => {
      turn++;
      if (turn % 5 === 0) memory.buffer;
      call.setI32(0, count());
    });
    const first = instantiate(store, Module.decode(wat(GROWING)), [look]);
    const memory = first.memory('memory');
    first.hideMemories();
    const second = instantiate(store, other, [memory, first.func('run')]);
    count = () => Number(second.func('count').call());
    memory.grow(1024);
    expect(second.func('both').call(40)).toEqual(80);
    expect([turn, memory.pages]).toEqual([40, 1 + 1024 + 120]);
  });

  it('may move while a deadline is asked for', () => {
    const store = new Store({ tier: 'native' });
    const looping = `(module (memory (export "memory") 1) (func (export "run") (param i32) (result i32)
      (loop (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.load (i32.const 4))))`;
    const instance = instantiate(store, Module.decode(wat(looping)), []);
    instance.hideMemories();
    const execution = new Execution(instance.func('run'), [i32(3e7)]);
    let asked = 0;
    const deadline = () => {
      asked++;
      if (asked % 2 === 0) instance.memory('memory').buffer;
      return false;
    };
    expect(execution.run({ deadline })).toEqual({ kind: 'done', results: [i32(3e7)] });
    expect(asked).toBeGreaterThan(2);
  });
});
