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

/** Children's code, then its own. */
export interface Plain {
  readonly kind: 'plain';
  readonly children: Node[];
  readonly code: readonly number[];
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
  readonly sections: ReadonlyMap<number, readonly number[]>;
  readonly typeIndex: (params: readonly TypeName[], results: readonly TypeName[]) => number;
}

export function plain(
  code: readonly number[],
  results: readonly TypeName[] = [],
  children: Node[] = [],
  isFixed = false,
): Plain {
  return isFixed
    ? { kind: 'plain', children, code, results, fixed: true }
    : { kind: 'plain', children, code, results };
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

function encodeInto(out: number[], node: Node): void {
  if (node.kind === 'plain') {
    for (const child of node.children) encodeInto(out, child);
    out.push(...node.code);
    return;
  }
  for (const operand of node.operands) encodeInto(out, operand);
  out.push({ block: 0x02, loop: 0x03, if: 0x04 }[node.kind], ...node.blocktype);
  encodeBody(out, node.body);
  if (node.otherwise) {
    out.push(0x05);
    encodeBody(out, node.otherwise);
  }
  out.push(0x0b);
}
function encodeBody(out: number[], body: Body): void {
  for (const node of body.statements) encodeInto(out, node);
  for (const node of body.values) encodeInto(out, node);
}

/** The binary. Functions have the indices after the imported ones, in order. */
export function encodeModule(module: GenModule): Uint8Array {
  const bodies = module.functions.map((f) => {
    const out: number[] = [];
    encodeBody(out, f.body);
    return code(f.locals, out);
  });
  const functionTypes = module.functions.map((f) => u32(module.typeIndex(f.params, f.results)));
  const all = new Map(module.sections);
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
