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
}
export const BASE: Variant = { extraMemory: false, table64: false, bytePages: false };

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
  readonly blocktype: readonly number[];
  readonly body: Body;
  readonly otherwise: Body | undefined;
  readonly results: readonly TypeName[];
  readonly fixed?: false;
}
export type Node = Plain | Structured;

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
    case 'v128':
      throw new Error('not generated');
  }
}

function encodeInto(out: number[], node: Node, variant: Variant): void {
  if (node.kind === 'plain') {
    for (const child of node.children) encodeInto(out, child, variant);
    out.push(...resolve(node.code, variant));
    return;
  }
  for (const operand of node.operands) encodeInto(out, operand, variant);
  out.push({ block: 0x02, loop: 0x03, if: 0x04 }[node.kind], ...node.blocktype);
  encodeBody(out, node.body, variant);
  if (node.otherwise) {
    out.push(0x05);
    encodeBody(out, node.otherwise, variant);
  }
  out.push(0x0b);
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
    return code(f.locals, out);
  });
  const functionTypes = module.functions.map((f) => u32(module.typeIndex(f.params, f.results)));
  const all = new Map([...module.sections].map(([id, body]) => [id, section(id, body(variant))]));
  all.set(1, section(1, vec(module.types.map(([p, r]) => functype(p, r)))));
  all.set(3, section(3, vec(functionTypes)));
  all.set(10, section(10, vec(bodies)));
  // The data count section (12) stands before the code.
  const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11, 0];
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
  const bodies = node.otherwise ? [node.body, node.otherwise] : [node.body];
  return [node.operands, ...bodies.flatMap((b) => [b.statements, b.values])];
}
