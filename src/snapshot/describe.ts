/** What a snapshot holds, in lines for people: `tswasm snapshot info`. */

import { localsOf } from '../decoder/safepoints';
import { checkIsDocument } from './checks';
import { lengthOf } from './chunks';
import {
  type Activation,
  type ContinuationRecord,
  isStored,
  memoryBytes,
  NULL_WORD,
  type SnapshotDocument,
  type StoredMemory,
  type StoredTable,
} from './document';
import { totalsOf } from './rules';
import { frameText, funcText, type NamingModule, plural, sizeText, timeText, valueText } from './text';
import { u64Decimal, u64Hex } from './u64';

/** How much of a snapshot is described. */
export interface DescribeOptions {
  /** Puts names to functions, offsets in the module to places, and tells locals from operands. */
  readonly module?: NamingModule;
  /** List every value of every frame, and every global. */
  readonly values?: boolean;
}

/** A snapshot as text, for people. */
export function describe(document: SnapshotDocument, options: DescribeOptions = {}): string[] {
  checkIsDocument(document);
  return [
    ...header(document),
    ...document.continuations.flatMap((record, id) => continuation(document, record, id, options)),
    ...pending(document, options),
    ...document.exceptions.map(
      ({ tag, args }, id) => `exception ${id}: tag ${tag} (${args.map((arg) => valueText(arg)).join(', ')})`,
    ),
    ...document.memories.map(
      (record, i) => `memory ${i}: ${isStored(record) ? memory(record) : `memory ${record.sameAs}`}`,
    ),
    ...document.tables.map(
      (record, i) => `table ${i}: ${isStored(record) ? table(record) : `table ${record.sameAs}`}`,
    ),
    ...globals(document, options),
    ...segments(document),
    ...(document.hostState.length > 0 ? [`host state: ${sizeText(document.hostState.length)}`] : []),
    ...document.extras.map(({ id, bytes }) => `section ${id}: ${sizeText(bytes.length)}, unknown`),
  ];
}

function header(document: SnapshotDocument): string[] {
  const { timestampMs } = document;
  const totals = totalsOf(document);
  const lines = [
    `${document.postmortem ? 'postmortem, cannot be resumed' : 'resumable'}; module ${u64Hex(document.wasmHash)}`,
  ];
  if (timestampMs.lo !== 0 || timestampMs.hi !== 0) lines.push(`taken ${timeText(timestampMs)}`);
  const needs = [
    `${u64Decimal(totals.memoryBytes)} bytes of memory`,
    `${u64Decimal(totals.tableElements)} table elements`,
    plural(totals.continuationStacks, 'continuation stack'),
  ];
  lines.push(`needs ${needs.join(', ')}`);
  return lines;
}

/** Frames as in a backtrace: innermost first. */
function continuation(
  document: SnapshotDocument,
  record: ContinuationRecord,
  id: number,
  options: DescribeOptions,
): string[] {
  const root = id === 0 && !document.postmortem;
  const { state, entryFunc, activations, boundCount, resumeThrow, typeIndex } = record;
  const what = root ? 'root' : `continuation ${id} of type ${typeIndex}, ${state}`;
  const lines = [
    `${what}: invoked ${funcText(entryFunc, options.module)}, ${plural(activations.length, 'frame')}`,
  ];
  if (boundCount > 0) lines.push(`  ${plural(boundCount, 'bound argument')}`);
  if (resumeThrow >= 0) lines.push(`  goes on by raising exception ${resumeThrow}`);
  for (let i = activations.length - 1; i >= 0; i--) {
    lines.push(`  #${activations.length - 1 - i} ${frameText(activations[i], options.module)}`);
    if (options.values) lines.push(...frameValues(activations[i], options.module));
  }
  return lines;
}

function frameValues({ func, values }: Activation, module: NamingModule | undefined): string[] {
  const known = module !== undefined && func >= module.importedFuncs && func < module.funcTypes.length;
  const locals = known ? localsOf(module, func).length : undefined;
  return values.map((value, i) => {
    const name = locals === undefined ? `value ${i}` : i < locals ? `local ${i}` : `operand ${i - locals}`;
    return `       ${name}: ${value.type} ${valueText(value, module)}`;
  });
}

function pending({ pendingCall }: SnapshotDocument, { module }: DescribeOptions): string[] {
  if (pendingCall === undefined) return [];
  const args = pendingCall.args.map((arg) => valueText(arg, module)).join(', ');
  return [`waits for the host function ${funcText(pendingCall.func, module)} (${args})`];
}

function memory(record: StoredMemory): string {
  const size = memoryBytes(record);
  const page = record.pageBits === 16 ? '' : ` of ${sizeText(2 ** record.pageBits)}`;
  let raw = 0;
  let ones = 0;
  for (const chunk of record.chunks) {
    if (chunk.kind === 'raw') raw += lengthOf(chunk);
    else ones += lengthOf(chunk);
  }
  const chunks = `${plural(record.chunks.length, 'chunk')}: ${sizeText(raw)} stored, ${sizeText(ones)} of 0xff`;
  return `${plural(record.pages, 'page')}${page}, ${sizeText(size)}; ${raw + ones === 0 ? 'all zero' : chunks}`;
}

function table({ type, elements }: StoredTable): string {
  let nulls = 0;
  for (let i = 0; i < elements.length; i += 2) {
    if (elements[i] === NULL_WORD && elements[i + 1] === NULL_WORD) nulls++;
  }
  return `${plural(elements.length / 2, 'element')} of ${type}, ${nulls} null`;
}

function globals(document: SnapshotDocument, { values, module }: DescribeOptions): string[] {
  if (document.globals.length === 0) return [];
  if (!values) return [plural(document.globals.length, 'global')];
  return document.globals.map((value, i) => `global ${i}: ${value.type} ${valueText(value, module)}`);
}

function segments({ segments: { dataDropped, elemDropped } }: SnapshotDocument): string[] {
  const one = (what: string, dropped: Uint8Array): string[] => {
    if (dropped.length === 0) return [];
    return [
      `${plural(dropped.length, `${what} segment`)}, ${dropped.reduce((sum, flag) => sum + flag, 0)} dropped`,
    ];
  };
  return [...one('data', dataDropped), ...one('element', elemDropped)];
}
