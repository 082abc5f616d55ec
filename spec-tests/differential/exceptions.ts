/**
 * Exceptions in generated code. Modules of the legacy encoding have `try`, `catch`, `delegate` and `rethrow`, on both sides. Those of the
 * standard one have `try_table`, which the reference engine may lack: there it is a legacy `try` whose catches branch to the labels, and a
 * reference to an exception is a handle, the number of a record of the payload that the host keeps. Nothing can tell the two apart.
 */
import { s32, sleb, type TypeName, u32 } from '../binary';
import type { FunctionGenerator } from './code';
import type { Signature, TagContext } from './context';
import {
  type Body,
  type Clause,
  constant,
  type GenFunction,
  type Node,
  type Piece,
  plain,
  type Structured,
  type TryTable,
} from './ir';

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const CALL = 0x10;
const BR = 0x0c;
const DROP = 0x1a;
const UNREACHABLE = 0x00;

/** Functions of the host that keep words and references, by number. */
export const KEEPERS = [
  { name: 'keep', params: ['i64'], results: ['i32'] },
  { name: 'kept', params: ['i32'], results: ['i64'] },
  { name: 'keepRef', params: ['externref'], results: ['i32'] },
  { name: 'keptRef', params: ['i32'], results: ['externref'] },
] as const satisfies readonly (Signature & { name: string })[];
/** Their function indices, behind `log`. */
const KEEP = 1;
const KEPT = 2;
const KEEP_REF = 3;
const KEPT_REF = 4;

/** A value with results, or none, that throws sometimes and handles what is thrown. */
export function tryNode(f: FunctionGenerator, results: readonly TypeName[], depth: number): Node {
  return f.module.profile.exceptionStyle === 'legacy'
    ? legacyTry(f, results, depth)
    : tryTable(f, results, depth);
}

/** Leaves by throwing. */
export function throwing(f: FunctionGenerator, depth: number): Node {
  const { random } = f;
  if (f.handlers.length > 0 && random.chance(35))
    return plain([0x09, ...u32(f.labelAt(random.pick(f.handlers)))]);
  if (f.hasExnref && random.chance(35)) {
    const code: Piece = (v) => (v.exnref ? [0x0a] : [CALL, ...u32(f.module.rethrow), UNREACHABLE]);
    return plain([code], [], [f.value('exnref', depth)]);
  }
  const tag = random.below(f.module.tags.length);
  return plain([0x08, ...u32(tag)], [], f.values(f.module.tags[tag].params, depth));
}

// Legacy

function legacyTry(f: FunctionGenerator, results: readonly TypeName[], depth: number): Node {
  const { random, module } = f;
  const params = random.chance(20) ? f.typeList(2) : [];
  const operands = f.values(params, depth - 1);
  const blocktype = f.blocktype(params, results);
  const delegate = random.chance(25) ? random.below(f.labels.length) : undefined;
  f.labels.push(results);
  const body = throwingBody(f, results, depth - 1, f.receive(params));
  const tags: (number | undefined)[] =
    delegate === undefined
      ? Array.from({ length: random.below(3) }, () => random.below(module.tags.length))
      : [];
  if (delegate === undefined && random.chance(40)) tags.push(undefined);
  f.handlers.push(f.labels.length - 1);
  const handlers = tags.map((tag) => {
    const payload = tag === undefined ? [] : module.tags[tag].params;
    return { tag, body: f.body(results, depth - 1, f.receive(payload)) };
  });
  f.handlers.pop();
  f.labels.pop();
  const label = delegate === undefined ? undefined : f.labelAt(delegate);
  return { kind: 'try', operands, blocktype, body, handlers, delegate: label, results };
}

/** A body that often throws somewhere, under a condition. */
function throwingBody(
  f: FunctionGenerator,
  results: readonly TypeName[],
  depth: number,
  prelude: Node[],
): Body {
  const body = f.body(results, depth, prelude);
  if (!f.random.chance(70)) return body;
  const condition = f.condition(depth - 1);
  f.labels.push([]);
  const inner = { statements: [throwing(f, depth - 1)], values: [] };
  f.labels.pop();
  const node: Structured = {
    kind: 'if',
    operands: [condition],
    blocktype: [0x40],
    body: inner,
    otherwise: undefined,
    results: [],
  };
  body.statements.splice(f.random.between(prelude.length, body.statements.length), 0, node);
  return body;
}

// Standard

/** What a clause catches; `ref`: its label takes a reference, too. */
interface Catch {
  readonly tag: number | undefined;
  readonly ref: boolean;
}

function payloadOf(f: FunctionGenerator, { tag, ref }: Catch): TypeName[] {
  const values = tag === undefined ? [] : f.module.tags[tag].params;
  return [...values, ...(ref ? (['exnref'] as const) : [])];
}

