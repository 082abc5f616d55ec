/** Runs a program on one side and writes down all that can be seen of it; the first difference of two such records. */

import type { TypeName } from '../binary';
import type { EngineExports, ResultType, Session } from '../engine';
import { HostRef } from '../engines/host-refs';
import { DIFFERENTIAL } from '../engines/tswasm';
import { showValue, type Value } from '../script/values';
import type { Call, Program } from './generate';
import type { HostSide, ProgramTag, Target } from './target';

export interface Observation {
  /** One line per thing seen, in order: calls with their outcome and the host calls below them, then the state. */
  readonly lines: string[];
  readonly memory: Uint8Array | undefined;
  /** The engine threw something that is neither a result nor a trap: always a defect. */
  readonly defect: string | undefined;
}

class Run implements HostSide {
  readonly lines: string[] = [];
  readonly words: bigint[] = [];
  readonly refs: unknown[] = [];
  private calls = 0;
  private tags: ProgramTag[] = [];

  constructor(
    readonly program: Program,
    readonly target: Target,
  ) {}

  readonly log = (a: number, lo: number, hi: number): number => {
    this.lines.push(`  log ${a} ${hi >>> 0}:${lo >>> 0}`);
    return (Math.imul(++this.calls, 31) + (a ^ lo)) | 0;
  };

  /** Outcome of a step as text. Anything but a trap or an exception goes up. */
  async outcome(step: () => Promise<string>): Promise<string> {
    try {
      return await step();
    } catch (error) {
      const thrown = this.target.thrown(error, this.tags);
      if (thrown !== undefined)
        return `exception ${thrown.tag} [${thrown.payload.map(showPayload).join(' ')}]`;
      const kind = this.target.trapKind(error);
      if (kind === undefined) throw error;
      return `trap ${kind}`;
    }
  }

  async observe(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const session = await this.target.engine.open(DIFFERENTIAL);
    try {
      return await this.run(session, bytes);
    } finally {
      await session.close?.();
    }
  }

  private async run(session: Session, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const registry = new Map([['env', this.target.environment(session, this)]]);
    const module = await session.compile(bytes);
    let exports: EngineExports = new Map();
    const started = await this.outcome(async () => {
      exports = await session.instantiate(module, registry);
      return 'ok';
    });
    this.lines.push(`instantiate: ${started}`);
    if (started !== 'ok') return undefined;
    this.tags = this.program.tags.map((params, i) => ({ tag: exports.get(`tag${i}`)!, params }));
    for (const call of this.program.calls) await this.call(session, exports, call);
    await this.state(session, exports);
    const memory = this.program.hasMemory ? this.target.memory(exports.get('memory')!) : undefined;
    return memory && Uint8Array.from(memory);
  }

  private async call(session: Session, exports: EngineExports, call: Call): Promise<void> {
    await session.invoke(exports.get('fuel')!, [{ type: 'i32', bits: BigInt(call.fuel) }], []);
    const types = call.signature.results.map(numeric);
    const result = await this.outcome(async () => {
      const values = await session.invoke(exports.get(call.name)!, call.args, types);
      return `[${values.map(showValue).join(' ')}]`;
    });
    this.lines.push(`${showCall(call)}: ${result}`, ...(this.target.trail?.(session) ?? []));
  }

  private async state(session: Session, exports: EngineExports): Promise<void> {
    for (const { name, type } of this.program.getters) {
      const carrier = type === 'f32' ? 'i32' : type === 'f64' ? 'i64' : type;
      const [value] = await session.invoke(exports.get(name)!, [], [numeric(carrier)]);
      this.lines.push(`${name}: ${showValue(value)}`);
    }
    const names = new Map([...exports].map(([name, value]) => [value as unknown, name]));
    for (const table of this.program.tables) {
      const entries = this.target.table(exports.get(table)!).map((e) => showEntry(e, names));
      this.lines.push(`${table}: ${entries.join(' ')}`);
    }
  }
}

function numeric(type: TypeName): ResultType {
  return type === 'funcref' || type === 'externref' || type === 'exnref' ? undefined : type;
}
/** V8 of Node 20 gives floats as numbers, which have lost the bits of a NaN, and null as an object. */
function showPayload(value: Value): string {
  if (value.type === 'ref') return 'ref';
  if (value.type === 'f32' && (value.bits & 0x7fff_ffffn) > 0x7f80_0000n) return 'f32:nan';
  if (value.type === 'f64' && (value.bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n)
    return 'f64:nan';
  return showValue(value);
}
export function showCall(call: Call): string {
  return `${call.name}(${call.args.map((a: Value) => showValue(a)).join(' ')}) with fuel ${call.fuel}`;
}
function showEntry(entry: unknown, names: ReadonlyMap<unknown, string>): string {
  if (entry === null) return 'null';
  if (entry instanceof HostRef) return `host${entry.n}`;
  return names.get(entry) ?? 'unexported';
}

export async function observe(program: Program, bytes: Uint8Array, target: Target): Promise<Observation> {
  const run = new Run(program, target);
  try {
    return { lines: run.lines, memory: await run.observe(bytes), defect: undefined };
  } catch (error) {
    const { kind, message } = target.engine.classify(error);
    return { lines: run.lines, memory: undefined, defect: `${kind}: ${message}` };
  }
}

/** The first difference, or undefined when all is the same. */
export function difference(expected: Observation, actual: Observation): string | undefined {
  if (expected.defect !== undefined) return `the reference engine fails: ${expected.defect}`;
  if (actual.defect !== undefined) return `defect: ${actual.defect}`;
  const count = Math.max(expected.lines.length, actual.lines.length);
  for (let i = 0; i < count; i++) {
    if (expected.lines[i] === actual.lines[i]) continue;
    return `expected ${expected.lines[i] ?? 'nothing'}\n     got ${actual.lines[i] ?? 'nothing'}`;
  }
  return memoryDifference(expected.memory, actual.memory);
}

function memoryDifference(
  expected: Uint8Array | undefined,
  actual: Uint8Array | undefined,
): string | undefined {
  if (!expected || !actual) return undefined;
  if (expected.length !== actual.length)
    return `memory of ${actual.length} bytes, expected ${expected.length}`;
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  return at < 0 ? undefined : `memory at ${at}: ${actual[at]}, expected ${expected[at]}`;
}
