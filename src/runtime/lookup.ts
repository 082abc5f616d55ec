/** Imports as people have them: by name, or looked up. Knows nothing of stores: functions and numbers stay what they are. */
import { checkClass, shown } from '../checks';
import { type ExternType, funcTypeName, type Import, Module, valTypeName } from '../decoder';
import { LinkError, printable } from '../errors';
import type { JsFunction } from './exports';
import type { Extern } from './instance';
import type { JsNumber } from './values';

/**
 * What stands for one import: something of the store, a function of JavaScript (with the JS API's conversions; when it returns a promise,
 * the guest waits for it), or the value of a constant global.
 */
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
export type Imports = readonly ImportValue[] | ImportsByName;

/**
 * What the module imports, in its order, from objects by name and from functions that look one up. When several know an import, the last
 * one wins. Throws a LinkError that lists all that is missing.
 */
export function imports(module: Module, ...sources: readonly ImportSource[]): ImportValue[] {
  return findImports(module, sources, () => '');
}

/** @internal `hint` says more about an import that is missing. */
export function findImports(
  module: Module,
  sources: readonly ImportSource[],
  hint: (missing: Import) => string,
): ImportValue[] {
  checkClass('the module', module, Module, 'Module');
  const lookups = sources.map(lookupOf).reverse();
  const missing: Import[] = [];
  const found = module.imports.map((wanted) => {
    for (const lookup of lookups) {
      const value = lookup(wanted.module, wanted.name, wanted.type);
      if (value !== undefined) return value;
    }
    missing.push(wanted);
    return 0;
  });
  if (missing.length > 0) throw new LinkError(missingText(missing, hint));
  return found;
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

/** What an import must be, in a message: `function [i32] -> []`. */
export function externTypeName(type: ExternType): string {
  switch (type.kind) {
    case 'func':
      return `function ${funcTypeName(type.type)}`;
    case 'table':
      return `table of ${valTypeName(type.type.element)}`;
    case 'memory':
      return `memory of ${type.type.min} pages or more`;
    case 'global':
      return `${type.type.mutable ? 'mutable ' : ''}global ${valTypeName(type.type.value)}`;
    case 'tag':
      return `tag ${funcTypeName(type.type)}`;
  }
}

/** As many missing imports as a message lists. */
const MAX_LISTED = 50;

function missingText(missing: readonly Import[], hint: (missing: Import) => string): string {
  const lines = missing.slice(0, MAX_LISTED).map((wanted) => {
    const { module, name, type } = wanted;
    return `"${printable(module)}" "${printable(name)}" (${externTypeName(type)})${hint(wanted)}`;
  });
  if (lines.length === 1) return `unknown import: ${lines[0]}`;
  if (missing.length > MAX_LISTED) lines.push(`and ${missing.length - MAX_LISTED} more`);
  return `${missing.length} unknown imports:\n  ${lines.join('\n  ')}`;
}
