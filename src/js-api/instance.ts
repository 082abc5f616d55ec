/** `WebAssembly.Instance`: reading the imports, instantiating, and the exports object. */

import { Module as CoreModule } from '../decoder/index';
import type { Import } from '../decoder/module';
import { type ExternKind, externTypeName, I64, isRef, type ValType } from '../decoder/types';
import { blameCaller, LinkError, printable } from '../errors';
import { addCallers } from '../interpreter/trace';
import {
  Instance as CoreInstance,
  type Extern,
  Func,
  Global,
  instantiatePaused,
  Memory,
  Table,
  Tag,
} from '../runtime/index';
import { type Agent, type AnyFunction, isOpaque } from './agent';
import { defineInterface, isObject } from './webidl';

/** The core's class and the name of the interface object for each kind of import and export. */
const CLASSES = {
  func: [Func, 'Function'],
  global: [Global, 'Global'],
  memory: [Memory, 'Memory'],
  table: [Table, 'Table'],
  tag: [Tag, 'Tag'],
} as const;

/** Makes the interface objects of a core object that has none yet. */
export interface Wrappers {
  readonly Memory: new (core: Extern) => object;
  readonly Table: new (core: Extern) => object;
  readonly Global: new (core: Extern) => object;
  readonly Tag: new (core: Extern) => object;
}

type Properties = Record<string, unknown>;

export function createInstance(
  agent: Agent,
  wrappers: Wrappers,
  stringModuleOf: (core: CoreModule) => string | undefined,
) {
  const exportsObjects = new WeakMap<CoreInstance, object>();

  /** "Read the imports". Their types are checked afterwards, by `instantiate`. */
  function readImports(module: CoreModule, importObject: unknown): Extern[] {
    if (importObject === undefined ? module.imports.length > 0 : !isObject(importObject)) {
      throw new TypeError('the imports argument must be an object');
    }
    const strings = stringModuleOf(module);
    let functions = 0;
    const read = (entry: Import, index: number): Extern => {
      if (entry.type.kind === 'func') functions++;
      if (entry.module === strings) return importValue(entry, entry.name, index, 0);
      const namespace = (importObject as Properties)[entry.module];
      if (!isObject(namespace)) throw new TypeError(`${describe(entry, index)}: the module is no object`);
      return importValue(entry, (namespace as Properties)[entry.name], index, functions - 1);
    };
    return module.imports.map((entry, index) => {
      try {
        return read(entry, index);
      } catch (error) {
        if (error instanceof LinkError || error instanceof TypeError) {
          for (const other of missingAfter(module, index, importObject, strings))
            error.message += `\n${other}`;
        }
        throw error;
      }
    });
  }

  function importValue(entry: Import, value: unknown, index: number, funcidx: number): Extern {
    const { module, name, type } = entry;
    const [coreClass, className] = CLASSES[type.kind];
    const core = agent.core<Extern>(value, coreClass);
    if (core) return core;
    try {
      if (type.kind === 'func' && typeof value === 'function') {
        return agent.hostFunction(type.type, value as AnyFunction, funcidx, `${module}.${name}`);
      }
      if (type.kind === 'global') return constantGlobal(type.type.value, value);
    } catch {
      // ToWebAssemblyValue failed.
    }
    const wanted = type.kind === 'func' ? 'function' : `WebAssembly.${className}`;
    throw new LinkError(`${describe(entry, index)} must be a ${wanted}: expected ${externTypeName(type)}`);
  }

  /** A value in the place of a global is a new constant global. */
  function constantGlobal(type: ValType, value: unknown): Global {
    const expected = type === I64 ? 'bigint' : isRef(type) ? typeof value : 'number';
    if (isOpaque(type) || typeof value !== expected) throw new TypeError();
    return new Global(agent.store, { value: type, mutable: false }, agent.toWasmValue(type, value));
  }

  /** "Create an exports object". */
  function createExports(core: CoreInstance): object {
    const exports = Object.create(null) as Properties;
    for (const entry of core.module.exports) exports[entry.name] = exported(core.exported(entry), entry.kind);
    return Object.freeze(exports);
  }

  function exported(extern: Extern, kind: ExternKind): object {
    if (extern instanceof Func) return agent.exportedFunction(extern);
    const name = CLASSES[kind][1] as keyof Wrappers;
    return agent.objectFor(extern, () => new wrappers[name](extern));
  }

  /** "Instantiate the core of a WebAssembly module". */
  function instantiateCore(module: CoreModule, imports: readonly Extern[]): CoreInstance {
    const core = allocateInstance(agent, module, imports);
    if (core.startFunc) agent.exportedFunction(core.startFunc)();
    return core;
  }

  class Instance {
    /** A module object and its imports, or a core instance to wrap. */
    constructor(module: unknown, importObject?: unknown) {
      try {
        const core = module instanceof CoreInstance ? module : instantiateObject(module, importObject);
        exportsObjects.set(core, createExports(core));
        // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
        return agent.adopt(core, this);
      } catch (error) {
        addCallers(error, Instance);
        blameCaller(error, Instance);
        throw error;
      }
    }

    get exports(): object {
      return exportsObjects.get(agent.slot(this, CoreInstance, 'Instance'))!;
    }
  }

  function instantiateObject(module: unknown, importObject: unknown): CoreInstance {
    const core = agent.slot(module, CoreModule, 'Module');
    return instantiateCore(core, readImports(core, importObject));
  }

  defineInterface(Instance, 'Instance', 1);
  return { Instance, readImports, instantiateCore };
}

/** Instantiates up to the start function. A memory or table that is too large is a RangeError, as in their constructors. */
export function allocateInstance(agent: Agent, module: CoreModule, imports: readonly Extern[]): CoreInstance {
  try {
    return instantiatePaused(agent.store, module, imports);
  } catch (error) {
    const { cause } = error as Error;
    throw cause instanceof RangeError ? cause : error;
  }
}

function describe({ module, name }: Import, index: number): string {
  return `import #${index} "${printable(module)}" "${printable(name)}"`;
}

/**
 * Imports behind the one that failed for which nothing is given, either. The specification has stopped reading: no getter of the user's
 * runs here, so properties with getters, and inherited ones, count as given.
 */
function* missingAfter(
  { imports }: CoreModule,
  failed: number,
  importObject: unknown,
  strings: string | undefined,
): Generator<string> {
  for (let index = failed + 1; index < imports.length; index++) {
    const entry = imports[index];
    if (entry.module === strings) continue;
    const namespace = isObject(importObject) ? plainValue(importObject, entry.module) : undefined;
    const given = isObject(namespace) ? plainValue(namespace, entry.name) : namespace;
    if (given !== undefined) continue;
    yield `${describe(entry, index)} is missing: expected ${externTypeName(entry.type)}`;
  }
}

function plainValue(object: object, name: string): unknown {
  if (!(Object.getPrototypeOf(object) === Object.prototype || Object.getPrototypeOf(object) === null))
    return object;
  const property = Object.getOwnPropertyDescriptor(object, name);
  return property === undefined || 'value' in property ? property?.value : object;
}
