import { expect, it } from 'vitest';
import * as ERRNO from '../errno';
import { MemoryFileSystem } from '../files/memory';
import type { StreamHandle } from '../host';
import { inputStream, nullStream } from '../streams';
import { type FakeGuest, FakeHost, fakeGuest } from '../testing';
import { u64 } from '../words';

const SUBS = 1000;
const EVENTS = 2000;
const COUNT = 3000;
type Sub = { clock: number; timeout: number; absolute?: boolean } | { read: number } | { write: number };

/** Writes subscriptions in the layout of preview 1 (or of the older interface). */
function subscribe(g: FakeGuest, subs: readonly Sub[], old = false): void {
  const view = new DataView(g.bytes.buffer);
  g.bytes.fill(0, SUBS, EVENTS);
  subs.forEach((sub, i) => {
    const at = SUBS + i * (old ? 56 : 48);
    view.setUint32(at, 100 + i, true);
    if ('clock' in sub) {
      const body = at + (old ? 24 : 16);
      view.setUint8(at + 8, 0);
      view.setUint32(body, sub.clock, true);
      view.setBigUint64(body + 8, BigInt(sub.timeout), true);
      view.setUint16(body + 24, sub.absolute ? 1 : 0, true);
    } else {
      view.setUint8(at + 8, 'read' in sub ? 1 : 2);
      view.setUint32(at + 16, 'read' in sub ? sub.read : sub.write, true);
    }
  });
}

function events(g: FakeGuest) {
  return Array.from({ length: g.u32(COUNT) }, (_, i) => {
    const at = EVENTS + i * 32;
    return [g.u32(at) - 100, g.u16(at + 8), g.u8(at + 10), g.u64(at + 16), g.u16(at + 24)];
  });
}

async function poll(g: FakeGuest, subs: readonly Sub[], old = false) {
  subscribe(g, subs, old);
  const errno = await g.wait('poll_oneoff', SUBS, EVENTS, subs.length, COUNT);
  return errno === 'ESUCCESS' ? events(g) : errno;
}

it.each([true, false])('waits for the first clock (blocking: %s)', async (blocking) => {
  const host = new FakeHost();
  const g = fakeGuest({ host, blocking });
  expect(
    await poll(g, [
      { clock: 1, timeout: 5e9 },
      { clock: 0, timeout: 2e9 },
    ]),
  ).toEqual([[1, 0, 0, 0, 0]]);
  expect(host.waits).toEqual([2e9]);
  const now = 1_700_000_002e9;
  expect(await poll(g, [{ clock: 0, timeout: now + 3e9, absolute: true }])).toEqual([[0, 0, 0, 0, 0]]);
  expect(await poll(g, [{ clock: 0, timeout: now, absolute: true }])).toEqual([[0, 0, 0, 0, 0]]);
  expect(host.waits).toEqual([2e9, 3e9]);
});

it('reads the older layout', async () => {
  const host = new FakeHost();
  const g = fakeGuest({ host }, 'wasi_unstable');
  expect(await poll(g, [{ clock: 1, timeout: 7 }, { read: 9 }], true)).toEqual([[1, ERRNO.BADF, 1, 0, 0]]);
  expect(await poll(g, [{ clock: 1, timeout: 7 }], true)).toEqual([[0, 0, 0, 0, 0]]);
  expect(host.waits).toEqual([7]);
});

it('tells which descriptors are ready', async () => {
  const files = MemoryFileSystem.create();
  files.writeFile('f', 'abc');
  const host = new FakeHost({ stdin: inputStream(Buffer.from('12345')) });
  const g = fakeGuest({ host, preopens: [{ path: '/', directory: files.directory() }] });
  const fd = g.open('f') as number;
  g.read(fd, 1);
  const subs = [{ read: 0 }, { write: 1 }, { read: fd }, { read: 3 }, { read: 77 }];
  expect(await poll(g, subs)).toEqual([
    [0, 0, 1, 5, 0],
    [1, 0, 2, 0, 0],
    [2, 0, 1, 2, 0],
    [3, ERRNO.NOTCAPABLE, 1, 0, 0],
    [4, ERRNO.BADF, 1, 0, 0],
  ]);
  g.read(0);
  expect(await poll(g, [{ read: 0 }])).toEqual([[0, 0, 1, 0, 1]]);
});

