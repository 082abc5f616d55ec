/** Where in the source the instructions of a module come from. The entry `tswasm/debug`; nothing here runs until it is asked. */

import { decodeUtf8, Reader } from '../decoder';
import { CompileError } from '../errors';
import { type Module, type SourceFinder, useSourcePositions } from '../index';
import { Bytes } from './bytes';
import { lineSequences } from './line-program';
import { LineTable } from './line-table';
import { mapRows } from './source-map';

export type { SourceFinder, SourcePosition } from '../index';
export { LineTable } from './line-table';

/** What a module refers to: its source map, a file with its DWARF. Undefined when it cannot be had. */
export type ReadUrl = (url: string) => Uint8Array | undefined;

const EMPTY = new LineTable([]);
const CODE = 10;

/** A finder that reads each module's debug sections once, when it is first asked. */
export function sourceFinder(read: ReadUrl = () => undefined): SourceFinder {
  const tables = new WeakMap<Module, LineTable>();
  return (module, offset) => {
    let table = tables.get(module);
    if (table === undefined) {
      table = lineTable(module, read);
      tables.set(module, table);
    }
    return table.find(offset);
  };
}

/** Lets all stack traces name files and lines. */
export function showSources(read?: ReadUrl): void {
  useSourcePositions(sourceFinder(read));
}

/** The lines of a module by byte offset. Empty when it has no debug information. */
export function lineTable(module: Module, read: ReadUrl = () => undefined): LineTable {
  const table = dwarf(module.bytes, module.customs, codeStart(module.bytes));
  if (!table.isEmpty) return table;
  return separate(module, read) ?? sourceMap(module, read) ?? EMPTY;
}

interface Custom {
  readonly name: string;
  readonly bytes: { readonly start: number; readonly end: number };
}

/** DWARF's addresses count from the start of the code section's contents. */
function dwarf(bytes: Uint8Array, customs: readonly Custom[], start: number): LineTable {
  const section = (name: string) => {
    const found = customs.find((custom) => custom.name === name);
    return found && new Bytes(bytes, found.bytes.start, found.bytes.end);
  };
  const line = section('.debug_line');
  if (line === undefined) return EMPTY;
  const sequences = lineSequences({ line, str: section('.debug_str'), lineStr: section('.debug_line_str') });
  return new LineTable(shifted(sequences, start));
}

function* shifted(sequences: ReturnType<typeof lineSequences>, by: number): typeof sequences {
  for (const rows of sequences) yield rows.map((row) => ({ ...row, address: row.address + by }));
}

/** Sections of a file that is laid out like a module; its code may be missing. */
function sectionsOf(bytes: Uint8Array): { readonly customs: Custom[]; readonly code: number } {
  const customs: Custom[] = [];
  let code = 0;
  try {
    const r = new Reader(bytes, 8, bytes.length);
    while (r.pos < bytes.length) {
      const id = r.u8();
      const size = r.u32();
      const end = r.pos + size;
      if (end > bytes.length) break;
      if (id === CODE) code = r.pos;
      if (id === 0) {
        const name = r.name();
        customs.push({ name, bytes: { start: Math.min(r.pos, end), end } });
      }
      r.pos = end;
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return { customs, code };
}

function codeStart(bytes: Uint8Array): number {
  return sectionsOf(bytes).code;
}

/** `external_debug_info` names a file that has the sections instead. */
function separate(module: Module, read: ReadUrl): LineTable | undefined {
  const url = text(module, 'external_debug_info');
  const bytes = url === undefined ? undefined : read(url);
  if (bytes === undefined) return undefined;
  const table = dwarf(bytes, sectionsOf(bytes).customs, codeStart(module.bytes));
  return table.isEmpty ? undefined : table;
}

function sourceMap(module: Module, read: ReadUrl): LineTable | undefined {
  const url = text(module, 'sourceMappingURL');
  const bytes = url === undefined ? undefined : (dataUrl(url) ?? read(url));
  const map = bytes && decodeUtf8(bytes);
  return map === undefined ? undefined : new LineTable([mapRows(map)].filter((rows) => rows.length > 0));
}

/** The one string that a section holds. */
function text(module: Module, name: string): string | undefined {
  const found = module.customs.find((custom) => custom.name === name);
  if (found === undefined) return undefined;
  try {
    return new Reader(module.bytes, found.bytes.start, found.bytes.end).name();
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

function dataUrl(url: string): Uint8Array | undefined {
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (match === null) return undefined;
  try {
    const binary = match[1] === undefined ? decodeURIComponent(match[2]) : atob(match[2]);
    return match[1] === undefined
      ? new TextEncoder().encode(binary)
      : Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
