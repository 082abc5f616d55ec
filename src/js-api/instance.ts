/** `WebAssembly.Instance`: reading the imports, instantiating, and the exports object. */

import { Module as CoreModule } from '../decoder/index';
import type { Import } from '../decoder/module';
import { type FuncType, I64, isRef, V128 } from '../decoder/types';
import { LinkError } from '../errors';
import {
  Instance as CoreInstance,
  type Extern,
  Func,
  Global,
  instantiatePaused,
  Memory,
  Table,
  Tag,
  type Value,
} from '../interpreter/index';
import type { Agent, AnyFunction } from './agent';
import { defineInterface, isObject } from './webidl';

/** Makes the interface objects of a core object that has none yet. */
export interface Wrappers {
  readonly Memory: new (core: Memory) => object;
  readonly Table: new (core: Table) => object;
  readonly Global: new (core: Global) => object;
  readonly Tag: new (core: Tag) => object;
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
    if (importObject !== undefined && !isObject(importObject)) {
      throw new TypeError('the imports argument must be an object');
    }
    if (module.imports.length > 0 && importObject === undefined) {
      throw new TypeError('the imports argument must be present and must be an object');
    }
    const strings = stringModuleOf(module);
    let functions = 0;
    return module.imports.map((entry, index) => {
      if (entry.type.kind === 'func') functions++;
      if (entry.module === strings) return importValue(entry, entry.name, index, 0);
      const namespace = (importObject as Properties)[entry.module];
      if (!isObject(namespace))
        throw new TypeError(`${describe(entry, index)}: module is not an object or function`);
      return importValue(entry, (namespace as Properties)[entry.name], index, functions - 1);
    });
  }

  function importValue(entry: Import, value: unknown, index: number, funcidx: number): Extern {
    const { type } = entry;
    const mismatch = (what: string): never => {
      throw new LinkError(`${describe(entry, index)}: ${what}`);
    };
    switch (type.kind) {
      case 'func':
        if (typeof value !== 'function') return mismatch('function import requires a callable');
        return importedFunction(entry, type.type, value as AnyFunction, funcidx);
      case 'global':
        return agent.core(value, Global) ?? importedConstant(entry, value, mismatch);
      case 'memory':
        return agent.core(value, Memory) ?? mismatch('memory import must be a WebAssembly.Memory object');
      case 'table':
        return agent.core(value, Table) ?? mismatch('table import requires a WebAssembly.Table');
      case 'tag':
        return agent.core(value, Tag) ?? mismatch('tag import requires a WebAssembly.Tag');
    }
  }

  function importedFunction(
    { module, name }: Import,
    type: FuncType,
    value: AnyFunction,
    funcidx: number,
  ): Func {
    return agent.core(value, Func) ?? agent.hostFunction(type, value, funcidx, `${module}.${name}`);
  }

  /** A value in the place of a global is a new constant global. */
  function importedConstant(entry: Import, value: unknown, mismatch: (what: string) => never): Global {
    if (entry.type.kind !== 'global') return mismatch('not a global');
    const type = entry.type.type.value;
    const expected = type === I64 ? 'bigint' : isRef(type) ? typeof value : 'number';
    if (type === V128 || typeof value !== expected)
      return mismatch(`global import must be a ${expected} or a WebAssembly.Global`);
    let converted: Value;
    try {
      converted = agent.toWasmValue(type, value);
    } catch (error) {
      return mismatch((error as Error).message);
    }
    return new Global(agent.store, { value: type, mutable: false }, converted);
  }

  /** "Create an exports object". */
  function createExports(core: CoreInstance): object {
    const exports = Object.create(null) as Properties;
    for (const { name } of core.module.exports) exports[name] = exported(core.exports.get(name)!);
    return Object.freeze(exports);
  }

  function exported(extern: Extern): object {
    if (extern instanceof Func) return agent.exportedFunction(extern);
    return agent.objectFor(extern, () => {
      if (extern instanceof Memory) return new wrappers.Memory(extern);
      if (extern instanceof Table) return new wrappers.Table(extern);
      return extern instanceof Global ? new wrappers.Global(extern) : new wrappers.Tag(extern);
    });
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
      const core = module instanceof CoreInstance ? module : instantiateObject(module, importObject);
      exportsObjects.set(core, createExports(core));
      agent.remember(core, this);
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
function allocateInstance(agent: Agent, module: CoreModule, imports: readonly Extern[]): CoreInstance {
  try {
    return instantiatePaused(agent.store, module, imports);
  } catch (error) {
    const { cause } = error as Error;
    throw cause instanceof RangeError ? cause : error;
  }
}

function describe({ module, name }: Import, index: number): string {
  return `import #${index} ${JSON.stringify(module)} ${JSON.stringify(name)}`;
}
