/** Import matching (spec "valid/matching"): whether what is given is what a module asks for. */
import {
  type ExternKind,
  externTypeName,
  type Import,
  type Limits,
  type Module,
  matches,
  valTypeName,
} from '../decoder';
import { printable, unlinkable } from '../errors';
import { Global, Tag } from './global';
import { type Extern, Func } from './instance';
import { Memory } from './memory';
import type { Store } from './store';
import { Table } from './table';

function matchLimits(given: { min: number; max: number | undefined }, wanted: Limits): boolean {
  if (given.min < wanted.min) return false;
  return wanted.max === undefined || (given.max !== undefined && given.max <= wanted.max);
}

function kindOf(name: string, given: Extern): ExternKind {
  if (given instanceof Func) return 'func';
  if (given instanceof Table) return 'table';
  if (given instanceof Memory) return 'memory';
  if (given instanceof Global) return 'global';
  if (given instanceof Tag) return 'tag';
  throw new TypeError(`import ${name}: expected a Func, Table, Memory, Global or Tag`);
}

/** What is given, as `externTypeName` shows what is wanted. Sizes are those of now. */
function givenName(given: Extern): string {
  if (given instanceof Func) return externTypeName({ kind: 'func', type: given.type });
  if (given instanceof Table)
    return externTypeName({ kind: 'table', type: { ...given.type, min: given.length } });
  if (given instanceof Memory)
    return externTypeName({ kind: 'memory', type: { ...given.type, min: given.pages } });
  if (given instanceof Global) return externTypeName({ kind: 'global', type: given.type });
  return externTypeName({ kind: 'tag', type: given.type });
}

/** What does not fit, if anything. Not `sized`: memories and tables will be as large as the module declares them. */
function mismatch(module: Module, { type }: Import, given: Extern, sized: boolean): string | undefined {
  if (given instanceof Func && type.kind === 'func') {
    if (given.typeId !== module.types[type.typeidx].id) return 'has another function type';
  } else if (given instanceof Table && type.kind === 'table') {
    const actual = given.type;
    if (actual.address !== type.type.address) return `has address type ${actual.address}`;
    if (actual.element !== type.type.element) return `holds ${valTypeName(actual.element)}`;
    if (!matchLimits({ min: sized ? given.length : type.type.min, max: actual.max }, type.type))
      return 'has other limits';
  } else if (given instanceof Memory && type.kind === 'memory') {
    const actual = given.type;
    if (actual.address !== type.type.address) return `has address type ${actual.address}`;
    if (actual.pageBits !== type.type.pageBits) return 'has another page size';
    if (actual.shared !== type.type.shared) return 'differs in being shared';
    if (!matchLimits({ min: sized ? given.pages : type.type.min, max: actual.max }, type.type))
      return 'has other limits';
  } else if (given instanceof Global && type.kind === 'global') {
    const actual = given.type;
    if (actual.mutable !== type.type.mutable) return `is ${actual.mutable ? '' : 'not '}mutable`;
    const fits = actual.mutable
      ? actual.value === type.type.value
      : matches(actual.value, type.type.value, module.types);
    if (!fits) return `holds ${valTypeName(actual.value)}`;
  }
  return undefined;
}

/** Throws a LinkError that tells of all imports that are missing or do not fit. */
export function checkImports(store: Store, module: Module, imports: readonly Extern[], sized: boolean): void {
  if (!Array.isArray(imports)) throw new TypeError("expected an array of imports, in the module's order");
  const problems: string[] = [];
  module.imports.forEach((wanted, k) => {
    const given: Extern | undefined = imports[k];
    const name = `"${printable(wanted.module)}" "${printable(wanted.name)}"`;
    const expected = `expected ${externTypeName(wanted.type)}`;
    if (given === undefined) {
      problems.push(`unknown import: ${name}: ${expected}`);
      return;
    }
    const kind = kindOf(name, given);
    if (!(given instanceof Tag) && given.store !== store) {
      throw new TypeError(`import ${name}: the ${kind} belongs to another store`);
    }
    const problem =
      kind === wanted.type.kind
        ? mismatch(module, wanted, given, sized)
        : `is a ${kind}, not a ${wanted.type.kind}`;
    if (problem === undefined) return;
    problems.push(`incompatible import type: ${name} ${problem}: ${expected}, not ${givenName(given)}`);
  });
  if (problems.length > 0) throw unlinkable(problems);
}