it('waits for a stream or a clock, whatever comes first', async () => {
  let ready = -1;
  const stdin: StreamHandle = { ...nullStream(), available: () => ready };
  const host = new FakeHost({ stdin });
  const g = fakeGuest({ host, blocking: false });
  host.onWait = (interests) => {
    expect(interests).toEqual([{ stream: stdin, write: false }]);
    ready = 3;
  };
  host.lasts = false;
  expect(await poll(g, [{ read: 0 }, { clock: 1, timeout: 0xffff_ffff_ffff }])).toEqual([[0, 0, 1, 3, 0]]);
  ready = -1;
  host.lasts = true;
  host.onWait = () => undefined;
  expect(await poll(g, [{ read: 0 }, { clock: 1, timeout: 1000 }])).toEqual([[1, 0, 0, 0, 0]]);
});

it('a timeout beyond all time is no overflow', async () => {
  const host = new FakeHost();
  const g = fakeGuest({ host });
  subscribe(g, [{ clock: 1, timeout: 0 }, { write: 1 }]);
  g.bytes.fill(0xff, SUBS + 24, SUBS + 32);
  expect(await g.wait('poll_oneoff', SUBS, EVENTS, 2, COUNT)).toBe('ESUCCESS');
  expect(events(g)).toEqual([[1, 0, 2, 0, 0]]);
});

it('refuses nonsense', async () => {
  const g = fakeGuest();
  expect(await poll(g, [])).toBe('EINVAL');
  expect(await poll(g, [{ clock: 9, timeout: 1 }])).toEqual([[0, ERRNO.INVAL, 0, 0, 0]]);
  subscribe(g, [{ clock: 1, timeout: 1 }]);
  g.bytes[SUBS + 8] = 3;
  expect(await g.wait('poll_oneoff', SUBS, EVENTS, 1, COUNT)).toBe('EINVAL');
  expect(() => g.call('poll_oneoff', SUBS, EVENTS, 0xffffffff, COUNT)).toThrow('out of bounds');
  g.bytes = new Uint8Array(4 << 20);
  expect(g.call('poll_oneoff', 0, 0, 20_000, COUNT)).toBe('EINVAL');
});

it('virtual time jumps', async () => {
  const host = new FakeHost();
  const g = fakeGuest({ host, deterministic: { seed: 1 } });
  const before = host.waits.length;
  expect(await poll(g, [{ clock: 1, timeout: 3600e9 }])).toEqual([[0, 0, 0, 0, 0]]);
  g.call('clock_time_get', 1, 0, 100);
  expect(g.u64(100)).toBeGreaterThanOrEqual(3600e9);
  expect(g.u64(100)).toBeLessThan(3600.001e9);
  expect(host.waits.slice(before).every((nanos) => nanos === 0)).toBe(true);
});

it('a saved wait goes on for the rest of its time', async () => {
  const host = new FakeHost();
  const g = fakeGuest({ host, blocking: false });
  // The wait never ends on this host.
  host.wait = () => ({ promise: new Promise(() => undefined), cancel: () => undefined });
  subscribe(g, [{ clock: 1, timeout: 10e9 }]);
  void g.wait('poll_oneoff', SUBS, EVENTS, 1, COUNT);
  host.pass(4e9);
  const state = g.wasi.saveState();
  g.wasi.cancelWait();

  const other = new FakeHost();
  other.uptime = u64(77, 0);
  const moved = fakeGuest({ host: other, blocking: false });
  moved.wasi.restoreState(state);
  other.pass(1e9);
  subscribe(moved, [{ clock: 1, timeout: 10e9 }]);
  expect(await moved.wait('poll_oneoff', SUBS, EVENTS, 1, COUNT)).toBe('ESUCCESS');
  expect(other.waits).toEqual([5e9]);
  // The next one is new.
  await moved.wait('poll_oneoff', SUBS, EVENTS, 1, COUNT);
  expect(other.waits).toEqual([5e9, 10e9]);
});
