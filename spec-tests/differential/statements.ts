/** Random statements: code that leaves the operand stack as it was. */
import { type TypeName, u32 } from '../binary';
import { branchTable, structured } from './blocks';
import type { FunctionGenerator } from './code';
import { sameList } from './context';
import { throwing, tryNode } from './exceptions';
import { constant, MEMORY, type Node, plain, WIDEN } from './ir';

const LOCAL_SET = 0x21;

export function statement(f: FunctionGenerator, depth: number): Node {
  if (depth <= 0 || !f.spend()) return plain([0x01]);
  const { profile, memory, tables, globals } = f.module;
  const mutable = globals.some((g) => g.mutable);
  const make = f.random.weighted<() => Node>([
    [6, () => setLocal(f, depth)],
    [mutable ? 3 : 0, () => setGlobal(f, depth)],
    [memory ? 3 * profile.memory : 0, () => store(f, depth)],
    [memory ? profile.bulk : 0, () => bulkMemory(f, depth)],
    [tables.length > 0 ? profile.table : 0, () => tableStatement(f, depth)],
    [2 * profile.control, () => blockStatement(f, depth)],
    [2 * profile.exceptions, () => blockStatement(f, depth, tryNode)],
    [profile.control, () => branchIf(f, depth)],
    [1, () => exit(f, depth)],
    [profile.call, () => callStatement(f, depth)],
    [1, () => plain([0x1a], [], [f.value(f.anyType(), depth - 1)])],
    [profile.long, () => run(f)],
  ]);
  return make();
}

/** Straight-line code: back ends treat long stretches in other ways than short ones. */
function run(f: FunctionGenerator): Node {
  const local = u32(f.local('i32'));
  const one = [0x20, ...local, 0x41, 1, 0x6a, LOCAL_SET, ...local];
  return plain(Array.from({ length: f.random.below(130) }, () => one).flat());
}

function setLocal(f: FunctionGenerator, depth: number): Node {
  const type = f.anyType();
  return plain([LOCAL_SET, ...u32(f.local(type))], [], [f.value(type, depth)]);
}

function setGlobal(f: FunctionGenerator, depth: number): Node {
  const { index, type } = f.random.pick(f.module.globals.filter((g) => g.mutable));
  return plain([0x24, ...u32(index)], [], [f.value(type, depth)]);
}

function store(f: FunctionGenerator, depth: number): Node {
  return f.access(undefined, depth);
}

/** Mostly short, so that it stays within bounds. */
function length(f: FunctionGenerator, type: 'i32' | 'i64', depth: number): Node {
  if (f.random.chance(f.module.profile.trap)) return f.value(type, depth);
  return f.random.chance(50)
    ? constant(type, BigInt(f.random.below(40)))
    : f.masked(type, f.random.pick([7n, 63n, 255n]), depth);
}

function bulkMemory(f: FunctionGenerator, depth: number): Node {
  const { random } = f;
  const type = f.module.memory!.address;
  const { passiveData } = f.module;
  const kind = random.below(passiveData.length > 0 ? 4 : 2);
  if (kind === 0) {
    return plain(
      [0xfc, 11, MEMORY],
      [],
      [f.address(depth - 1), f.value('i32', depth - 1), length(f, type, depth - 1)],
    );
  }
  if (kind === 1) {
    return plain(
      [0xfc, 10, MEMORY, MEMORY],
      [],
      [f.address(depth - 1), f.address(depth - 1), length(f, type, depth - 1)],
    );
  }
  const data = u32(random.pick(passiveData));
  if (kind === 2 && random.chance(20)) return plain([0xfc, 9, ...data]);
  const source = f.masked('i32', 15n, depth - 1);
  return plain(
    [0xfc, 8, ...data, MEMORY],
    [],
    [f.address(depth - 1), source, f.masked('i32', 15n, depth - 1)],
  );
}

