/** What cannot run natively, and why: modules whose types the host's engine does not take, and functions with certain calls. */
import { canonicalFuncType, type FuncType, isRef, OP, Reader } from '../../decoder';
import type { ModuleData } from '../../decoder/module';
import type { Callee } from '../../decoder/walk';
import { STATE_PARAMS, STATE_RESULTS } from './state';

/** Each has a way out in the main module, which is made in one go: some microseconds. */
const MOST_FUNCTIONS = 40_000;
/** Bytes of code of a function, and of a group with the quiet functions that it needs. */
export const MOST_CODE = 2 ** 18;

/** Parameters of a function in the host's engine, and results: V8's limit. */
const MOST_VALUES = 1000;
function isWide({ params, results }: FuncType): boolean {
  return (
    params.length + STATE_PARAMS.length > MOST_VALUES || results.length + STATE_RESULTS.length > MOST_VALUES
  );
}

/** Thrown in the middle of a function that cannot run natively. */
export class NotNative extends Error {}

const refused = new WeakMap<ModuleData, { readonly why: string | undefined }>();
/** Types that make a module impossible in the host's engine, or in how this tier uses it. */
export function whyNotModule(module: ModuleData): string | undefined {
  let found = refused.get(module);
  if (found === undefined) {
    found = { why: refusalOf(module) };
    refused.set(module, found);
  }
  return found.why;
}

function refusalOf(module: ModuleData): string | undefined {
  const { memories, tables, types } = module;
  if (memories.length > 1) return 'it has several memories';
  if (memories.some(({ address }) => address === 'i64')) return 'its memory has 64-bit addresses';
  if (memories.some(({ pageBits }) => pageBits !== 16)) return 'its memory has pages of another size';
  if (tables.some(({ address }) => address === 'i64')) return 'it has a table with 64-bit indices';
  if (types.some(({ composite: { func } }) => isWide(func)))
    return 'it has a function type with too many values';
  if (module.funcTypes.length > MOST_FUNCTIONS) return `it has more than ${MOST_FUNCTIONS} functions`;
  return undefined;
}

const unplain = new WeakMap<ModuleData, ReadonlySet<number>>();
/** Types that the host's engine takes for others: references are all of one type there, and supertypes unknown. */
export function unplainTypes(module: ModuleData): ReadonlySet<number> {
  let found = unplain.get(module);
  if (found === undefined) {
    const indices = Array.from(module.types.keys()).filter((k) => !isPlain(module, k));
    found = new Set(indices);
    unplain.set(module, found);
  }
  return found;
}
function isPlain({ types }: ModuleData, typeidx: number): boolean {
  const { composite, id } = types[typeidx];
  return isPlainType(composite.func, id);
}
/** By canonical id. */
const plain = new Map<number, boolean>();
/** Whether a function type with this canonical id is one that the host's engine tells from all others. */
export function isPlainType(type: FuncType, id: number): boolean {
  let found = plain.get(id);
  if (found === undefined) {
    found = ![...type.params, ...type.results].some(isRef) && id === canonicalFuncType(type);
    plain.set(id, found);
  }
  return found;
}

/** Calls whose callee the instruction does not name, by dense id. */
const CALLEES: (Exclude<Callee['kind'], 'func'> | undefined)[] = [];
CALLEES[OP.call_indirect] = CALLEES[OP.return_call_indirect] = 'type';
CALLEES[OP.call_ref] = CALLEES[OP.return_call_ref] = 'ref';

/** Why a function that makes such a call cannot run natively. */
export function whyNotCall(module: ModuleData, callee: Callee): string | undefined {
  if (callee.kind === 'ref') return 'it calls by reference';
  if (callee.kind === 'func' || !unplainTypes(module).has(callee.typeidx)) return undefined;
  return 'it calls indirectly by a type with references';
}

/** The same of an instruction that does not name its callee, with immediates at this offset. */
export function whyNotUnnamed(module: ModuleData, op: number, immediates: number): string | undefined {
  const kind = CALLEES[op];
  if (kind === undefined) return undefined;
  const typeidx = new Reader(module.bytes, immediates).u32();
  return whyNotCall(module, kind === 'ref' ? { kind, typeidx } : { kind, typeidx, tableidx: -1 });
}
