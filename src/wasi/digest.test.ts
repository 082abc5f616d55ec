import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hex, Sha256, sha256 } from './digest';

test('agrees with the reference for lengths around the block size', () => {
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 1000, 100_003]) {
    const bytes = randomBytes(length);
    expect(hex(sha256(bytes)), `${length}`).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});

test('takes its input in pieces', () => {
  const bytes = randomBytes(500);
  const whole = hex(sha256(bytes));
  const pieces = new Sha256();
  for (let at = 0; at < 500; at += 37) pieces.update(bytes.subarray(at, at + 37));
  expect(hex(pieces.digest())).toBe(whole);
});
