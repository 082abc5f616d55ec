import { describe, expect, it } from 'vitest';
import { nodeWorld } from './node-world';
import { type Rest, type Runner, Turns } from './turns';

/** As many as the turns could need: each round of theirs takes one. */
async function rounds(): Promise<void> {
  for (let k = 0; k < 10; k++) await nodeWorld.turn();
}

describe('turns of runners that take their time', () => {
  it('one that is woken in the middle of its slice gets another, though it has said that it has nothing to do', async () => {
    const turns = new Turns(nodeWorld);
    let slices = 0;
    let end: (rest: Rest) => void = () => undefined;
    const runner: Runner = {
      slice: () => {
        slices++;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    };
    turns.wake(runner);
    turns.wake(runner);
    end({ kind: 'idle' });
    await rounds();
    expect(slices).toBe(2);
    end({ kind: 'idle' });
    await rounds();
    expect(slices).toBe(2);
  });

  it('one that has been taken away gets no other', async () => {
    const turns = new Turns(nodeWorld);
    let slices = 0;
    const counting: Runner = { slice: () => (++slices < 3 ? { kind: 'more' } : { kind: 'idle' }) };
    let removed = false;
    const removing: Runner = {
      slice: async () => {
        await nodeWorld.turn();
        turns.remove(counting);
        removed = true;
        return { kind: 'idle' };
      },
    };
    turns.wake(removing);
    turns.wake(counting);
    await rounds();
    expect([removed, slices]).toEqual([true, 0]);
  });
});
