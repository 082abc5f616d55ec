/** Subtyping (spec chapter "valid/matching"). Types are closed, so those of any two modules can be compared. */
import { defTypeOf } from './canonical';
import type { HeapType, ValType } from './types';
import { BOTTOM, BOTTOM_HEAP, HEAP, heapOf, heapTypeId, isNullable, isRef } from './types';

/** Direct supertype of an abstract heap type. */
const PARENT: Readonly<Record<HeapType, HeapType>> = {
  [HEAP.eq]: HEAP.any,
  [HEAP.i31]: HEAP.eq,
  [HEAP.struct]: HEAP.eq,
  [HEAP.array]: HEAP.eq,
};
/** The bottom of each hierarchy, by its top. */
const NONE: Readonly<Record<HeapType, HeapType>> = {
  [HEAP.any]: HEAP.none,
  [HEAP.func]: HEAP.nofunc,
  [HEAP.extern]: HEAP.noextern,
  [HEAP.exn]: HEAP.noexn,
};

/** The abstract heap type right above a heap type, or undefined at a top. */
function above(heap: HeapType): HeapType | undefined {
  const id = heapTypeId(heap);
  return id < 0 ? PARENT[heap] : HEAP[defTypeOf(id).composite.kind];
}

function topOf(heap: HeapType): HeapType {
  const parent = above(heap);
  return parent === undefined ? heap : topOf(parent);
}

/** The top of the hierarchy that a reference type belongs to: `func`, `extern`, `exn` or `any`. */
export function hierarchyOf(type: ValType): HeapType {
  const heap = heapOf(type);
  const top = Object.keys(NONE).find((key) => NONE[Number(key)] === heap);
  return top === undefined ? topOf(heap) : Number(top);
}

/** Whether the defined type with the id `sub` is the one with the id `sup`, or a subtype that says so. */
export function matchesDefType(sub: number, sup: number): boolean {
  let id: number | undefined = sub;
  while (id !== undefined && id !== sup) id = defTypeOf(id).supertype;
  return id !== undefined;
}

function matchesHeap(sub: HeapType, sup: HeapType): boolean {
  if (sub === sup || sub === BOTTOM_HEAP) return true;
  if (sub === NONE[topOf(sup)]) return true;
  const goal = heapTypeId(sup);
  if (goal < 0) {
    const parent = above(sub);
    return parent !== undefined && matchesHeap(parent, sup);
  }
  const id = heapTypeId(sub);
  return id >= 0 && matchesDefType(id, goal);
}

/** Whether a value of type `sub` may stand where `sup` is asked for. */
export function matches(sub: ValType, sup: ValType): boolean {
  if (sub === sup || sub === BOTTOM) return true;
  if (!isRef(sub) || !isRef(sup) || (isNullable(sub) && !isNullable(sup))) return false;
  return matchesHeap(heapOf(sub), heapOf(sup));
}

export function matchesAll(subs: readonly ValType[], sups: readonly ValType[]): boolean {
  return subs.length === sups.length && subs.every((sub, i) => matches(sub, sups[i]));
}
