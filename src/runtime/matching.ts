/** Import matching (spec "valid/matching"): whether what is given is what a module asks for. */

import { notOf } from '../checks';
import {
  type ExternKind,
  externTypeName,
  type Import,
  type Limits,
  type Module,
  matches,
  valTypeName,
} from '../decoder';
import { unlinkable } from '../errors';
import { Tag } from './exception';
import { Global } from './global';
import { externsOf } from './imports';
import { type Extern, Func } from './instance';
import { type Imports, importName, unknownImport } from './lookup';
import { Memory } from './memory';
import type { Store } from './store';
import { Table } from './table';

function matchLimits(given: { min: number; max: number | undefined }, wanted: Limits): boolean {
  if (given.min < wanted.min) return false;
  return wanted.max === undefined || (given.max !== undefined && given.max <= wanted.max);
}

function kindOf(name: string, given: Extern): ExternKind {
  for (const known of [Func, Table, Memory, Global, Tag])
    if (given instanceof known) return given.externType.kind;
  throw notOf(`import ${name}`, given, 'Func', 'Table', 'Memory', 'Global', 'Tag');
}

/** `min`: what it has now; undefined when that does not count. */
function sizeMismatch({ address, max }: Limits, wanted: Limits, min = wanted.min): string | undefined {
  if (address !== wanted.address) return `has address type ${address}`;
  return matchLimits({ min, max }, wanted) ? undefined : 'has other limits';
}

/** What does not fit, if anything. Not `sized`: memories and tables will be as large as the module declares them. */
function mismatch(module: Module, { type }: Import, given: Extern, sized: boolean): string | undefined {
  if (given instanceof Func && type.kind === 'func') {
    if (!given.isOf(module.types[type.typeidx].id)) return 'has another function type';
  } else if (given instanceof Table && type.kind === 'table') {
    const { element } = given.type;
    if (element !== type.type.element) return `holds ${valTypeName(element)}`;
    return sizeMismatch(given.type, type.type, sized ? given.length : undefined);
  } else if (given instanceof Memory && type.kind === 'memory') {
    const { pageBits, shared } = given.type;
    if (pageBits !== type.type.pageBits) return 'has another page size';
    if (shared !== type.type.shared) return 'differs in being shared';
    return sizeMismatch(given.type, type.type, sized ? given.pages : undefined);
  } else if (given instanceof Global && type.kind === 'global') {
    const actual = given.type;
    if (actual.mutable !== type.type.mutable) return `is ${actual.mutable ? '' : 'not '}mutable`;
    const fits = actual.mutable ? actual.value === type.type.value : matches(actual.value, type.type.value);
    if (!fits) return `holds ${valTypeName(actual.value)}`;
  } else if (given instanceof Tag && type.kind === 'tag') {
    if (given.typeId !== module.types[type.typeidx].id) return 'has another tag type';
  }
  return undefined;
}

/** The imports in the module's order. Throws a LinkError that tells of all that are missing or do not fit. */
export function checkImports(store: Store, module: Module, imports: Imports, sized: boolean): Extern[] {
  const externs = externsOf(store, module, imports) as (Extern | undefined)[];
  const problems: string[] = [];
  module.imports.forEach((wanted, k) => {
    const given = externs[k];
    if (given === undefined) {
      problems.push(unknownImport(wanted));
      return;
    }
    const name = importName(wanted);
    const kind = kindOf(name, given);
    if (!(given instanceof Tag) && given.store !== store) {
      throw new TypeError(`import ${name}: the ${kind} belongs to another store`);
    }
    const problem =
      kind === wanted.type.kind
        ? mismatch(module, wanted, given, sized)
        : `is a ${kind}, not a ${wanted.type.kind}`;
    if (problem === undefined) return;
    const expected = externTypeName(wanted.type);
    problems.push(
      `incompatible import type: ${name} ${problem}: expected ${expected}, not ${externTypeName(given.externType)}`,
    );
  });
  if (problems.length > 0) throw unlinkable(problems);
  return externs as Extern[];
}
