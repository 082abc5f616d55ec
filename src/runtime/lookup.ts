/** Imports as people have them: by name, or looked up. Knows nothing of stores: functions and numbers stay what they are. */
import { checkClass, shown } from '../checks';
import { type ExternType, externTypeName, type Import, Module } from '../decoder';
import { printable, unlinkable } from '../errors';
import type { JsFunction } from './exports';
import type { Extern } from './instance';
import type { JsNumber } from './values';

/**
 * What stands for one import: something of the store, a function of JavaScript (with the JS API's conversions; when it returns a promise,
 * the guest waits for it), or the value of a constant global.
 */
/** What may be given for an import. */
export type ImportValue = Extern | JsFunction | JsNumber;

/** By the names of module and import: `{ host: { log: (pointer, length) => {} }, library: instance.exports }`. */
export type ImportsByName = Readonly<
  Record<string, Readonly<Record<string, ImportValue>> | ReadonlyMap<string, ImportValue>>
>;

/** Looks an import up (`type` is what the module asks for); undefined when it does not know it. */
export type ImportLookup = (module: string, name: string, type: ExternType) => ImportValue | undefined;

/** Where imports are found. */
export type ImportSource = ImportsByName | ImportLookup;

/** What a module imports: in its order, or by name. */
/** Imports, by name or in the order of the module. */
export type Imports = readonly ImportValue[] | ImportsByName;

/**
 * What the module imports, in its order, from objects by name and from functions that look one up. When several know an import, the last
 * one wins. Throws a LinkError that lists all that is missing.
 */
export function imports(module: Module, ...sources: readonly ImportSource[]): ImportValue[] {
  return findImports(module, sources, () => undefined);
}

/** @internal `hint` says why an import is missing, where that is known. */
export function findImports(
  module: Module,
  sources: readonly ImportSource[],
  hint: (missing: Import) => string | undefined,
): ImportValue[] {
  const found = lookUp(module, sources);
  const missing = module.imports.filter((_, k) => found[k] === undefined);
  if (missing.length > 0) throw unlinkable(missing.map((wanted) => unknownImport(wanted, hint(wanted))));
  return found as ImportValue[];
}

/** @internal The same with undefined for what is missing. */
export function lookUp(module: Module, sources: readonly ImportSource[]): (ImportValue | undefined)[] {
  checkClass('the module', module, Module, 'Module');
  const lookups = sources.map(lookupOf).reverse();
  return module.imports.map(({ module: from, name, type }) => {
    for (const lookup of lookups) {
      const value = lookup(from, name, type);
      if (value !== undefined) return value;
    }
    return undefined;
  });
}

/** One source of imports as a function. Only an object's own properties count: a module may ask for `constructor`. */
function lookupOf(source: ImportSource): ImportLookup {
  if (typeof source === 'function') return source;
  if (typeof source !== 'object' || source === null) {
    throw new TypeError(
      `imports: expected an object such as { host: { log: (value) => {} } }, not ${shown(source)}`,
    );
  }
  return (module, name) => {
    if (!Object.hasOwn(source, module)) return undefined;
    const values = source[module];
    if ((typeof values !== 'object' && typeof values !== 'function') || values === null) {
      throw new TypeError(`imports: expected an object at "${printable(module)}", not ${shown(values)}`);
    }
    if (values instanceof Map) return values.get(name);
    return Object.hasOwn(values, name) ? (values as Readonly<Record<string, ImportValue>>)[name] : undefined;
  };
}

/** An import in messages. */
export function importName({ module, name }: Import): string {
  return `"${printable(module)}" "${printable(name)}"`;
}

/** That it is missing; `hint` says why nobody can know it. */
export function unknownImport(wanted: Import, hint?: string): string {
  return `unknown import: ${importName(wanted)}: ${hint ?? `expected ${externTypeName(wanted.type)}`}`;
}
