/**
 * Generated code as a tree that can be cut down: whatever the shrinker puts in place of a node with the same results gives a valid
 * module again. The arrays are mutable for the shrinker alone.
 */
import {
  CODE,
  code,
  fixed,
  functype,
  moduleBytes,
  name,
  s32,
  section,
  sleb,
  type TypeName,
  u32,
  vec,
} from '../binary';

/**
 * The same program in other words: what only the side under test has (several memories, 64-bit tables, pages of one byte) must not
 * change what a program does.
 */
export interface Variant {
  /** An empty memory 0 before the one that is used. */
  readonly extraMemory: boolean;
  /** Tables are indexed by i64. */
  readonly table64: boolean;
  /** The memory has pages of one byte. */
  readonly bytePages: boolean;
  /** Relaxed SIMD instructions, not what they do in ordinary ones. */
  readonly relaxed: boolean;
  /** `try_table` and exception references, not legacy exceptions and handles (exceptions.ts). */
  readonly exnref: boolean;
  /** The memory is a shared one. */
  readonly shared: boolean;
}
export const BASE: Variant = {
  extraMemory: false,
  table64: false,
  bytePages: false,
  relaxed: false,
  exnref: false,
  shared: false,
};

/** A byte of code, or code that depends on the variant. */
export type Piece = number | ((variant: Variant) => readonly number[]);

export function resolve(pieces: readonly Piece[], variant: Variant): number[] {
  return pieces.flatMap((piece) => (typeof piece === 'number' ? piece : piece(variant)));
}

/** Index of the memory that is used. */
export const MEMORY: Piece = (v) => [v.extraMemory ? 1 : 0];
export function memarg(align: number, offset: number): Piece {
  return (v) => (v.extraMemory ? [align | 0x40, 1, ...u32(offset)] : [align, ...u32(offset)]);
}
/** Pages of 64 KiB to the memory's pages, and back; -1 stays. */
export function toPages(address: 'i32' | 'i64'): Piece {
  return (v) => (v.bytePages ? (address === 'i32' ? [0x41, 16, 0x74] : [0x42, 16, 0x86]) : []);
}
export function fromPages(address: 'i32' | 'i64'): Piece {
  return (v) => (v.bytePages ? (address === 'i32' ? [0x41, 16, 0x75] : [0x42, 16, 0x87]) : []);
}
/** An i32 to the index type of tables, and back. */
export const WIDEN: Piece = (v) => (v.table64 ? [0xad] : []);
export const NARROW: Piece = (v) => (v.table64 ? [0xa7] : []);

/** An exception reference is a handle where there are none. */
export function typeIn(type: TypeName, variant: Variant): TypeName {
  return type === 'exnref' && !variant.exnref ? 'i32' : type;
}
/** The byte of a type. */
export function typeCode(type: TypeName): Piece {
  return type === 'exnref' ? (v) => [CODE[typeIn(type, v)]] : CODE[type];
}
/** ref.is_null, of any type of references. */
export function isNull(type: TypeName): Piece {
  return type === 'exnref' ? (v) => [v.exnref ? 0xd1 : 0x45] : 0xd1;
}

/** Children's code, then its own. */
export interface Plain {
  readonly kind: 'plain';
  readonly children: Node[];
  readonly code: readonly Piece[];
  readonly results: readonly TypeName[];
  /** Must stay: without it the module might not end. */
  readonly fixed?: boolean;
}
export interface Structured {
  readonly kind: 'block' | 'loop' | 'if';
  /** Parameters; then, of an `if`, the condition. */
  readonly operands: Node[];
  readonly blocktype: readonly Piece[];
  readonly body: Body;
  readonly otherwise: Body | undefined;
  readonly results: readonly TypeName[];
  readonly fixed?: false;
}
/** A `try_table`, or the legacy `try` that does the same. */
export interface TryTable {
  readonly kind: 'try_table';
  readonly operands: Node[];
  readonly blocktype: readonly Piece[];
  readonly body: Body;
  readonly clauses: readonly Clause[];
  readonly results: readonly TypeName[];
  readonly fixed?: false;
}
export interface Clause {
  /** The clause, and legacy catches that branch to its label. */
  readonly standard: readonly number[];
  readonly legacy: readonly number[];
}
/** A legacy `try`. The payload is on the stack where a handler begins. */
export interface Try {
  readonly kind: 'try';
  readonly operands: Node[];
  readonly blocktype: readonly Piece[];
  readonly body: Body;
  /** Tag undefined: `catch_all`, which is the last. */
  readonly handlers: readonly { readonly tag: number | undefined; readonly body: Body }[];
  /** Label of a `delegate` in place of handlers. */
  readonly delegate: number | undefined;
  readonly results: readonly TypeName[];
  readonly fixed?: false;
}
export type Node = Plain | Structured | TryTable | Try;

/** Statements leave nothing on the stack, values push the results (those that the parameters left there are not already). */
export interface Body {
  readonly statements: Node[];
  readonly values: Node[];
}

export interface GenFunction {
  readonly params: readonly TypeName[];
  readonly results: readonly TypeName[];
  readonly locals: readonly TypeName[];
  readonly body: Body;
}

export interface GenModule {
  readonly types: readonly (readonly [params: readonly TypeName[], results: readonly TypeName[]])[];
  readonly functions: readonly GenFunction[];
  /** Encoded sections around the code, by id; type, function and code sections are made from the fields above. */
  readonly sections: ReadonlyMap<number, (variant: Variant) => readonly number[]>;
  readonly typeIndex: (params: readonly TypeName[], results: readonly TypeName[]) => number;
}

