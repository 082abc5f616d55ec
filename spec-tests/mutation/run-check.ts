/** A damaged module that is still valid: instantiated and run with little fuel, it may trap or fail to link, and nothing else. */
import type { ExternType, Module } from '../../src/decoder/index';
import { LinkError, RuntimeError } from '../../src/errors';
import { Execution, Store } from '../../src/interpreter/index';
import {
  defaultValue,
  type Extern,
  Func,
  Global,
  type Instance,
  instantiatePaused,
  Memory,
  Table,
} from '../../src/runtime/index';

const LIMITS = { maxMemoryBytes: 1 << 24, maxTableElements: 10_000, maxFrames: 500, maxSlots: 50_000 };
const FUEL = 300;

/** Something of that type. */
function provide(store: Store, type: ExternType): Extern {
  switch (type.kind) {
    case 'func':
      return Func.host(store, type.type, () => undefined);
    case 'memory':
      return new Memory(store, type.type);
    case 'table':
      return new Table(store, type.type);
    case 'global':
      return new Global(store, type.type, defaultValue(type.type.value));
    default:
      throw new LinkError('no such import');
  }
}

/** RangeError: a memory or table that cannot be had. */
function isAllowed(error: unknown): boolean {
  return error instanceof RuntimeError || error instanceof LinkError || error instanceof RangeError;
}

function runFunction(func: Func): void {
  const outcome = new Execution(func, func.type.params.map(defaultValue)).run({ fuel: FUEL });
  if (outcome.kind === 'trapped' && !(outcome.error instanceof RuntimeError)) throw outcome.error;
}

/** What must not happen, or undefined. */
export function checkRun(module: Module): string | undefined {
  try {
    const store = new Store(LIMITS);
    const instance: Instance = instantiatePaused(
      store,
      module,
      module.imports.map((item) => provide(store, item.type)),
    );
    if (instance.startFunc) runFunction(instance.startFunc);
    for (const item of instance.exports.values()) if (item instanceof Func) runFunction(item);
    return undefined;
  } catch (error) {
    if (isAllowed(error)) return undefined;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
