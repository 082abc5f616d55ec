/** Instantiation (spec "exec/modules"): imports are matched, then an instance is made and its segments are written. */
import { type ExternType, type Import, type Limits, type Module, matches, valTypeName } from '../decoder';
import { printable, unlinkable } from '../errors';
import { Global, Tag } from './global';
import { type Extern, Func, Instance } from './instance';
import { Memory } from './memory';
import type { Store } from './store';
import { Table } from './table';

function matchLimits(given: { min: number; max: number | undefined }, wanted: Limits): boolean {
  if (given.min < wanted.min) return false;
  return wanted.max === undefined || (given.max !== undefined && given.max <= wanted.max);
}

function externKind(name: string, given: Extern): ExternType['kind'] {
  if (given instanceof Func) return 'func';
  if (given instanceof Table) return 'table';
  if (given instanceof Memory) return 'memory';
  if (given instanceof Global) return 'global';
  if (given instanceof Tag) return 'tag';
  throw new TypeError(`import ${name}: expected a Func, Table, Memory, Global or Tag`);
}

/** Import matching (spec "valid/matching"). Not `sized`: memories and tables will be as large as the module declares them. */
function checkImport(
  store: Store,
  module: Module,
  wanted: Import,
  given: Extern | undefined,
  sized: boolean,
): void {
  const name = `"${printable(wanted.module)}" "${printable(wanted.name)}"`;
  if (given === undefined) throw unlinkable(`unknown import: ${name}`);
  const { type } = wanted;
  const fail = (detail: string): never => {
    throw unlinkable(`incompatible import type: ${name} ${detail}`);
  };
  const kind = externKind(name, given);
  if (!(given instanceof Tag) && given.store !== store) {
    throw new TypeError(`import ${name}: the ${kind} belongs to another store`);
  }
  if (kind !== type.kind) fail(`is a ${kind}, not a ${type.kind}`);
  if (given instanceof Func && type.kind === 'func') {
    if (!given.isOf(module.types[type.typeidx].id)) fail('has another function type');
  } else if (given instanceof Table && type.kind === 'table') {
    const actual = given.type;
    if (actual.address !== type.type.address) fail(`has address type ${actual.address}`);
    if (actual.element !== type.type.element) fail(`holds ${valTypeName(actual.element)}`);
    if (!matchLimits({ min: sized ? given.length : type.type.min, max: actual.max }, type.type))
      fail('has other limits');
  } else if (given instanceof Memory && type.kind === 'memory') {
    const actual = given.type;
    if (actual.address !== type.type.address) fail(`has address type ${actual.address}`);
    if (actual.pageBits !== type.type.pageBits) fail('has another page size');
    if (actual.shared !== type.type.shared) fail('differs in being shared');
    if (!matchLimits({ min: sized ? given.pages : type.type.min, max: actual.max }, type.type))
      fail('has other limits');
  } else if (given instanceof Global && type.kind === 'global') {
    const actual = given.type;
    if (actual.mutable !== type.type.mutable) fail(`is ${actual.mutable ? '' : 'not '}mutable`);
    const fits = actual.mutable ? actual.value === type.type.value : matches(actual.value, type.type.value);
    if (!fits) fail(`holds ${valTypeName(actual.value)}`);
  }
}

function checkImports(store: Store, module: Module, imports: readonly Extern[], sized: boolean): void {
  if (!Array.isArray(imports)) throw new TypeError("expected an array of imports, in the module's order");
  module.imports.forEach((wanted, k) => {
    checkImport(store, module, wanted, imports[k], sized);
  });
}

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
  instance.startFunc?.callRaw([]);
  return instance;
}