/** `label` is counted from outside. After a `catch_all` legacy handlers end. */
function clause(tags: readonly TagContext[], { tag, ref }: Catch, label: number): Clause {
  const kind = (tag === undefined ? 2 : 0) + (ref ? 1 : 0);
  const standard = [kind, ...(tag === undefined ? [] : u32(tag)), ...u32(label)];
  const go = [BR, ...u32(label + 1)];
  if (tag !== undefined) {
    const pack = ref ? [CALL, ...u32(tags[tag].pack)] : [];
    return { standard, legacy: [0x07, ...u32(tag), ...pack, ...go] };
  }
  if (!ref) return { standard, legacy: [0x19, ...go] };
  const each = tags.flatMap(({ packOnly }, k) => [0x07, ...u32(k), CALL, ...u32(packOnly), ...go]);
  return { standard, legacy: each };
}

/** Clauses with handlers of their own, each behind the block that their label leaves; some others branch to labels around. */
function tryTable(f: FunctionGenerator, results: readonly TypeName[], depth: number): Node {
  const { random, module } = f;
  const own: Catch[] = Array.from({ length: random.between(1, 3) }, () => ({
    tag: random.chance(25) ? undefined : random.below(module.tags.length),
    ref: random.chance(40),
  }));
  f.labels.push(results);
  const outside = f.labels.length - 1;
  for (const handler of [...own].reverse()) f.labels.push(payloadOf(f, handler));
  const clauses = own.map((handler, k) => clause(module.tags, handler, k));
  const elsewhere = directClauses(f);
  clauses.splice(random.below(clauses.length + 1), 0, ...elsewhere);
  const inner = tryTableItself(f, untilAll(clauses), results, depth);
  let node: Node = plain([BR, ...u32(f.labelAt(outside))], payloadOf(f, own[0]), [inner]);
  const block = (label: readonly TypeName[], body: Body): Structured => ({
    kind: 'block',
    operands: [],
    blocktype: f.blocktype([], label),
    body,
    otherwise: undefined,
    results: label,
  });
  let body: Body = { statements: [], values: [node] };
  own.forEach((handler, k) => {
    const payload = payloadOf(f, handler);
    node = block(payload, body);
    f.labels.pop();
    const receive = plain(
      f.receive(payload).flatMap((n) => (n.kind === 'plain' ? n.code : [])),
      [],
      [node],
      true,
    );
    const last = k === own.length - 1;
    const { statements, values } = f.body(results, depth - 1, [receive]);
    body = last
      ? { statements, values }
      : { statements, values: [plain([BR, ...u32(f.labelAt(outside))], payloadOf(f, own[k + 1]), values)] };
  });
  f.labels.pop();
  return block(results, body);
}

/** To labels around that take what is caught. */
function directClauses(f: FunctionGenerator): Clause[] {
  const { random, module } = f;
  const handler: Catch = {
    tag: random.chance(25) ? undefined : random.below(module.tags.length),
    ref: random.chance(40),
  };
  const targets = f.labelsTaking(payloadOf(f, handler));
  return targets.length === 0 ? [] : [clause(module.tags, handler, random.pick(targets))];
}

/** In legacy handlers nothing follows a `catch_all`. */
function untilAll(clauses: readonly Clause[]): Clause[] {
  const all = clauses.findIndex(({ standard }) => standard[0] >= 2);
  return clauses.map((c, k) => (all >= 0 && k > all ? { ...c, legacy: [] } : c));
}

function tryTableItself(
  f: FunctionGenerator,
  clauses: readonly Clause[],
  results: readonly TypeName[],
  depth: number,
): TryTable {
  const params = f.random.chance(20) ? f.typeList(2) : [];
  const operands = f.values(params, depth - 1);
  const blocktype = f.blocktype(params, results);
  f.labels.push(results);
  const body = throwingBody(f, results, depth - 1, f.receive(params));
  f.labels.pop();
  return { kind: 'try_table', operands, blocktype, body, clauses, results };
}

/** A reference to an exception: thrown, and caught at once. */
export function caught(f: FunctionGenerator, depth: number): Node {
  const { random, module } = f;
  const tag = random.below(module.tags.length);
  f.labels.push(['exnref']);
  f.labels.push([]);
  const thrown = plain([0x08, ...u32(tag)], [], f.values(module.tags[tag].params, depth - 1));
  f.labels.pop();
  f.labels.pop();
  const node: TryTable = {
    kind: 'try_table',
    operands: [],
    blocktype: [0x40],
    body: { statements: [thrown], values: [] },
    clauses: [clause(module.tags, { tag: undefined, ref: true }, 0)],
    results: [],
  };
  const body = { statements: [node], values: [constant('exnref', 0n)] };
  const blocktype = f.blocktype([], ['exnref']);
  return { kind: 'block', operands: [], blocktype, body, otherwise: undefined, results: ['exnref'] };
}

