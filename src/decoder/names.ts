/**
 * The name section (spec appendix "Custom Sections", with the subsections of the extended-name-section proposal). Names are a help, never a
 * reason to reject: what does not decode is left out.
 */
import { CompileError } from '../errors';
import type { ByteRange, NameMap, Names } from './module';
import { Reader } from './reader';

/** What a subsection holds: the module's name, names by index, or names by index inside of another index. */
type Subsection =
  | { readonly kind: 'module' }
  | { readonly kind: 'direct'; readonly of: NameSpace }
  | { readonly kind: 'indirect'; readonly of: IndirectNameSpace };
type NameSpace = { [K in keyof Names]: Names[K] extends NameMap ? K : never }[keyof Names];
type IndirectNameSpace = Exclude<keyof Names, NameSpace | 'module'>;

/** By the subsections' ids. */
const SUBSECTIONS: readonly Subsection[] = [
  { kind: 'module' },
  { kind: 'direct', of: 'functions' },
  { kind: 'indirect', of: 'locals' },
  { kind: 'indirect', of: 'labels' },
  { kind: 'direct', of: 'types' },
  { kind: 'direct', of: 'tables' },
  { kind: 'direct', of: 'memories' },
  { kind: 'direct', of: 'globals' },
  { kind: 'direct', of: 'elements' },
  { kind: 'direct', of: 'datas' },
  { kind: 'indirect', of: 'fields' },
  { kind: 'direct', of: 'tags' },
];

export function readNames(bytes: Uint8Array, section: ByteRange | undefined): Names {
  let module: string | undefined;
  const maps = {
    functions: new Map<number, string>(),
    locals: new Map<number, NameMap>(),
    labels: new Map<number, NameMap>(),
    types: new Map<number, string>(),
    tables: new Map<number, string>(),
    memories: new Map<number, string>(),
    globals: new Map<number, string>(),
    elements: new Map<number, string>(),
    datas: new Map<number, string>(),
    fields: new Map<number, NameMap>(),
    tags: new Map<number, string>(),
  } satisfies Omit<{ [K in keyof Names]: Names[K] }, 'module'>;
  if (section === undefined) return { module, ...maps };
  const r = new Reader(bytes, section.start, section.end);
  try {
    while (r.pos < section.end) {
      const subsection = SUBSECTIONS[r.u8()];
      const size = r.count();
      const end = r.pos + size;
      // A subsection ends where it says: one that read on would let the next ones read the same bytes again, thousands of times.
      const contents = new Reader(bytes, r.pos, Math.min(end, section.end));
      if (subsection?.kind === 'module') module = contents.name();
      else if (subsection?.kind === 'direct') readNameMap(contents, maps[subsection.of]);
      else if (subsection !== undefined) readIndirectNameMap(contents, maps[subsection.of]);
      r.pos = end;
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return { module, ...maps };
}

function readNameMap(r: Reader, names: Map<number, string>): void {
  for (let count = r.count(); count > 0; count--) {
    const index = r.u32();
    names.set(index, r.name());
  }
}

function readIndirectNameMap(r: Reader, all: Map<number, NameMap>): void {
  for (let count = r.count(); count > 0; count--) {
    const index = r.u32();
    const names = new Map<number, string>();
    all.set(index, names);
    readNameMap(r, names);
  }
}
