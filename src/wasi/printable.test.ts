import { expect, it } from 'vitest';
import { printable } from '../errors';
import { MemoryFileSystem } from './files/memory';
import { StateError } from './state/codec';
import { fakeGuest } from './testing';

const EVIL = 'a\x1b]0;title\x07\r\n\u009b31m\u202e';
const HARMLESS = 'a\\u{1b}]0;title\\u{7}\\u{d}\\u{a}\\u{9b}31m\\u{202e}';

it('escapes what a terminal would obey, and nothing else', () => {
  expect(printable(EVIL)).toBe(HARMLESS);
  expect(printable('Grüße, 世界 👋\\')).toBe('Grüße, 世界 👋\\');
});

it('messages with names of others are printable', () => {
  const files = MemoryFileSystem.create({ maxBytes: 1 });
  const here = fakeGuest({ preopens: [{ path: EVIL, directory: MemoryFileSystem.create().directory() }] });
  expect(() => files.writeFile(EVIL, 'long')).toThrow(HARMLESS);
  expect(() => fakeGuest().wasi.restoreState(here.wasi.saveState())).toThrow(HARMLESS);
  expect(new StateError(EVIL).message).toBe(HARMLESS);
  expect(() => fakeGuest({ args: [`${EVIL}\0`] })).toThrow(HARMLESS);
});
