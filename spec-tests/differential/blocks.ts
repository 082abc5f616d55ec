/** Random blocks, loops that end, ifs, and the targets of tables. */
import { type TypeName, u32, vec } from '../binary';
import type { FunctionGenerator } from './code';
import { type Body, constant, type Node, type Piece, plain, type Structured } from './ir';

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;

/** A block, loop or if. */
export function structured(f: FunctionGenerator, results: readonly TypeName[], depth: number): Node {
  const kind = f.random.weighted([
    [3, 'block'],
    [2, 'loop'],
    [3, 'if'],
  ] as const);
  const params = f.random.chance(20) ? f.typeList(2) : [];
  const operands = f.values(params, depth - 1);
  const blocktype = f.blocktype(params, results);
  if (kind === 'loop') return loop(f, params, operands, blocktype, results, depth);
  if (kind === 'if') operands.push(f.condition(depth - 1));
  f.labels.push(results);
  const inner = (): Body => f.body(results, depth - 1, f.receive(params));
  const node: Structured = {
    kind,
    operands,
    blocktype,
    body: inner(),
    otherwise:
      kind === 'if' && (results.length > 0 || params.length > 0 || f.random.chance(50)) ? inner() : undefined,
    results,
  };
  f.labels.pop();
  return node;
}

/** A loop that goes round a few times, by a counter of its own, and never without fuel. */
function loop(
  f: FunctionGenerator,
  params: readonly TypeName[],
  operands: Node[],
  blocktype: readonly Piece[],
  results: readonly TypeName[],
  depth: number,
): Node {
  const counter = f.ownLocal('i32');
  const rounds = constant('i32', BigInt(f.random.between(1, f.random.chance(20) ? 60 : 6)));
  f.labels.push(params);
  const body = f.body(results, depth - 1, [...f.receive(params), f.fuelCheck()]);
  const get = [LOCAL_GET, ...u32(counter)];
  const again = [...get, 0x41, 1, 0x6b, 0x22, ...u32(counter)];
  const drops = params.map(() => 0x1a);
  body.statements.push(plain([...again, 0x0d, 0, ...drops], [], f.values(params, depth - 2)));
  f.labels.pop();
  const loop: Structured = { kind: 'loop', operands, blocktype, body, otherwise: undefined, results };
  return plain([], results, [plain([LOCAL_SET, ...u32(counter)], [], [rounds]), loop]);
}

/** Targets of a br_table: one default and some more that take the same. */
export function branchTable({ random }: FunctionGenerator, targets: readonly number[]): number[] {
  const listed = Array.from({ length: random.below(6) }, () => u32(random.pick(targets)));
  return [0x0e, ...vec(listed), ...u32(random.pick(targets))];
}
