/**
 * `--coverage`: which functions and lines have run, as an lcov tracefile. The module is given a global for each straight piece of its code,
 * which the piece sets when it begins, and runs like that: nothing is sampled, and no index of the module's own changes. Offsets of its
 * instructions do, so backtraces of such a run have none of the sources.
 */

import { lineTable } from '../../debug';
import { codeReader, readInstruction, readLocalDeclarations } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import { type Immediates, OP } from '../../decoder/instructions';
import type { Instance, Module, SourcePosition } from '../../index';
import { type ModuleSection, sectionsOf } from '../../snapshot/identity';
import { Writer } from '../../snapshot/writer';
import { writeOutput } from '../output-files';
import { readBeside } from '../sources';

/** Code without branches: the offsets of its instructions in the original module. */
interface Piece {
  readonly funcidx: number;
  readonly offsets: readonly number[];
}

export interface Probed {
  readonly bytes: Uint8Array;
  readonly original: Module;
  readonly pieces: readonly Piece[];
}

/** A branch may be taken behind instructions with such immediates; a block can be entered or left. */
const BRANCHES: ReadonlySet<Immediates> = new Set<Immediates>(['block', 'label', 'labels']);
const SECTION = { custom: 0, global: 6, code: 10 } as const;
/** Sections behind the globals, by their ids. */
const AFTER_GLOBALS: ReadonlySet<number> = new Set([7, 8, 9, 10, 11, 12]);

export function probe(bytes: Uint8Array, original: Module): Probed {
  const pieces: Piece[] = [];
  const firstGlobal = original.globals.length;
  const code = new Writer();
  code.u32(original.codeStart.length);
  for (let k = 0; k < original.codeStart.length; k++) {
    const body = probedBody(original, original.importedFuncs + k, firstGlobal, pieces);
    code.u32(body.length);
    code.bytes(body);
  }
  const w = new Writer();
  w.bytes(bytes.subarray(0, 8));
  let hasGlobals = pieces.length === 0;
  for (const section of sectionsOf(bytes)) {
    const isGlobal = section.id === SECTION.global;
    if (!hasGlobals && (isGlobal || AFTER_GLOBALS.has(section.id))) {
      hasGlobals = true;
      writeGlobals(w, bytes, isGlobal ? section : undefined, original, pieces.length);
      if (isGlobal) continue;
    }
    if (section.id === SECTION.code) writeSection(w, SECTION.code, code.finish());
    else if (!isDebug(section)) w.bytes(bytes.subarray(section.start, section.end));
  }
  return { bytes: w.finish(), original, pieces };
}

/** Addresses in it are those of the original code. */
function isDebug({ name }: ModuleSection): boolean {
  return (
    name?.startsWith('.debug_') === true || name === 'sourceMappingURL' || name === 'external_debug_info'
  );
}

function writeSection(w: Writer, id: number, contents: Uint8Array): void {
  w.u8(id);
  w.u32(contents.length);
  w.bytes(contents);
}

/** `(global (mut i32) (i32.const 0))`, behind the module's own. */
function writeGlobals(
  w: Writer,
  bytes: Uint8Array,
  own: ModuleSection | undefined,
  { globalDefs }: Module,
  count: number,
): void {
  const contents = new Writer();
  contents.u32(globalDefs.length + count);
  if (own !== undefined) {
    contents.bytes(bytes.subarray(own.bodyStart + lengthOfCount(bytes, own.bodyStart), own.end));
  }
  for (let k = 0; k < count; k++) for (const byte of [0x7f, 1, 0x41, 0, 0x0b]) contents.u8(byte);
  writeSection(w, SECTION.global, contents.finish());
}

/** Bytes of the LEB128 number there. */
function lengthOfCount(bytes: Uint8Array, at: number): number {
  let length = 1;
  while (bytes[at + length - 1] >= 0x80) length++;
  return length;
}

function probedBody(module: Module, funcidx: number, firstGlobal: number, pieces: Piece[]): Uint8Array {
  const reader = codeReader(module, funcidx);
  const start = reader.pos;
  readLocalDeclarations(reader, module);
  const body = new Writer();
  body.bytes(module.bytes.slice(start, reader.pos));
  let offsets: number[] | undefined;
  while (reader.pos < reader.end) {
    const offset = reader.pos;
    const row = readInstruction(reader);
    skipImmediates(reader, row, module);
    const isEnd = row.op === OP.end || row.op === OP.else;
    // What ends a block belongs to what comes before it: nothing could be put between.
    if (offsets === undefined && !isEnd) {
      offsets = [];
      body.u8(0x41);
      body.u8(1);
      body.u8(0x24);
      body.u32(firstGlobal + pieces.length);
      pieces.push({ funcidx, offsets });
    }
    if (!isEnd) offsets!.push(offset);
    body.bytes(module.bytes.slice(offset, reader.pos));
    if (isEnd || BRANCHES.has(row.imm)) offsets = undefined;
  }
  return body.finish();
}

interface FileCoverage {
  readonly functions: Map<string, { readonly line: number; ran: boolean }>;
  readonly lines: Map<number, boolean>;
}

/** Writes the tracefile; gives a summary. `file` is the module's. */
export function writeCoverage(target: string, file: string, probed: Probed, instance: Instance): string {
  const { original, pieces } = probed;
  const table = lineTable(original, (url) => readBeside(file, url));
  // Without sources the functions are the lines.
  const place = (funcidx: number, offset: number): SourcePosition | undefined =>
    table.isEmpty ? { file, line: funcidx + 1, column: 0 } : table.find(offset);
  const files = new Map<string, FileCoverage>();
  const firstGlobal = original.globals.length;
  pieces.forEach(({ funcidx, offsets }, k) => {
    const ran = instance.globals[firstGlobal + k].get().lo !== 0;
    for (const offset of offsets) {
      const source = place(funcidx, offset);
      if (source === undefined) continue;
      const found = files.get(source.file) ?? { functions: new Map(), lines: new Map() };
      files.set(source.file, found);
      found.lines.set(source.line, ran || found.lines.get(source.line) === true);
      const name = original.funcName(funcidx) ?? `wasm-function[${funcidx}]`;
      const known = found.functions.get(name);
      if (known === undefined) found.functions.set(name, { line: source.line, ran });
      else known.ran ||= ran;
    }
  });
  writeOutput(target, tracefile(files));
  const all = [...files.values()];
  const functions = all.flatMap((one) => [...one.functions.values()].map(({ ran }) => ran));
  const lines = all.flatMap((one) => [...one.lines.values()]);
  const share = (ran: readonly boolean[]) => `${ran.filter(Boolean).length} of ${ran.length}`;
  return `${share(functions)} functions${table.isEmpty ? '' : ` and ${share(lines)} lines`} have run`;
}

function tracefile(files: ReadonlyMap<string, FileCoverage>): string {
  const out: string[] = [];
  for (const [file, { functions, lines }] of files) {
    out.push('TN:', `SF:${file}`);
    for (const [name, { line }] of functions) out.push(`FN:${line},${name}`);
    for (const [name, { ran }] of functions) out.push(`FNDA:${ran ? 1 : 0},${name}`);
    out.push(`FNF:${functions.size}`, `FNH:${[...functions.values()].filter(({ ran }) => ran).length}`);
    for (const [line, ran] of [...lines].sort(([a], [b]) => a - b)) out.push(`DA:${line},${ran ? 1 : 0}`);
    out.push(`LF:${lines.size}`, `LH:${[...lines.values()].filter(Boolean).length}`, 'end_of_record');
  }
  return `${out.map((line) => line.replaceAll('\n', ' ')).join('\n')}\n`;
}
