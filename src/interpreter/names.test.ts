import { expect, it } from 'vitest';
import { Names } from './names';

it('puts a name together once, and gives it also when it keeps no more', () => {
  const names = new Names('/');
  expect(names.of('i32.add', 'rk')).toBe('i32.add/rk');
  expect(names.of('i32.add', 'rk')).toBe('i32.add/rk');
  expect(names.of('i32', 'add/rk')).toBe('i32/add/rk');
  for (let k = 0; k < 30_000; k++) expect(names.of('set', `${k}`)).toBe(`set/${k}`);
  expect(names.of('i32.add', 'rr')).toBe('i32.add/rr');
});
