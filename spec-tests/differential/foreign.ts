/**
 * Modules that somebody else has generated: whatever they import is a module of ours, which logs what it is given and answers with zeros; then
 * all their functions are called, with zeros first and with other arguments later. Nothing is known of what is in them.
 */
import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { Module } from '../../src/decoder';
import { funcTypeOf } from '../../src/decoder/body';
import { type FuncType, isRef, V128, type ValType, valTypeName } from '../../src/decoder/types';
import { CODE, code, moduleBytes, name, section, type TypeName, u32, vec } from '../binary';
import type { EngineExports, ResultType, Session } from '../engine';
import { DIFFERENTIAL } from '../engines/tswasm';
import { showValue, type Value } from '../script/values';
import type { Failure } from './check';
import { nativeTarget } from './native-target';
import { difference, type Observation } from './observe';
import { interestingBits, Random } from './random';
import type { Target } from './target';
import type { WasmOpt } from './wasm-opt';

const MEMORY = 'the memory';
/** How often all functions are called. */
const ROUNDS = 3;

interface Call {
  readonly name: string;
  readonly args: readonly Value[];
  readonly results: readonly ResultType[];
}

function typeName(type: ValType): TypeName {
  const known = valTypeName(type);
  if (!(known in CODE)) throw new Error(`a program with the type ${known}`);
  return known as TypeName;
}

const NOTHING: Readonly<Record<TypeName, readonly number[]>> = {
  i32: [0x41, 0],
  i64: [0x42, 0],
  f32: [0x43, 0, 0, 0, 0],
  f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  v128: [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)],
  funcref: [0xd0, CODE.funcref],
  externref: [0xd0, CODE.externref],
  exnref: [0xd0, CODE.exnref],
};
/** What makes one or two i64 of a value, behind what reads it. */
const WORDS: Readonly<Record<TypeName, readonly (readonly number[])[]>> = {
  i32: [[0xad]],
  i64: [[]],
  f32: [[0xbc, 0xad]],
  f64: [[0xbd]],
  v128: [
    [0xfd, 0x1d, 0],
    [0xfd, 0x1d, 1],
  ],
  funcref: [[0xd1, 0xad]],
  externref: [[0xd1, 0xad]],
  exnref: [[0xd1, 0xad]],
};

/** Logs the number of the import and each of its arguments. */
function loggingBody(index: number, { params, results }: FuncType): number[] {
  const log = (read: readonly number[]) => [0x41, ...u32(index & 63), ...read, 0x10, 0, 0x1a];
  const told = params.flatMap((type, k) =>
    WORDS[typeName(type)].flatMap((words) => log([0x20, ...u32(k), ...words])),
  );
  return [...told, ...results.flatMap((type) => NOTHING[typeName(type)])];
}

/** A module that exports as `i0`, `i1` and so on what another one imports. It imports `log` itself. */
function hostFor({ imports }: Module): Uint8Array {
  const types: number[][] = [[0x60, 2, CODE.i32, CODE.i64, 1, CODE.i32]];
  const [functions, codes, globals, exports]: number[][][] = [[], [], [], []];
  imports.forEach(({ type: item }, k) => {
    const exported = (kind: number, index: number) => exports.push([...name(`i${k}`), kind, ...u32(index)]);
    switch (item.kind) {
      case 'func': {
        const list = (of: readonly ValType[]) => vec(of.map((type) => [CODE[typeName(type)]]));
        types.push([0x60, ...list(item.type.params), ...list(item.type.results)]);
        functions.push(u32(types.length - 1));
        codes.push(code([], loggingBody(k, item.type)));
        exported(0, functions.length);
        break;
      }
      case 'global': {
        const type = typeName(item.type.value);
        globals.push([CODE[type], item.type.mutable ? 1 : 0, ...NOTHING[type], 0x0b]);
        exported(3, globals.length - 1);
        break;
      }
      default:
        throw new Error(`a program that imports a ${item.kind}`);
    }
  });
  return moduleBytes([
    section(1, vec(types)),
    section(2, vec([[...name('env'), ...name('log'), 0, 0]])),
    section(3, vec(functions)),
    section(6, vec(globals)),
    section(7, vec(exports)),
    section(10, vec(codes)),
  ]);
}

/** With its memory exported, which says at the end what has been written. */
function withMemory(bytes: Uint8Array, module: Module): Uint8Array {
  if (module.memories.length === 0) return bytes;
  const kinds = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
  const entries = module.exports.map(({ name: text, kind, index }) => [
    ...name(text),
    kinds[kind],
    ...u32(index),
  ]);
  const exported = section(7, vec([...entries, [...name(MEMORY), 2, 0]]));
  return moduleBytes(
    [...partsOf(bytes)].map(({ id, body }) => (id === 7 ? exported : section(id, [...body]))),
  );
}

function* partsOf(bytes: Uint8Array): Generator<{ readonly id: number; readonly body: Uint8Array }> {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    yield { id, body: bytes.subarray(at, at + length) };
    at += length;
  }
}

