import { describe, expect, it } from 'vitest';
import { MAX_ANSWERS } from '../protocol/checkpoint';
import { Calls } from './calls';

const call = (key: string) => ({ key, function: 'f', args: [] });
/** What has come of a promise by now. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise.catch((error: Error) => error.message), Promise.resolve('open')]);
}

describe('calls of an execution', () => {
  it('are made in their order, once each, and answered to all who wait', async () => {
    const calls = new Calls('d~e', () => true);
    const [first, again, second] = [calls.wait(call('a')), calls.wait(call('a')), calls.wait(call('b'))];
    expect(calls.waiting).toBe(2);
    expect(calls.next()!.key).toBe('a');
    calls.end({ results: [1] });
    expect(await stateOf(first)).toBe('open');
    calls.release();
    expect(await Promise.all([first, again])).toEqual([1, 1].map((one) => ({ key: 'a', results: [one] })));
    expect(await stateOf(second)).toBe('open');
    expect(calls.next()!.key).toBe('b');
    expect(calls.answerOf('a')).toEqual({ key: 'a', results: [1] });
  });

  it('have no answer when it could not be kept', async () => {
    const calls = new Calls('d~e', () => true);
    const asked = calls.wait(call('a'));
    calls.next();
    calls.end({ results: [1] });
    calls.reject(new Error('the disk is full'));
    await expect(asked).rejects.toThrow('the disk is full');
    expect(calls.answerOf('a')).toBeUndefined();
  });

  it('wait for the lease, and are answered when it is there again', async () => {
    let holds = false;
    const calls = new Calls('d~e', () => holds);
    const asked = calls.wait(call('a'));
    calls.next();
    calls.end({ results: [1] });
    calls.release();
    expect([await stateOf(asked), calls.answerOf('a')]).toEqual(['open', undefined]);
    holds = true;
    calls.settle();
    expect(await asked).toEqual({ key: 'a', results: [1] });
  });

  it('are refused when too many wait, and forget their oldest answers', async () => {
    const calls = new Calls('d~e', () => true);
    for (let k = 0; k < 256; k++) void calls.wait(call(`k${k}`)).catch(() => undefined);
    await expect(calls.wait(call('one more'))).rejects.toMatchObject({ code: 'busy' });
    calls.reject(new Error('over'));
    for (let k = 0; k <= MAX_ANSWERS; k++) {
      void calls.wait(call(`m${k}`));
      calls.next();
      calls.end({ results: [k] });
      calls.release();
    }
    expect(calls.answers).toHaveLength(MAX_ANSWERS);
    expect([calls.knows('m0'), calls.knows('m1')]).toEqual([false, true]);
  });
});
