/**
 * Types (spec chapter "structure/types"). A value type is one small integer, so that comparing two is comparing numbers and an
 * operand stack of types is an integer array.
 *
 * Layout: a number or vector type is its binary code (0x7b..0x7f). A reference type is `REF | NULLABLE? | heap << 9`, where heap is
 * either an abstract heap type's binary code (0x40..0x7f) or `CONCRETE + id`, the canonical id of a defined type (canonical.ts). So types
 * are closed: they mean the same in every module, and nobody needs to know where one comes from.
 */
export type ValType = number;

/** 32-bit integers. */
export const I32: ValType = 0x7f;
/** 64-bit integers. */
export const I64: ValType = 0x7e;
/** 32-bit floats. */
export const F32: ValType = 0x7d;
/** 64-bit floats. */
export const F64: ValType = 0x7c;
/** Vectors of 128 bits. */
export const V128: ValType = 0x7b;
/** The bottom type of unreachable code: matches every type. */
export const BOTTOM: ValType = 0;
/** The bottom of all heap types: a reference, of which unreachable code says no more. */
export const BOTTOM_HEAP = 0;

const REF = 0x80;
const NULLABLE = 0x100;
const HEAP_SHIFT = 9;
const CONCRETE = 0x80;

/** Abstract heap types by their binary code. */
export const HEAP = {
  noexn: 0x74,
  nofunc: 0x73,
  noextern: 0x72,
  none: 0x71,
  func: 0x70,
  extern: 0x6f,
  any: 0x6e,
  eq: 0x6d,
  i31: 0x6c,
  struct: 0x6b,
  array: 0x6a,
  exn: 0x69,
} as const;
/** What references refer to: an abstract type below zero, or the index of a type. */
export type HeapType = number;

/** The heap type of a defined type, by its canonical id: `DefType.id`. */
export function concreteHeap(id: number): HeapType {
  return CONCRETE + id;
}
/** The canonical id of a concrete heap type, or -1 for an abstract one. */
export function heapTypeId(heap: HeapType): number {
  return heap >= CONCRETE ? heap - CONCRETE : -1;
}
/** The type of references to a heap type. */
export function refType(nullable: boolean, heap: HeapType): ValType {
  return REF | (nullable ? NULLABLE : 0) | (heap << HEAP_SHIFT);
}
/** Whether values of the type are references. */
export function isRef(type: ValType): boolean {
  return (type & REF) !== 0;
}
/** Whether null is a value of the reference type. */
export function isNullable(type: ValType): boolean {
  return (type & NULLABLE) !== 0;
}
/** What references of the type refer to. */
export function heapOf(type: ValType): HeapType {
  return type >> HEAP_SHIFT;
}

/** The type of a reference to a function that is there. */
export function refTo({ id }: { readonly id: number }): ValType {
  return refType(false, concreteHeap(id));
}
/** The reference type without null. */
export function asNonNull(type: ValType): ValType {
  return type & ~NULLABLE;
}
/** The reference type with null. */
export function asNullable(type: ValType): ValType {
  return type | NULLABLE;
}

/** References to functions, or null. */
export const FUNCREF: ValType = refType(true, HEAP.func);
/** References to anything of the host's, or null. */
export const EXTERNREF: ValType = refType(true, HEAP.extern);
/** References to exceptions, or null. */
export const EXNREF: ValType = refType(true, HEAP.exn);

/** Whether values of the type are numbers. */
export function isNum(type: ValType): boolean {
  return type >= F64 && type <= I32;
}
/** A local of this type may be read before it is written. */
export function isDefaultable(type: ValType): boolean {
  return !isRef(type) || isNullable(type);
}
/** Eight-byte slots that a value of this type takes in a frame. */
export function slotsOf(type: ValType): 1 | 2 {
  return type === V128 ? 2 : 1;
}

/** The type of a function. */
export interface FuncType {
  /** Types of its arguments. */
  readonly params: readonly ValType[];
  /** Types of its results. */
  readonly results: readonly ValType[];
}
/** Composite types. Structs and arrays join this union with the GC proposal. */
export type CompositeType = {
  /** Only functions so far: structures and arrays are not supported. */
  readonly kind: 'func';
  /** The function type. */
  readonly func: FuncType;
};
/** An entry of the type index space; equal types of any two modules are one (iso-recursive canonical form). */
export interface DefType {
  /** What it is a type of: functions so far. */
  readonly composite: CompositeType;
  /** Whether it has no subtypes. */
  readonly final: boolean;
  /** Canonical id. */
  readonly supertype: number | undefined;
  /** Equal for equal types of any two modules. */
  readonly id: number;
  /** How many supertypes it has, theirs included. */
  readonly depth: number;
}

