/**
 * Modules compiled ahead of time for an engine, as files that run here (`ahead-node`, `ahead-quickjs`, `ahead-es5`, `ahead-espruino`). Modules
 * that are refused lack a feature; so does a NaN with bits of its own that the script passes, since JavaScript numbers do not keep these.
 */
import { compileFile, type Target } from '../../src/compiler/javascript/ahead';
import { DIALECTS } from '../../src/compiler/javascript/ahead/dialects';
import { type LoadedFile, loadFile } from '../../src/compiler/javascript/ahead/testing';
import { Module } from '../../src/decoder';
import { TRAP_MESSAGES, type TrapCode } from '../../src/errors';
import { CODE, code, functype, moduleBytes, name, section, type TypeName, u32, vec } from '../binary';
import {
  type Engine,
  type EngineExports,
  type EngineExtern,
  type EngineModule,
  type Failure,
  MissingFeature,
  type Registry,
  type ResultType,
  ScriptFailure,
  type Session,
} from '../engine';
import type { Value } from '../script/values';
import { fromJs, PRINTS, toJs } from './native';
import { featuresFor, tswasmEngine } from './tswasm';

type Callable = (...args: unknown[]) => unknown;
interface FileGlobal {
  get(): unknown;
}

const END = 0x0b;
const bytesOf = (numbers: Float32Array | Float64Array): number[] => [...new Uint8Array(numbers.buffer)];
/** Signed LEB128 of 666. */
const NUMBER = [0x9a, 0x05];
const GLOBALS: readonly (readonly [string, TypeName, readonly number[]])[] = [
  ['global_i32', 'i32', [0x41, ...NUMBER]],
  ['global_i64', 'i64', [0x42, ...NUMBER]],
  ['global_f32', 'f32', [0x43, ...bytesOf(new Float32Array([666.6]))]],
  ['global_f64', 'f64', [0x44, ...bytesOf(new Float64Array([666.6]))]],
];
/** Module `spectest`, with two memories and tables fewer than other engines have: those of 64-bit indices are not compiled. */
const SPECTEST = moduleBytes([
  section(1, vec(PRINTS.map(([, params]) => functype(params, [])))),
  section(3, vec(PRINTS.map((_, k) => u32(k)))),
  section(4, vec([[CODE.funcref, 1, 10, 20]])),
  section(5, vec([[1, 1, 2]])),
  section(6, vec(GLOBALS.map(([, type, init]) => [CODE[type], 0, ...init, END]))),
  section(
    7,
    vec([
      ...PRINTS.map(([print], k) => [...name(print), 0, ...u32(k)]),
      [...name('table'), 1, 0],
      [...name('memory'), 2, 0],
      ...GLOBALS.map(([global], k) => [...name(global), 3, ...u32(k)]),
    ]),
  ),
  section(10, vec(PRINTS.map(() => code([], [])))),
]);

class AheadSession implements Session {
  readonly spectest: EngineExports;
  private readonly target: Target;
  private readonly features: ReturnType<typeof featuresFor>;

  constructor(script: string, target: Target) {
    this.features = featuresFor(script);
    this.target = target;
    this.spectest = this.exportsOf(this.compile(SPECTEST), {});
  }

  compile(bytes: Uint8Array): EngineModule {
    return Module.decode(bytes, { features: this.features });
  }

  instantiate(module: EngineModule, registry: Registry): EngineExports {
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: from, name } of (module as Module).imports) {
      const found = registry.get(from)?.get(name);
      imports[from] ??= {};
      imports[from][name] = found;
    }
    return this.exportsOf(module, imports);
  }

  private exportsOf(module: EngineModule, imports: unknown): EngineExports {
    const file = this.fileOf(module as Module);
    return new Map(Object.entries(file.instantiate(imports).exports)) as EngineExports;
  }

  private fileOf(module: Module): LoadedFile {
    const made = compileFile(module, { target: this.target });
    if (made.kind === 'refused') throw new MissingFeature(made.reasons.join('; '));
    return loadFile(made.text, this.target);
  }

  invoke(func: EngineExtern, args: readonly Value[], types: readonly ResultType[] | undefined): Value[] {
    if (typeof func !== 'function') throw new ScriptFailure('export is not a function');
    const result = (func as Callable)(...args.map((arg) => this.given(arg)));
    const several = Array.isArray(result) && (types === undefined || types.length > 1);
    const all = several ? (result as unknown[]) : result === undefined ? [] : [result];
    return all.map((value, k) => this.found(value, types?.[k]));
  }

  get(global: EngineExtern, type: ResultType): Value {
    return this.found((global as unknown as FileGlobal).get(), type);
  }

  private given(value: Value): unknown {
    if (value.type === 'i64' && !DIALECTS[this.target].bigInts) {
      return [Number(BigInt.asIntN(32, value.bits)), Number(BigInt.asIntN(32, value.bits >> 32n))];
    }
    return toJs(value);
  }

  private found(value: unknown, type: ResultType): Value {
    if (type !== 'i64' || DIALECTS[this.target].bigInts) return fromJs(value, type);
    const [low, high] = value as number[];
    return { type, bits: BigInt(low >>> 0) | (BigInt(high >>> 0) << 32n) };
  }
}

function classify(error: unknown): Failure {
  const { code } = error as { code?: string };
  if (code === 'link') return { kind: 'link', message: (error as Error).message };
  if (code !== undefined && code in TRAP_MESSAGES) {
    const message = TRAP_MESSAGES[code as TrapCode];
    return { kind: code === 'callStackExhausted' ? 'exhaustion' : 'trap', message };
  }
  return tswasmEngine.classify(error);
}

export function aheadEngine(target: Target): Engine {
  return {
    name: `ahead-${target}`,
    exactMessages: false,
    open: (script) => new AheadSession(script, target),
    classify,
  };
}
