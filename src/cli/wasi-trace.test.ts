import { expect, it } from 'vitest';
import { CALLS } from '../wasi/table';
import { CALL_FORMS, parametersOf, traceLine } from './wasi-trace';

it('every call has a form with as many parameters as it has', () => {
  expect(Object.keys(CALL_FORMS).sort()).toEqual(CALLS.map(({ name }) => name).sort());
  for (const { name, params } of CALLS)
    expect([name, parametersOf(CALL_FORMS[name])]).toEqual([name, params.length]);
});

const bytes = new Uint8Array(256);
bytes.set(new TextEncoder().encode('a\u001b.txt'), 16);
bytes.set([16, 0, 0, 0, 2, 0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0], 64);
bytes.set([5, 0, 0, 0, 1], 128);

it.each([
  [
    'path_open',
    0,
    [3, 1, 16, 6, 9, 255, 0, 1, 128],
    'path_open(dir=3, lookup=1, path="a\\u001b.txt", oflags=CREAT|TRUNC, base=0xff, inheriting=0x0, fdflags=APPEND) = 0 (fd=5)',
  ],
  [
    'path_open',
    44,
    [3, 1, 16, 6, 9, 255, 0, 1, 128],
    'path_open(dir=3, lookup=1, path="a\\u001b.txt", oflags=CREAT|TRUNC, base=0xff, inheriting=0x0, fdflags=APPEND) = 44 ENOENT',
  ],
  ['fd_write', 0, [1, 64, 2, 128], 'fd_write(fd=1, data="a\\u001b.txt") = 0 (written=5)'],
  ['fd_read', 0, [0, 64, 2, 128], 'fd_read(fd=0, data="a\\u001b.tx") = 0 (read=5)'],
  ['fd_seek', 0, [4, -8, 2, 128], 'fd_seek(fd=4, offset=-8, whence=END) = 0 (position=4294967301)'],
  ['clock_time_get', 0, [1, 0, 250], 'clock_time_get(clock=MONOTONIC, precision=0) = 0 (time=?)'],
  ['proc_exit', undefined, [3], 'proc_exit(code=3) = ?'],
  ['sched_yield', 0, [], 'sched_yield() = 0'],
])('%s %j', (name, errno, args, line) => {
  expect(traceLine(name, errno as 0, { args, bytes })).toBe(line);
});