// Handles

/** Words of a record that a value takes. */
function wordsOf(type: TypeName): number {
  return type === 'v128' ? 2 : 1;
}

/** Makes i64 words of a local and keeps them. */
function keepLocal(type: TypeName, local: number): number[] {
  const get = [LOCAL_GET, ...u32(local)];
  const keep = [CALL, KEEP, DROP];
  const word: Partial<Record<TypeName, readonly number[]>> = {
    i32: [0xad],
    i64: [],
    f32: [0xbc, 0xad],
    f64: [0xbd],
    externref: [CALL, KEEP_REF, 0xad],
  };
  if (type === 'v128') return [...get, 0xfd, 0x1d, 0, ...keep, ...get, 0xfd, 0x1d, 1, ...keep];
  const code = word[type];
  if (code === undefined) throw new Error(`no payload of type ${type} can be kept`);
  return [...get, ...code, ...keep];
}
/** Pushes the value that is kept from this word of the record on. */
function keptValue(type: TypeName, word: number): number[] {
  const load = (k: number): number[] => [LOCAL_GET, 0, 0x41, ...s32(k), 0x6a, CALL, KEPT];
  const back: Partial<Record<TypeName, readonly number[]>> = {
    i32: [0xa7],
    i64: [],
    f32: [0xa7, 0xbe],
    f64: [0xbf],
    externref: [0xa7, CALL, KEPT_REF],
  };
  if (type === 'v128') return [...load(word), 0xfd, 0x12, ...load(word + 1), 0xfd, 0x1e, 1];
  const code = back[type];
  if (code === undefined) throw new Error(`no payload of type ${type} can be kept`);
  return [...load(word), ...code];
}

/** Where modules have references to exceptions these functions are never called. */
function onlyLegacy(legacy: readonly number[]): Node {
  return plain([(v) => (v.exnref ? [UNREACHABLE] : legacy)], [], [], true);
}

/** The payload of a tag to the payload and a handle. */
function packFunction(which: number, params: readonly TypeName[]): GenFunction {
  const handle = params.length;
  const code = [
    ...[0x42, ...sleb(BigInt(which)), CALL, KEEP, LOCAL_SET, ...u32(handle)],
    ...params.flatMap((type, k) => keepLocal(type, k)),
    ...params.flatMap((_, k) => [LOCAL_GET, ...u32(k)]),
    ...[LOCAL_GET, ...u32(handle), 0x41, 1, 0x6a],
  ];
  const results: TypeName[] = [...params, 'exnref'];
  return { params, results, locals: ['i32'], body: { statements: [onlyLegacy(code)], values: [] } };
}
/** To a handle alone. */
function packOnlyFunction(params: readonly TypeName[], pack: number): GenFunction {
  const code = [
    ...params.flatMap((_, k) => [LOCAL_GET, ...u32(k)]),
    ...[CALL, ...u32(pack), LOCAL_SET, ...u32(params.length), ...params.map(() => DROP)],
    ...[LOCAL_GET, ...u32(params.length)],
  ];
  return {
    params,
    results: ['exnref'],
    locals: ['i32'],
    body: { statements: [onlyLegacy(code)], values: [] },
  };
}
/** Throws the exception of a handle. */
function rethrowFunction(tags: readonly TagContext[]): GenFunction {
  const whichIs = (k: number): number[] => [
    ...[LOCAL_GET, 0, 0x41, 1, 0x6b, CALL, KEPT],
    ...[0x42, ...sleb(BigInt(k)), 0x51],
  ];
  const each = tags.flatMap(({ params }, k) => {
    let word = 0;
    const payload = params.flatMap((type) => {
      const code = keptValue(type, word);
      word += wordsOf(type);
      return code;
    });
    return [...whichIs(k), 0x04, 0x40, ...payload, 0x08, ...u32(k), 0x0b];
  });
  const isNull = [LOCAL_GET, 0, 0x45, 0x04, 0x40, UNREACHABLE, 0x0b];
  const code = onlyLegacy([...isNull, ...each, UNREACHABLE]);
  return { params: ['exnref'], results: [], locals: [], body: { statements: [code], values: [] } };
}

/** Tags, and the functions behind their handles: two a tag, then the one that throws. `first` is the index of the first one. */
export function tagContexts(payloads: readonly (readonly TypeName[])[], first: number): TagContext[] {
  return payloads.map((params, k) => ({ params, pack: first + 2 * k, packOnly: first + 2 * k + 1 }));
}
export function handleFunctions(tags: readonly TagContext[]): GenFunction[] {
  const packing = tags.flatMap(({ params, pack }, k) => [
    packFunction(k, params),
    packOnlyFunction(params, pack),
  ]);
  return [...packing, rethrowFunction(tags)];
}
