/** The name section (spec appendix "Custom Sections"). Names are a help, never a reason to reject: what does not decode is left out. */
import { CompileError } from '../errors';
import type { ByteRange, Names } from './module';
import { Reader } from './reader';

const MODULE = 0;
const FUNCTIONS = 1;
const LOCALS = 2;

export function readNames(bytes: Uint8Array, section: ByteRange | undefined): Names {
  let module: string | undefined;
  const functions = new Map<number, string>();
  const locals = new Map<number, ReadonlyMap<number, string>>();
  if (section === undefined) return { module, functions, locals };
  const r = new Reader(bytes, section.start, section.end);
  try {
    while (r.pos < section.end) {
      const subsection = r.u8();
      const size = r.count();
      const end = r.pos + size;
      // A subsection ends where it says: one that read on would let the next ones read the same bytes again, thousands of times.
      const contents = new Reader(bytes, r.pos, Math.min(end, section.end));
      if (subsection === MODULE) module = contents.name();
      else if (subsection === FUNCTIONS) readNameMap(contents, functions);
      else if (subsection === LOCALS) readIndirectNameMap(contents, locals);
      r.pos = end;
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return { module, functions, locals };
}

function readNameMap(r: Reader, names: Map<number, string>): void {
  for (let count = r.count(); count > 0; count--) {
    const index = r.u32();
    names.set(index, r.name());
  }
}

function readIndirectNameMap(r: Reader, locals: Map<number, ReadonlyMap<number, string>>): void {
  for (let count = r.count(); count > 0; count--) {
    const funcidx = r.u32();
    const names = new Map<number, string>();
    locals.set(funcidx, names);
    readNameMap(r, names);
  }
}
