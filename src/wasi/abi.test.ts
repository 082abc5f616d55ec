import { expect, it } from 'vitest';
import { ERRNO, errnoName } from './abi';
import * as numbers from './errno';

it('errnos have the names in the order of their numbers', () => {
  expect(ERRNO).toEqual({ ...numbers });
  expect([errnoName(numbers.NOENT), errnoName(1), errnoName(77)]).toEqual(['ENOENT', 'E2BIG', 'errno 77']);
});
