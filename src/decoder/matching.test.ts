import { expect, it } from 'vitest';
import { defTypeOf, internFuncType, internGroup, recursiveHeap } from './canonical';
import { hierarchyOf, matches } from './matching';
import { BOTTOM, BOTTOM_HEAP, concreteHeap, EXTERNREF, FUNCREF, HEAP, I32, I64, refType } from './types';

const plain = internFuncType({ params: [], results: [] });
const other = internFuncType({ params: [I32], results: [] });
const func = { kind: 'func', func: { params: [I64], results: [] } } as const;
const [open] = internGroup([{ composite: func, final: false, supertype: undefined }]);
const [sub] = internGroup([{ composite: func, final: true, supertype: concreteHeap(open.id) }]);

it('matches numbers with themselves only, and bottom with all', () => {
  expect(matches(I32, I32)).toBe(true);
  expect(matches(I32, I64)).toBe(false);
  expect(matches(I32, FUNCREF)).toBe(false);
  expect(matches(BOTTOM, I32)).toBe(true);
  expect(matches(BOTTOM, EXTERNREF)).toBe(true);
});

it('lets non-null stand for nullable', () => {
  expect(matches(refType(false, HEAP.func), FUNCREF)).toBe(true);
  expect(matches(FUNCREF, refType(false, HEAP.func))).toBe(false);
});

it('follows the hierarchies of heap types', () => {
  const heap = (a: number, b: number) => matches(refType(false, a), refType(false, b));
  expect(heap(HEAP.i31, HEAP.eq)).toBe(true);
  expect(heap(HEAP.struct, HEAP.any)).toBe(true);
  expect(heap(HEAP.none, HEAP.array)).toBe(true);
  expect(heap(HEAP.nofunc, concreteHeap(plain.id))).toBe(true);
  expect(heap(HEAP.none, HEAP.func)).toBe(false);
  expect(heap(HEAP.any, HEAP.eq)).toBe(false);
  expect(heap(HEAP.func, HEAP.extern)).toBe(false);
  expect(heap(BOTTOM_HEAP, HEAP.extern)).toBe(true);
  expect(hierarchyOf(refType(true, HEAP.nofunc))).toBe(HEAP.func);
  expect(hierarchyOf(refType(true, HEAP.i31))).toBe(HEAP.any);
  expect(hierarchyOf(refType(false, concreteHeap(plain.id)))).toBe(HEAP.func);
});

it('compares defined types by identity and declared supertypes', () => {
  const heap = (a: number, b: number) =>
    matches(refType(false, concreteHeap(a)), refType(false, concreteHeap(b)));
  expect(heap(plain.id, internFuncType({ params: [], results: [] }).id)).toBe(true);
  expect(heap(plain.id, other.id)).toBe(false);
  expect(heap(sub.id, open.id)).toBe(true);
  expect(heap(open.id, sub.id)).toBe(false);
  // The same signature, but not final: another type.
  expect(open.id).not.toBe(internFuncType(func.func).id);
  expect(matches(refType(true, concreteHeap(other.id)), FUNCREF)).toBe(true);
  expect(matches(refType(true, concreteHeap(other.id)), EXTERNREF)).toBe(false);
});

it('makes equal recursion groups one, and closes the references in them', () => {
  const group = () =>
    internGroup([
      {
        composite: { kind: 'func', func: { params: [refType(true, recursiveHeap(1))], results: [] } },
        final: true,
        supertype: undefined,
      },
      { composite: func, final: true, supertype: undefined },
    ]);
  const [first, second] = group();
  expect(group()).toStrictEqual([first, second]);
  expect(first.composite.func.params).toStrictEqual([refType(true, concreteHeap(second.id))]);
  expect(defTypeOf(second.id)).toBe(second);
  expect(second.id).not.toBe(internFuncType(func.func).id);
});

it('keeps equal lists of types once, whatever types they are of', () => {
  const list = [I32, I64, FUNCREF];
  const takes = internFuncType({ params: [...list], results: [I64] }).composite.func;
  const gives = internFuncType({ params: [], results: [...list] }).composite.func;
  expect(takes.params).toBe(gives.results);
  expect(takes.params).toEqual(list);
  expect(takes.results).not.toBe(gives.results);
});