/** What addresses of a memory or table are. */
export type AddressType = 'i32' | 'i64';
/** How large a memory or table is at first, and may become. */
export interface Limits {
  /** Width of indices and sizes. */
  readonly address: AddressType;
  /** Pages or elements. Beyond 2^53 the value is rounded. */
  readonly min: number;
  /** The most; undefined when there is no bound. */
  readonly max: number | undefined;
}
/** The type of a memory. Limits are pages. */
export interface MemoryType extends Limits {
  /** Whether threads may share it. */
  readonly shared: boolean;
  /** log2 of the page size in bytes: 16, or 0 with custom page sizes. */
  readonly pageBits: number;
}
/** The type of a table. Limits are elements. */
export interface TableType extends Limits {
  /** What its elements are: references. */
  readonly element: ValType;
}
/** The type of a global. */
export interface GlobalType {
  /** What it holds. */
  readonly value: ValType;
  /** Whether it may be changed. */
  readonly mutable: boolean;
}
/** The type of a tag. */
export interface TagType {
  /** Parameters are the values of its exceptions; there are no results. */
  readonly type: FuncType;
  /** Canonical id of the type. */
  readonly typeId: number;
}

/** The type of what is imported or exported. */
export type ExternType =
  | { readonly kind: 'func'; readonly typeidx: number; readonly type: FuncType }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'memory'; readonly type: MemoryType }
  | { readonly kind: 'global'; readonly type: GlobalType }
  | { readonly kind: 'tag'; readonly typeidx: number; readonly type: FuncType };
/** What can be imported and exported. */
export type ExternKind = ExternType['kind'];

const NUM_NAMES: Record<number, string> = {
  [I32]: 'i32',
  [I64]: 'i64',
  [F32]: 'f32',
  [F64]: 'f64',
  [V128]: 'v128',
};
const SHORT_REFS: Record<number, string> = {
  [HEAP.func]: 'funcref',
  [HEAP.extern]: 'externref',
  [HEAP.any]: 'anyref',
  [HEAP.eq]: 'eqref',
  [HEAP.i31]: 'i31ref',
  [HEAP.struct]: 'structref',
  [HEAP.array]: 'arrayref',
  [HEAP.exn]: 'exnref',
  [HEAP.none]: 'nullref',
  [HEAP.nofunc]: 'nullfuncref',
  [HEAP.noextern]: 'nullexternref',
  [HEAP.noexn]: 'nullexnref',
};

/** The text format's name of a value type. */
export function valTypeName(type: ValType): string {
  return valTypeNameIn(type, []);
}

/** The same in terms of a module with these types. */
export function valTypeNameIn(type: ValType, types: readonly DefType[]): string {
  if (!isRef(type)) return NUM_NAMES[type] ?? 'bot';
  const heap = heapOf(type);
  if (isNullable(type) && SHORT_REFS[heap] !== undefined) return SHORT_REFS[heap]!;
  return `(ref ${isNullable(type) ? 'null ' : ''}${heapTypeName(heap, types)})`;
}

/** The text format's name of a heap type: of a defined one the first index in `types`. */
export function heapTypeName(heap: HeapType, types: readonly DefType[]): string {
  if (heap === BOTTOM_HEAP) return 'bot';
  const abstract = Object.entries(HEAP).find(([, code]) => code === heap);
  if (abstract !== undefined) return abstract[0];
  const id = heapTypeId(heap);
  const typeidx = types.findIndex((type) => type.id === id);
  return typeidx < 0 ? '$type' : `${typeidx}`;
}

/** A function type as the text format has it, such as `(i32) -> (i64)`. */
export function funcTypeName({ params, results }: FuncType, types: readonly DefType[] = []): string {
  const names = (list: readonly ValType[]) => list.map((type) => valTypeNameIn(type, types)).join(' ');
  return `[${names(params)}] -> [${names(results)}]`;
}

/** An `ExternType` without the index of its type, which imports have and externs have not. */
export type ExternTypeByKind<E extends ExternType = ExternType> = {
  [K in E['kind']]: Pick<Extract<E, { kind: K }>, 'kind' | 'type'>;
}[E['kind']];

/** A type as messages and listings show it: `func [i32] -> []`, `memory 1 to 4`, `global mut i64`. */
export function externTypeName(extern: ExternTypeByKind): string {
  switch (extern.kind) {
    case 'func':
      return `func ${funcTypeName(extern.type)}`;
    case 'table':
      return `table ${limitsName(extern.type)} ${valTypeName(extern.type.element)}`;
    case 'memory': {
      const { shared, pageBits } = extern.type;
      const pages = pageBits === 16 ? '' : ` pages of ${2 ** pageBits} bytes`;
      return `memory ${limitsName(extern.type)}${pages}${shared ? ' shared' : ''}`;
    }
    case 'global':
      return `global ${extern.type.mutable ? 'mut ' : ''}${valTypeName(extern.type.value)}`;
    case 'tag':
      return `tag ${funcTypeName(extern.type)}`;
  }
}

function limitsName({ min, max, address }: Limits): string {
  const width = address === 'i64' ? 'i64 ' : '';
  return `${width}${min}${max === undefined ? '' : ` to ${max}`}`;
}

/** Whether two lists are equal, type by type. */
export function sameTypes(a: readonly ValType[], b: readonly ValType[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
