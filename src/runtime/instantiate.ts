/** Instantiation (spec "exec/modules"): imports are matched, then an instance is made and its segments are written. */
import type { Module } from '../decoder';
import { checkImports } from './imports';
import { type Extern, Instance } from './instance';
import type { Store } from './store';

/**
 * @internal An instance without its contents: its segments are neither written nor dropped, and what it imports may yet be smaller than it
 * asks for. A snapshot gives all of that (src/snapshot/store.ts).
 */
export function allocateInstance(store: Store, module: Module, imports: readonly Extern[]): Instance {
  checkImports(store, module, imports, false);
  return new Instance(store, module, imports.slice(0, module.imports.length));
}

/** Whether instantiation may put functions into tables that others hold, which keep the instance reachable when it fails. */
function sharesFunctions({ elements, tables, tableDefs }: Module): boolean {
  const imported = tables.length - tableDefs.length;
  return elements.some(({ mode, table }) => mode === 'active' && table < imported);
}

/** @internal An instance whose imports match and whose segments are still to be written. */
export function linkInstance(store: Store, module: Module, imports: readonly Extern[]): Instance {
  checkImports(store, module, imports, true);
  return new Instance(store, module, imports.slice(0, module.imports.length));
}

/** Instantiates up to, but without, the start function (spec "exec/modules", "instantiation"). Imports in the module's order. */
export function instantiatePaused(store: Store, module: Module, imports: readonly Extern[]): Instance {
  const instance = linkInstance(store, module, imports);
  store.machine.warm();
  try {
    instance.initialize();
  } catch (error) {
    if (!sharesFunctions(module)) instance.release();
    throw error;
  }
  return instance;
}

/** Instantiates and runs the start function to its end. Throws `LinkError`, or `RuntimeError` for a trap. */
export function instantiate(store: Store, module: Module, imports: readonly Extern[]): Instance {
  const instance = instantiatePaused(store, module, imports);
  if (instance.startFunc !== undefined) store.machine.invoke(instance.startFunc, [], instantiate);
  return instance;
}
