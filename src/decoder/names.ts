/**
 * The name section (spec appendix "Custom Sections", with the subsections of the extended-name-section proposal). Names are a help, never a
 * reason to reject: what does not decode is left out.
 */
import { CompileError } from '../errors';
import type { ByteRange, NameMap, Names } from './module';
import { Reader } from './reader';

/** By the subsections' ids: the module's name, names by index, and those that are INDIRECT. */
const SUBSECTIONS = [
  ...(['module', 'functions', 'locals', 'labels', 'types', 'tables', 'memories', 'globals'] as const),
  ...(['elements', 'datas', 'fields', 'tags'] as const),
] satisfies (keyof Names)[];
/** Names by index inside of another index. */
const INDIRECT: readonly (keyof Names)[] = ['locals', 'labels', 'fields'];

export function readNames(bytes: Uint8Array, section: ByteRange | undefined): Names {
  let module: string | undefined;
  const [, ...spaces] = SUBSECTIONS;
  const maps = Object.fromEntries(spaces.map((space) => [space, new Map()])) as Maps;
  if (section === undefined) return { module, ...maps };
  const r = new Reader(bytes, section.start, section.end);
  try {
    while (r.pos < section.end) {
      const space = SUBSECTIONS[r.u8()] as keyof Names | undefined;
      const size = r.count();
      const end = r.pos + size;
      // A subsection ends where it says: one that read on would let the next ones read the same bytes again, thousands of times.
      const contents = new Reader(bytes, r.pos, Math.min(end, section.end));
      if (space === 'module') module = contents.name();
      else if (space !== undefined) {
        if (INDIRECT.includes(space)) readIndirectNameMap(contents, maps[space]);
        else readNameMap(contents, maps[space]);
      }
      r.pos = end;
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return { module, ...maps };
}

/** Of names, or of maps of names. */
// biome-ignore lint/suspicious/noExplicitAny: INDIRECT says which.
type Maps = Record<Exclude<keyof Names, 'module'>, Map<number, any>>;

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
