/** The imports of an instantiation: functions of JavaScript and numbers become functions and globals of the store. */
import { checkClass } from '../checks';
import { I64, type Import, isRef, Module } from '../decoder';
import type { UntypedFunction } from './exports';
import { Global } from './global';
import { Func, jsCallback } from './instance';
import { type Imports, type ImportsByName, lookUp } from './lookup';
import { Store } from './store';
import { fromJs } from './values';

/** @internal The imports in the module's order, with functions and numbers made into functions and globals of the store. */
export function externsOf(store: Store, module: Module, given: Imports): unknown[] {
  checkClass('the store', store, Store, 'Store');
  checkClass('the module', module, Module, 'Module');
  const list: readonly unknown[] = Array.isArray(given) ? given : lookUp(module, [given as ImportsByName]);
  return module.imports.map((wanted, k) => externOf(store, wanted, list[k]));
}

/** @internal The same for one import. What cannot stand for it is given back. */
export function externOf(store: Store, { module, name, type }: Import, value: unknown): unknown {
  if (type.kind === 'func' && typeof value === 'function') {
    const fn = value as UntypedFunction;
    return Func.host(store, type.type, jsCallback(type.type, fn, true), `${module}.${name}`);
  }
  if (type.kind !== 'global' || type.type.mutable || isRef(type.type.value)) return value;
  const { value: wanted } = type.type;
  if (typeof value !== (wanted === I64 ? 'bigint' : 'number')) return value;
  return new Global(store, type.type, fromJs(wanted, value));
}