function tableStatement(f: FunctionGenerator, depth: number): Node {
  const { random } = f;
  const { tables, passiveElements } = f.module;
  const table = random.below(tables.length);
  const { type } = tables[table];
  const same = tables.flatMap((t, i) => (t.type === type ? [i] : []));
  const segments = passiveElements.filter((e) => e.type === type);
  const short = (): Node => f.masked('i32', 3n, depth - 1);
  switch (random.below(segments.length > 0 ? 5 : 3)) {
    case 0:
      return plain([0x26, table], [], [f.tableIndex(table, depth - 1), f.value(type, depth - 1)]);
    case 1:
      return plain(
        [WIDEN, 0xfc, 17, table],
        [],
        [f.tableIndex(table, depth - 1), f.value(type, depth - 1), short()],
      );
    case 2: {
      const from = random.pick(same);
      const children = [f.tableIndex(table, depth - 1), f.tableIndex(from, depth - 1), short()];
      return plain([WIDEN, 0xfc, 14, table, from], [], children);
    }
    case 3:
      if (random.chance(15)) return plain([0xfc, 13, ...u32(random.pick(segments).index)]);
      return plain(
        [0xfc, 12, ...u32(random.pick(segments).index), table],
        [],
        [f.tableIndex(table, depth - 1), short(), short()],
      );
    default:
      return plain(
        [0xfc, 12, ...u32(random.pick(segments).index), table],
        [],
        [f.tableIndex(table, depth - 1), short(), short()],
      );
  }
}

type MakeBlock = (f: FunctionGenerator, results: readonly TypeName[], depth: number) => Node;

/** A block with any results; they go into locals or are dropped. */
function blockStatement(f: FunctionGenerator, depth: number, make: MakeBlock = structured): Node {
  const results = f.random.chance(65) ? [] : f.typeList(3);
  const node = make(f, results, depth);
  return results.length === 0 ? node : plain(consume(f, results), [], [node]);
}

function consume(f: FunctionGenerator, results: readonly TypeName[]): number[] {
  return results
    .map((t) => (f.random.chance(75) ? [LOCAL_SET, ...u32(f.local(t))] : [0x1a]))
    .reverse()
    .flat();
}

function callStatement(f: FunctionGenerator, depth: number): Node {
  const call = f.call(depth);
  if (!call) return plain([0x01]);
  return plain([...call.code, ...consume(f, call.signature.results)], [], call.children);
}

function branchIf(f: FunctionGenerator, depth: number): Node {
  const position = f.random.below(f.labels.length);
  const types = f.labels[position];
  const children = [...f.values(types, depth - 1), f.condition(depth - 1)];
  return plain([0x0d, ...u32(f.labelAt(position)), ...types.map(() => 0x1a)], [], children);
}

/** Leaves: what follows is dead code. Mostly under a condition, so that something is left to run. */
function exit(f: FunctionGenerator, depth: number): Node {
  if (f.random.chance(30)) return leave(f, depth);
  const condition = f.condition(depth - 1);
  f.labels.push([]);
  const body = { statements: [leave(f, depth - 1)], values: [] };
  f.labels.pop();
  return { kind: 'if', operands: [condition], blocktype: [0x40], body, otherwise: undefined, results: [] };
}

function leave(f: FunctionGenerator, depth: number): Node {
  const { random } = f;
  const position = random.below(f.labels.length);
  const types = f.labels[position];
  const { results } = f.signature;
  const make = random.weighted<() => Node>([
    [4, () => plain([0x0c, ...u32(f.labelAt(position))], [], f.values(types, depth - 1))],
    [
      4,
      () =>
        plain(
          branchTable(f, f.labelsTaking(types)),
          [],
          [...f.values(types, depth - 1), f.condition(depth - 1)],
        ),
    ],
    [3, () => plain([0x0f], [], f.values(results, depth - 1))],
    [1, () => plain([0x00])],
    [f.module.profile.tailCalls ? 4 : 0, () => tailCall(f, depth)],
    [4 * f.module.profile.exceptions, () => throwing(f, depth - 1)],
  ]);
  return make();
}

function tailCall(f: FunctionGenerator, depth: number): Node {
  const call = f.call(depth, (s) => sameList(s.results, f.signature.results));
  if (!call) return plain([0x0f], [], f.values(f.signature.results, depth - 1));
  const [opcode, ...rest] = call.code;
  return plain([opcode + 2, ...rest], [], call.children);
}
