/** What a file that pauses says of its functions: where their frames can stand, and what they hold there (`FuncRecord` in parts/frames.ts). */
import {
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  type ModuleData,
  matchesValType,
  slotsOf,
  type ValType,
  valTypeName,
} from '../../../decoder';
import type { Safepoint } from '../../../decoder/safepoints';
import { typesOf } from '../../../decoder/typelist';
import type { LoweredBody } from '../../../lowering';
import { SITE_BYTE } from '../../../snapshot/format';
import { moduleHash } from '../../../snapshot/identity';
import { Writer } from '../../../snapshot/writer';
import { type Statements, typeOfBody } from '../statements';
import { escaped } from './assets';

export interface FrameValues {
  /** Variables of all values that a frame can hold: locals, then operands by slot. */
  readonly names: readonly string[];
  /** Their types, as `eachValue` reads them. */
  readonly types: string;
}

/** To be asked when all is written: operands are those of the sites. */
export function frameValues(writer: Statements, { locals }: LoweredBody): FrameValues {
  const names: string[] = [];
  let types = '';
  const add = (type: ValType, slot: number): void => {
    types += letterOf(writer, type, slot);
    names.push(...variablesOf(writer, type, slot));
  };
  for (const { type, slot, count } of locals.groups) {
    for (let k = 0; k < count; k++) add(type, slot + k * slotsOf(type));
  }
  types += '|';
  const operands: ValType[][] = [];
  for (const { safepoint } of writer.sites) {
    typesOf(safepoint.operands).forEach((type, k) => {
      operands[k] ??= [];
      if (!operands[k].includes(type)) operands[k].push(type);
    });
  }
  operands.forEach((list, k) => {
    const letters = new Set<string>();
    for (const type of list) {
      // Types of one letter have the same variable.
      if (letters.has(letterOf(writer, type, locals.slots + k))) continue;
      letters.add(letterOf(writer, type, locals.slots + k));
      add(type, locals.slots + k);
    }
    types += '.';
  });
  return { names, types };
}

/** Floats that may be NaNs with bits of their own have letters of their own, and variables for these. */
function letterOf({ payloads }: Statements, type: ValType, slot: number): string {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return payloads.has(slot) ? 'g' : 'f';
  if (type === F64) return payloads.has(slot) ? 'G' : 'F';
  return isFuncRef(type) ? 'a' : 'e';
}

export const isFuncRef = (type: ValType): boolean => matchesValType(type, FUNCREF);

function variablesOf({ slots, uses, payloads }: Statements, type: ValType, slot: number): string[] {
  const names = slots.variables(type, slot);
  if ((type !== F32 && type !== F64) || !payloads.has(slot)) return names;
  return type === F32 ? [...names, uses.low(slot)] : [...names, uses.low(slot), uses.high(slot)];
}

/** `R7=[7,F7,...]`; `next` is what frames go on in. */
export function recordText(
  module: ModuleData,
  body: LoweredBody,
  writer: Statements,
  { types, next }: { readonly types: string; readonly next: string },
): string {
  const { funcidx } = body;
  const sites = writer.sites.map(({ safepoint, mark }) => {
    const letters = typesOf(safepoint.operands).map((type, k) =>
      letterOf(writer, type, body.locals.slots + k),
    );
    const waits = safepoint.kind === 'call' ? `"${lettersOf(safepoint.results)}"` : 'null';
    return `${prefixOf(funcidx, safepoint)},${mark},"${letters.join('')}",${waits}`;
  });
  const results = lettersOf(typeOfBody(module, body).results);
  return `var R${funcidx}=[${funcidx},${next},"${types}","${results}",[${sites.join()}]];`;
}

/** Of a function whose frames never stand anywhere. */
export function emptyRecordText(funcidx: number): string {
  return `var R${funcidx}=[${funcidx},F${funcidx},"","",[]];`;
}

/** How a frame at the site begins in a snapshot. */
function prefixOf(funcidx: number, { kind, offset, targetLoop }: Safepoint): string {
  const out = new Writer();
  out.u32(funcidx);
  out.u8(SITE_BYTE[kind]);
  out.u32(offset);
  if (kind === 'loop') out.u32(targetLoop);
  return escaped(out.finish());
}

/** The module's identity, as a snapshot has it. */
export function hashText(module: ModuleData): string {
  const out = new Writer();
  out.u64Of(moduleHash(module.bytes));
  return escaped(out.finish());
}

const LETTERS: Readonly<Record<ValType, string>> = { [I32]: 'i', [I64]: 'I', [F32]: 'f', [F64]: 'F' };

export function lettersOf(types: readonly ValType[]): string {
  return types.map((type) => LETTERS[type] ?? `(${valTypeName(type)})`).join('');
}
