import { expect, it } from 'vitest';
import { internFuncType } from './canonical';
import { matches } from './matching';
import { BOTTOM, concreteHeap, type DefType, EXTERNREF, FUNCREF, HEAP, I32, I64, refType } from './types';

const plain = internFuncType({ params: [], results: [] });
const other = internFuncType({ params: [I32], results: [] });
const sub: DefType = { ...other, id: -1, supertype: 0 };
const types = [plain, other, plain, sub];

it('matches numbers with themselves only, and bottom with all', () => {
  expect(matches(I32, I32, types)).toBe(true);
  expect(matches(I32, I64, types)).toBe(false);
  expect(matches(I32, FUNCREF, types)).toBe(false);
  expect(matches(BOTTOM, I32, types)).toBe(true);
  expect(matches(BOTTOM, EXTERNREF, types)).toBe(true);
});

it('lets non-null stand for nullable', () => {
  expect(matches(refType(false, HEAP.func), FUNCREF, types)).toBe(true);
  expect(matches(FUNCREF, refType(false, HEAP.func), types)).toBe(false);
});

it('follows the hierarchies of heap types', () => {
  const heap = (a: number, b: number) => matches(refType(false, a), refType(false, b), types);
  expect(heap(HEAP.i31, HEAP.eq)).toBe(true);
  expect(heap(HEAP.struct, HEAP.any)).toBe(true);
  expect(heap(HEAP.none, HEAP.array)).toBe(true);
  expect(heap(HEAP.nofunc, concreteHeap(0))).toBe(true);
  expect(heap(HEAP.none, HEAP.func)).toBe(false);
  expect(heap(HEAP.any, HEAP.eq)).toBe(false);
  expect(heap(HEAP.func, HEAP.extern)).toBe(false);
});

it('compares defined types by identity and declared supertypes', () => {
  const heap = (a: number, b: number) =>
    matches(refType(false, concreteHeap(a)), refType(false, concreteHeap(b)), types);
  expect(heap(0, 2)).toBe(true);
  expect(heap(0, 1)).toBe(false);
  expect(heap(3, 0)).toBe(true);
  expect(heap(0, 3)).toBe(false);
  expect(matches(refType(true, concreteHeap(1)), FUNCREF, types)).toBe(true);
  expect(matches(refType(true, concreteHeap(1)), EXTERNREF, types)).toBe(false);
});
