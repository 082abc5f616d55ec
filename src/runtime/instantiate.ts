/** Instantiation (spec "exec/modules"): imports are matched, then an instance is made and its segments are written. */

import type { Module } from '../decoder';
import { blameCaller } from '../errors';
import type { UntypedExports } from './exports';
import { Instance } from './instance';
import type { Imports } from './lookup';
import { checkImports } from './matching';
import type { Store } from './store';

/**
 * @internal An instance without its contents: its segments are neither written nor dropped, and what it imports may yet be smaller than it
 * asks for. A snapshot gives all of that (src/snapshot/store.ts).
 */
export function allocateInstance(store: Store, module: Module, imports: Imports): Instance {
  return new Instance(store, module, checkImports(store, module, imports, false));
}

/** Whether instantiation may put functions into tables that others hold, which keep the instance reachable when it fails. */
function sharesFunctions({ elements, tables, tableDefs }: Module): boolean {
  const imported = tables.length - tableDefs.length;
  return elements.some(({ mode, table }) => mode === 'active' && table < imported);
}

/** @internal An instance whose imports match and whose segments are still to be written. */
export function linkInstance(store: Store, module: Module, imports: Imports): Instance {
  return new Instance(store, module, checkImports(store, module, imports, true));
}

/** Instantiates up to, but without, the start function (spec "exec/modules", "instantiation"). Imports as `instantiate` takes them. */
export function instantiatePaused<E extends object = UntypedExports>(
  store: Store,
  module: Module,
  imports: Imports = [],
): Instance<E> {
  let instance: Instance<E> | undefined;
  try {
    instance = linkInstance(store, module, imports) as Instance<E>;
    store.machine.warm();
    instance.initialize();
  } catch (error) {
    if (instance !== undefined && !sharesFunctions(module)) instance.release();
    blameCaller(error, instantiatePaused);
    throw error;
  }
  return instance;
}

/**
 * Instantiates and runs the start function to its end. Imports are given by name, or in the module's order; functions of JavaScript among
 * them are made functions of the store. Throws `LinkError`, or `RuntimeError` for a trap. `E` tells TypeScript what the module exports.
 */
export function instantiate<E extends object = UntypedExports>(
  store: Store,
  module: Module,
  imports: Imports = [],
): Instance<E> {
  let instance: Instance<E>;
  try {
    instance = instantiatePaused<E>(store, module, imports);
  } catch (error) {
    blameCaller(error, instantiate);
    throw error;
  }
  if (instance.startFunc !== undefined) store.machine.invoke(instance.startFunc, [], instantiate);
  return instance;
}
