/** The side under test. */
import { EXTERNREF, type FuncType, I32, I64 } from '../../src/decoder/types';
import { RuntimeError, type TrapCode } from '../../src/errors';
import { Func, Global, type HostCall, Memory, Table, UncaughtException } from '../../src/runtime/index';
import type { EngineExtern } from '../engine';
import type { Handle, HostMaker } from '../engines/groups';
import { engineNamed } from '../engines/index';
import type { MigrateSession } from '../engines/migrate';
import { nativeEngine } from '../engines/native';
import { exactEngine, exactTiersEngine } from '../engines/tiers';
import { fromWasm, type TswasmSession, tswasmEngine } from '../engines/tswasm';
import { nativeTarget } from './native-target';
import {
  type HostSide,
  IMPORTED_GLOBAL_VALUE,
  type KeeperName,
  type Log,
  type ProgramTag,
  type Target,
  type Thrown,
  type TrapKind,
} from './target';

const OWN_TRAPS: Partial<Record<TrapCode, TrapKind>> = {
  unreachable: 'unreachable',
  nullExceptionReference: 'unreachable',
  divideByZero: 'divide',
  integerOverflow: 'numeric',
  invalidConversion: 'numeric',
  memoryBounds: 'memory',
  unalignedAtomic: 'unaligned',
  tableBounds: 'table',
  undefinedElement: 'table',
  uninitializedElement: 'signature',
  indirectCallType: 'signature',
  callStackExhausted: 'exhaustion',
};

const logFunction =
  (log: Log): HostMaker =>
  (store) => {
    const type = { params: [I32, I64], results: [I32] };
    return Func.host(store, type, (call) => call.setI32(0, log(call.i32(0), call.lo(1), call.hi(1))), 'log');
  };
function keeperFunction(type: FuncType, run: (call: HostCall) => void): HostMaker {
  return (store) => Func.host(store, type, run);
}
function keepers({ words, refs }: HostSide): Record<KeeperName, HostMaker> {
  return {
    keep: keeperFunction({ params: [I64], results: [I32] }, (call) => {
      const word = (BigInt(call.hi(0)) << 32n) | BigInt(call.lo(0) >>> 0);
      call.setI32(0, words.push(word) - 1);
    }),
    kept: keeperFunction({ params: [I32], results: [I64] }, (call) => {
      const word = words[call.i32(0)];
      call.setI64(0, Number(BigInt.asIntN(32, word)), Number(BigInt.asIntN(32, word >> 32n)));
    }),
    keepRef: keeperFunction({ params: [EXTERNREF], results: [I32] }, (call) =>
      call.setI32(0, refs.push(call.ref(0)) - 1),
    ),
    keptRef: keeperFunction({ params: [I32], results: [EXTERNREF] }, (call) =>
      call.setRef(0, refs[call.i32(0)]),
    ),
  };
}
const importedGlobal: HostMaker = (store) => {
  const value = { type: I32, lo: IMPORTED_GLOBAL_VALUE, hi: 0, ref: undefined };
  return new Global(store, { value: I32, mutable: false }, value);
};

function makers(host: HostSide): (readonly [name: string, HostMaker])[] {
  return [['log', logFunction(host.log)], ['global', importedGlobal], ...Object.entries(keepers(host))];
}

function thrownOf(error: unknown, tags: readonly ProgramTag[]): Thrown | undefined {
  if (!(error instanceof UncaughtException)) return undefined;
  const { tag, values } = error.exception;
  const index = tags.findIndex((t) => t.tag === tag);
  if (index < 0 || tags[index].params.includes('v128')) return { tag: index, payload: [] };
  return { tag: index, payload: values.map(fromWasm) };
}

export const tswasmTarget: Target = {
  engine: tswasmEngine,
  variants: true,
  environment(session, host) {
    const { store } = session as TswasmSession;
    return new Map<string, EngineExtern>(makers(host).map(([name, make]) => [name, make(store)]));
  },
  thrown: thrownOf,
  trapKind: (error) => (error instanceof RuntimeError && error.code ? OWN_TRAPS[error.code] : undefined),
  memory(memory) {
    if (!(memory instanceof Memory)) throw new Error('no memory');
    return memory.bytes;
  },
  table(table) {
    if (!(table instanceof Table)) throw new Error('no table');
    return Array.from({ length: table.length }, (_, i) => table.get(i));
  },
};

/** For `migrateN`: what a program has is wherever it has moved to. */
const migratingTarget: Target = {
  ...tswasmTarget,
  environment(session, host) {
    const migrating = session as MigrateSession;
    return new Map<string, EngineExtern>(
      makers(host).map(([name, make]) => [name, migrating.fromHost(name, make)]),
    );
  },
  thrown: (error, tags) =>
    thrownOf(
      error,
      tags.map(({ tag, params }) => ({ tag: (tag as Handle).now()!, params })),
    ),
  memory: (memory) => tswasmTarget.memory((memory as Handle).now()!),
  table(table) {
    const { part } = table as Handle;
    const names = new Map<unknown, Handle>();
    for (const handle of part!.exports.values()) names.set(handle.now(), handle);
    return tswasmTarget.table((table as Handle).now()!).map((entry) => names.get(entry) ?? entry);
  },
};

const exactTarget: Target = {
  ...migratingTarget,
  engine: exactEngine,
  variants: false,
  trail: (session) => (session as MigrateSession).takeTrail(),
};

/** `tswasm`, `host`, one of the others (engines/index.ts), or `exact`: tier by tier against the interpreter, to the last bit. */
export function targetNamed(name: string): Target | undefined {
  if (name === 'exact') return { ...exactTarget, engine: exactTiersEngine, reference: exactTarget };
  const engine = engineNamed(name);
  if (engine === undefined || engine === nativeEngine) return engine && nativeTarget;
  return { ...(name.startsWith('migrate') ? migratingTarget : tswasmTarget), engine };
}
