import { expect, test } from 'vitest';
import { RuntimeError } from '../../errors';
import { WasiExit } from '../exit';
import { FakeHost, fakeGuest } from '../testing';
import { nanoseconds } from '../words';

test('arguments and environment', () => {
  const guest = fakeGuest({ args: ['prog', 'grüße', ''], env: { A: 'x', B: '' } });
  expect(guest.call('args_sizes_get', 100, 104)).toBe('ESUCCESS');
  expect([guest.u32(100), guest.u32(104)]).toEqual([3, 5 + 8 + 1]);
  expect(guest.call('args_get', 200, 300)).toBe('ESUCCESS');
  const pointers = [guest.u32(200), guest.u32(204), guest.u32(208)];
  expect(pointers).toEqual([300, 305, 313]);
  expect(guest.text(300, 14)).toBe('prog\0grüße\0\0');
  guest.call('environ_sizes_get', 100, 104);
  expect([guest.u32(100), guest.u32(104)]).toEqual([2, 7]);
  guest.call('environ_get', 200, 300);
  expect(guest.text(300, 7)).toBe('A=x\0B=\0');
});

test('an argument with NUL is refused', () => {
  expect(() => fakeGuest({ args: ['a\0b'] })).toThrow(TypeError);
});

test('pointers out of memory are traps', () => {
  const guest = fakeGuest({ args: ['prog'] });
  for (const pointer of [65536, 65533, 0xffffffff]) {
    expect(() => guest.call('args_sizes_get', pointer, 0)).toThrow(RuntimeError);
    expect(() => guest.call('args_get', 0, pointer)).toThrow('out of bounds memory access');
  }
});

test('clocks', () => {
  const host = new FakeHost();
  const guest = fakeGuest({ host });
  expect(guest.call('clock_time_get', 0, 0, 100)).toBe('ESUCCESS');
  expect(guest.u64(100)).toBe(1_700_000_000e9);
  guest.call('clock_time_get', 1, 0, 100);
  expect(guest.u64(100)).toBe(0);
  host.pass(1234);
  guest.call('clock_time_get', 1, 0, 100);
  expect(guest.u64(100)).toBe(1234);
  expect(guest.call('clock_res_get', 1, 100)).toBe('ESUCCESS');
  expect(guest.u64(100)).toBe(1);
  expect(guest.call('clock_time_get', 4, 0, 100)).toBe('EINVAL');
  expect(guest.call('clock_res_get', 9, 100)).toBe('EINVAL');
});

test('virtual clocks move when they are read', () => {
  const guest = fakeGuest({ deterministic: { seed: 1 } });
  const read = (clock: number) => {
    guest.call('clock_time_get', clock, 0, 100);
    return guest.u64(100);
  };
  expect([read(1), read(1), read(0)]).toEqual([0, 1000, 1_000_000_000e9 + 2000]);
});

test('random bytes come from the host, or from the seed', () => {
  const guest = fakeGuest();
  guest.call('random_get', 100, 3);
  expect([...guest.bytes.subarray(99, 104)]).toEqual([0, 42, 42, 42, 0]);
  const bytes = (seed: number) => {
    const seeded = fakeGuest({ deterministic: { seed } });
    seeded.call('random_get', 100, 64);
    return [...seeded.bytes.subarray(100, 164)].join();
  };
  expect(bytes(1)).toBe(bytes(1));
  expect(bytes(1)).not.toBe(bytes(2));
  expect(bytes(0)).not.toBe(Array(64).fill(0).join());
});

test('proc_exit, and what needs no answer', () => {
  const guest = fakeGuest();
  expect(() => guest.call('proc_exit', 300)).toThrow(WasiExit);
  expect(() => guest.call('proc_exit', 300)).toThrow('code 300');
  expect(guest.call('sched_yield')).toBe('ESUCCESS');
  expect(guest.call('proc_raise', 9)).toBe('ENOTSUP');
});

test('the host tells the time of day', () => {
  const host = new FakeHost();
  host.now = nanoseconds(4_000_000_000, 7);
  const guest = fakeGuest({ host });
  guest.call('clock_time_get', 0, 0, 100);
  expect([guest.u32(100), guest.u32(104)]).toEqual([
    Number(4_000_000_000_000_000_007n & 0xffffffffn),
    Number(4_000_000_000_000_000_007n >> 32n),
  ]);
});
