/** Subtyping (spec chapter "valid/matching"). */
import type { DefType, HeapType, ValType } from './types';
import { BOTTOM, HEAP, heapOf, heapTypeidx, isNullable, isRef } from './types';

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
function above(heap: HeapType, types: readonly DefType[]): HeapType | undefined {
  const typeidx = heapTypeidx(heap);
  return typeidx < 0 ? PARENT[heap] : HEAP[types[typeidx].composite.kind];
}

function topOf(heap: HeapType, types: readonly DefType[]): HeapType {
  const parent = above(heap, types);
  return parent === undefined ? heap : topOf(parent, types);
}

function matchesHeap(sub: HeapType, sup: HeapType, types: readonly DefType[]): boolean {
  if (sub === sup) return true;
  if (sub === NONE[topOf(sup, types)]) return true;
  let typeidx: number | undefined = heapTypeidx(sub);
  const goal = heapTypeidx(sup);
  if (goal < 0) {
    const parent = above(sub, types);
    return parent !== undefined && matchesHeap(parent, sup, types);
  }
  if (typeidx < 0) return false;
  while (typeidx !== undefined && types[typeidx].id !== types[goal].id) typeidx = types[typeidx].supertype;
  return typeidx !== undefined;
}

/** Whether a value of type `sub` may stand where `sup` is asked for. Both belong to one module's `types`. */
export function matches(sub: ValType, sup: ValType, types: readonly DefType[]): boolean {
  if (sub === sup || sub === BOTTOM) return true;
  if (!isRef(sub) || !isRef(sup) || (isNullable(sub) && !isNullable(sup))) return false;
  return matchesHeap(heapOf(sub), heapOf(sup), types);
}

export function matchesAll(
  subs: readonly ValType[],
  sups: readonly ValType[],
  types: readonly DefType[],
): boolean {
  return subs.length === sups.length && subs.every((sub, i) => matches(sub, sups[i], types));
}