export function plain(
  code: readonly Piece[],
  results: readonly TypeName[] = [],
  children: Node[] = [],
  isFixed = false,
): Plain {
  return isFixed
    ? { kind: 'plain', children, code, results, fixed: true }
    : { kind: 'plain', children, code, results };
}

/** A table index: what it holds is an i32, what it leaves is the table's index type. Cannot be taken for an i32, so it is fixed. */
export function tableIndex(child: Node): Plain {
  return plain([WIDEN], ['i32'], [child], true);
}

/** A constant of a type with these bits; references are null. */
export function constant(type: TypeName, bits: bigint): Plain {
  switch (type) {
    case 'i32':
      return plain([0x41, ...s32(Number(BigInt.asIntN(32, bits)))], [type]);
    case 'i64':
      return plain([0x42, ...sleb(BigInt.asIntN(64, bits))], [type]);
    case 'f32':
      return plain([0x43, ...fixed(bits, 4)], [type]);
    case 'f64':
      return plain([0x44, ...fixed(bits, 8)], [type]);
    case 'funcref':
    case 'externref':
      return plain([0xd0, CODE[type]], [type]);
    case 'exnref':
      return plain([(v) => (v.exnref ? [0xd0, CODE.exnref] : [0x41, 0])], [type]);
    case 'v128':
      return plain([0xfd, 0x0c, ...fixed(bits, 16)], [type]);
  }
}

function encodeInto(out: number[], node: Node, variant: Variant): void {
  if (node.kind === 'plain') {
    for (const child of node.children) encodeInto(out, child, variant);
    out.push(...resolve(node.code, variant));
    return;
  }
  for (const operand of node.operands) encodeInto(out, operand, variant);
  const standard = node.kind === 'try_table' && variant.exnref;
  out.push(standard ? 0x1f : OPENING[node.kind], ...resolve(node.blocktype, variant));
  if (standard) out.push(...vec(node.clauses.map((c) => c.standard)));
  encodeBody(out, node.body, variant);
  if (node.kind === 'try') encodeHandlers(out, node, variant);
  else if (node.kind !== 'try_table') encodeElse(out, node, variant);
  else if (!standard) out.push(...node.clauses.flatMap((c) => c.legacy));
  if (node.kind !== 'try' || node.delegate === undefined) out.push(0x0b);
}
const OPENING = { block: 0x02, loop: 0x03, if: 0x04, try: 0x06, try_table: 0x06 } as const;

function encodeElse(out: number[], { otherwise }: Structured, variant: Variant): void {
  if (!otherwise) return;
  out.push(0x05);
  encodeBody(out, otherwise, variant);
}
/** With the `delegate` that stands in place of an `end`. */
function encodeHandlers(out: number[], { handlers, delegate }: Try, variant: Variant): void {
  for (const { tag, body } of handlers) {
    out.push(...(tag === undefined ? [0x19] : [0x07, ...u32(tag)]));
    encodeBody(out, body, variant);
  }
  if (delegate !== undefined) out.push(0x18, ...u32(delegate));
}
function encodeBody(out: number[], body: Body, variant: Variant): void {
  for (const node of body.statements) encodeInto(out, node, variant);
  for (const node of body.values) encodeInto(out, node, variant);
}

/** The binary. Functions have the indices after the imported ones, in order. */
export function encodeModule(module: GenModule, variant = BASE): Uint8Array {
  const bodies = module.functions.map((f) => {
    const out: number[] = [];
    encodeBody(out, f.body, variant);
    return code(
      f.locals.map((t) => typeIn(t, variant)),
      out,
    );
  });
  const functionTypes = module.functions.map((f) => u32(module.typeIndex(f.params, f.results)));
  const all = new Map([...module.sections].map(([id, body]) => [id, section(id, body(variant))]));
  const inVariant = (types: readonly TypeName[]): TypeName[] => types.map((t) => typeIn(t, variant));
  all.set(1, section(1, vec(module.types.map(([p, r]) => functype(inVariant(p), inVariant(r))))));
  all.set(3, section(3, vec(functionTypes)));
  all.set(10, section(10, vec(bodies)));
  // The data count section (12) stands before the code, that of tags (13) before the globals.
  const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11, 0];
  return moduleBytes(order.flatMap((id) => (all.has(id) ? [all.get(id)!] : [])));
}

export function exportEntry(text: string, kind: number, index: number): number[] {
  return [...name(text), kind, ...u32(index)];
}

/** Number of nodes, as a measure of size. */
export function countNodes(module: GenModule): number {
  let count = 0;
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      count++;
      for (const list of listsOf(node)) visit(list);
    }
  };
  for (const f of module.functions) for (const list of [f.body.statements, f.body.values]) visit(list);
  return count;
}

/** The arrays of nodes directly below a node. */
export function listsOf(node: Node): Node[][] {
  if (node.kind === 'plain') return [node.children];
  return [node.operands, ...bodiesOf(node).flatMap((b) => [b.statements, b.values])];
}
function bodiesOf(node: Exclude<Node, Plain>): Body[] {
  if (node.kind === 'try') return [node.body, ...node.handlers.map((h) => h.body)];
  if (node.kind === 'try_table' || !node.otherwise) return [node.body];
  return [node.body, node.otherwise];
}