/** Arguments are zeros in the first round. */
function callsOf(module: Module, seed: number): Call[] {
  const random = new Random(seed ^ 0x5bd1e995);
  const called = module.exports.filter(({ kind, index }) => kind === 'func' && crosses(module, index));
  return Array.from({ length: ROUNDS }, (_, round) => round).flatMap((round) =>
    called.map(({ name: text, index }): Call => {
      const { params, results } = funcTypeOf(module, index);
      const args = params.map((type) => argument(typeName(type), round === 0 ? undefined : random));
      return { name: text, args, results: results.map((type) => resultType(typeName(type))) };
    }),
  );
}

/** Vectors come to JavaScript as numbers, by a wrapper, which has no references (engines/native.ts). */
function crosses(module: Module, funcidx: number): boolean {
  const { params, results } = funcTypeOf(module, funcidx);
  const types = [...params, ...results];
  return !types.includes(V128) || !types.some(isRef);
}

function argument(type: TypeName, random: Random | undefined): Value {
  switch (type) {
    case 'funcref':
      return { type: 'ref', kind: 'null', heap: 'func' };
    case 'externref':
    case 'exnref':
      return { type: 'ref', kind: 'null', heap: 'extern' };
    case 'v128': {
      const word = () => (random === undefined ? 0n : interestingBits(random, 'i64'));
      return { type, bits: word() | (word() << 64n) };
    }
    default:
      return { type, bits: random === undefined ? 0n : interestingBits(random, type) };
  }
}
const resultType = (type: TypeName): ResultType =>
  type === 'funcref' || type === 'externref' || type === 'exnref' ? undefined : type;

class Run {
  readonly lines: string[] = [];
  private readonly target: Target;
  private readonly session: Session;

  constructor(target: Target, session: Session) {
    this.target = target;
    this.session = session;
  }

  private readonly log = (index: number, lo: number, hi: number): number => {
    this.lines.push(`  import ${index}: ${hi >>> 0}:${lo >>> 0}`);
    return 0;
  };

  async of(bytes: Uint8Array, module: Module, calls: readonly Call[]): Promise<Uint8Array | undefined> {
    const { session, target, lines } = this;
    const env = target.environment(session, { log: this.log, words: [], refs: [] });
    const host = await session.instantiate(await session.compile(hostFor(module)), new Map([['env', env]]));
    const registry = new Map<string, Map<string, object>>();
    module.imports.forEach(({ module: from, name: item }, k) => {
      if (!registry.has(from)) registry.set(from, new Map());
      registry.get(from)!.set(item, host.get(`i${k}`)!);
    });
    let exports: EngineExports = new Map();
    const started = await this.outcome(async () => {
      exports = await session.instantiate(await session.compile(bytes), registry);
      return 'ok';
    });
    lines.push(`instantiate: ${started}`);
    if (started !== 'ok') return undefined;
    for (const { name: text, args, results } of calls) {
      const came = await this.outcome(async () => {
        const values = await session.invoke(exports.get(text)!, args, results);
        return values.map(showValue).join(' ');
      });
      lines.push(`${text}(${args.map(showValue).join(' ')}): ${came}`);
      // How deep a program comes is each engine's own, and what it has done until then.
      if (came === 'trap exhaustion') return undefined;
    }
    const memory = exports.get(MEMORY);
    return memory === undefined ? undefined : Uint8Array.from(target.memory(memory));
  }

  private async outcome(step: () => Promise<string>): Promise<string> {
    try {
      return await step();
    } catch (error) {
      if (this.target.thrown(error, []) !== undefined) return 'exception';
      const kind = this.target.trapKind(error);
      if (kind === undefined) throw error;
      return `trap ${kind}`;
    }
  }
}

async function observe(
  bytes: Uint8Array,
  module: Module,
  calls: readonly Call[],
  target: Target,
): Promise<Observation> {
  const session = await target.engine.open(DIFFERENTIAL);
  const run = new Run(target, session);
  try {
    return { lines: run.lines, memory: await run.of(bytes, module, calls), defect: undefined };
  } catch (error) {
    const { kind, message } = target.engine.classify(error);
    return { lines: run.lines, memory: undefined, defect: `${kind}: ${message}` };
  } finally {
    await session.close?.();
  }
}

/** Runs a module on both sides. */
export async function compareForeign(
  bytes: Uint8Array,
  seed: number,
  target: Target,
): Promise<{ difference: string | undefined; lines: number }> {
  const module = Module.decode(bytes);
  const whole = withMemory(bytes, module);
  const calls = callsOf(module, seed);
  const expected = await observe(whole, module, calls, target.reference ?? nativeTarget);
  const actual = await observe(whole, module, calls, target);
  return { difference: difference(expected, actual), lines: expected.lines.length };
}
/** The check of a seed: what `wasm-opt -ttf` makes of it. */
export async function checkForeign(
  seed: number,
  generator: WasmOpt,
  target: Target,
): Promise<Failure | undefined> {
  const { bytes, features } = await generator.generate(seed);
  const { difference: found } = await compareForeign(bytes, seed, target);
  if (found === undefined) return undefined;
  const text = await print(bytes).catch((error: unknown) => `(no text: ${String(error)})`);
  return {
    seed,
    difference: found,
    bytes,
    shrunkBytes: bytes,
    shrunk: `seed ${seed} of wasm-opt, with ${features.join()}: ${found}\n${text}`,
  };
}
