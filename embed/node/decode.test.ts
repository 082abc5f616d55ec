/** The time and the signal of a run hold while its module is decoded (issue 8, item 2). */
import { describe, expect, it } from 'vitest';
import { leb, moduleOf, section } from '../../src/decoder/testing';
import { CompileError, Module } from '../../src/index';
import { RunStoppedError, runWasi } from '../../src/node';
import { decodeWithin } from '../loop/decode';

/** Large, and wrong at its end: who decodes it to the end is told so. */
const wrong = (() => {
  const body: number[] = [0];
  for (let k = 0; k < 1_000_000; k++) body.push(0x41, 1, 0x1a);
  body.push(0x6a, 0x0b);
  const code: number[] = [1, ...leb(body.length)];
  for (const byte of body) code.push(byte);
  return moduleOf(section('type', 1, 0x60, 0, 0), section('function', 1, 0), section('code', code));
})();
const small = moduleOf(section('type', 1, 0x60, 0, 0));

describe('decodeWithin', () => {
  it('decodes', async () => {
    expect(await decodeWithin(small, {})).toBeInstanceOf(Module);
    await expect(decodeWithin(wrong, {})).rejects.toThrow(CompileError);
  });

  it('stops when the time is over', async () => {
    expect(await decodeWithin(wrong, { timeout: 0 })).toBe('timeout');
    expect(await decodeWithin(small, { timeout: 0 })).toBe('timeout');
  });

  it('sees a signal that the event loop brings', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    expect(await decodeWithin(wrong, { signal: controller.signal, slice: 0 })).toBe('signal');
  });
});

describe('runWasi', () => {
  it('tells how much of the program is decoded', async () => {
    const calls: number[] = [];
    const onProgress = (done: number) => calls.push(done);
    await expect(runWasi(wrong, { onProgress })).rejects.toThrow(CompileError);
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.length).toBeLessThanOrEqual(100);
    calls.length = 0;
    const known = Module.decode(small);
    await runWasi(known, { onProgress }).catch(() => {});
    expect(calls).toEqual([]);
  });

  it('is stopped while it decodes', async () => {
    const stopped = await runWasi(wrong, { timeout: 0 }).catch((error: unknown) => error);
    expect(stopped).toBeInstanceOf(RunStoppedError);
    expect(stopped).toMatchObject({ reason: 'timeout', backtrace: [] });
    await expect(runWasi(wrong, { signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'signal' });
    await expect(runWasi(wrong)).rejects.toThrow(CompileError);
  });
});
