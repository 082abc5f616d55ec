/** The side under test. */
import { I32, I64 } from '../../src/decoder/types';
import { RuntimeError, type TrapCode } from '../../src/errors';
import { Func, Global, Memory, Table } from '../../src/runtime/index';
import type { EngineExtern } from '../engine';
import type { Handle, HostMaker } from '../engines/groups';
import { engineNamed } from '../engines/index';
import type { MigrateSession } from '../engines/migrate';
import { nativeEngine } from '../engines/native';
import { type TswasmSession, tswasmEngine } from '../engines/tswasm';
import { nativeTarget } from './native-target';
import { IMPORTED_GLOBAL_VALUE, type Log, type Target, type TrapKind } from './target';

const OWN_TRAPS: Partial<Record<TrapCode, TrapKind>> = {
  unreachable: 'unreachable',
  divideByZero: 'divide',
  integerOverflow: 'numeric',
  invalidConversion: 'numeric',
  memoryBounds: 'memory',
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
const importedGlobal: HostMaker = (store) => {
  const value = { type: I32, lo: IMPORTED_GLOBAL_VALUE, hi: 0, ref: undefined };
  return new Global(store, { value: I32, mutable: false }, value);
};

export const tswasmTarget: Target = {
  engine: tswasmEngine,
  variants: true,
  environment(session, log) {
    const { store } = session as TswasmSession;
    return new Map<string, EngineExtern>([
      ['log', logFunction(log)(store)],
      ['global', importedGlobal(store)],
    ]);
  },
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
  environment(session, log) {
    const migrating = session as MigrateSession;
    return new Map<string, EngineExtern>([
      ['log', migrating.fromHost('log', logFunction(log))],
      ['global', migrating.fromHost('global', importedGlobal)],
    ]);
  },
  memory: (memory) => tswasmTarget.memory((memory as Handle).now()!),
  table(table) {
    const { part } = table as Handle;
    const names = new Map<unknown, Handle>();
    for (const handle of part!.exports.values()) names.set(handle.now(), handle);
    return tswasmTarget.table((table as Handle).now()!).map((entry) => names.get(entry) ?? entry);
  },
};

/** `tswasm`, `host`, or one of the stopping engines (engines/index.ts). */
export function targetNamed(name: string): Target | undefined {
  const engine = engineNamed(name);
  if (engine === undefined || engine === nativeEngine) return engine && nativeTarget;
  return { ...(name.startsWith('migrate') ? migratingTarget : tswasmTarget), engine };
}
