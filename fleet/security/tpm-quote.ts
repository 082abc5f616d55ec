/**
 * What a TPM 2.0 signs when it is asked for a quote: TPMS_ATTEST (TPM 2.0 Library, Part 2: Structures, 10.12.12), big-endian. Only the kind "quote" is
 * read, and only when every byte has its place: what is left over, missing or out of range is refused.
 */
import { list, shape, wrong } from '../protocol/checked';
import { FleetError } from '../protocol/errors';

/** TPM_GENERATED_VALUE: a restricted key signs nothing from outside that begins so. */
const GENERATED = 0xff544347;
/** TPM_ST_ATTEST_QUOTE. */
const QUOTE = 0x8018;
/** TPM_ALG_SHA256. */
const SHA256 = 0x000b;
/** Hash banks of a TPM: there are seven algorithms in the registry, and no TPM has all. */
const MAX_BANKS = 16;
/** Registers of a bank of a TPM of a PC. */
const REGISTERS = 24;
/** Bytes of a statement: the longest name, data and digest together have less than half of it. */
const MAX_BYTES = 1024;

/** Indices of registers of the SHA-256 bank, ascending. */
export const registers = (value: unknown, place: string): readonly number[] => {
  const read = list<number>((one, at) =>
    Number.isInteger(one) && (one as number) >= 0 && (one as number) < REGISTERS
      ? (one as number)
      : wrong(at, `a register from 0 to ${REGISTERS - 1}`, one),
  )(value, place);
  const isAscending = read.every((one, k) => k === 0 || one > read[k - 1]);
  return read.length > 0 && isAscending ? read : wrong(place, 'registers in ascending order', value);
};

const bytesInHex = (value: unknown, place: string): Uint8Array => {
  const isHex = typeof value === 'string' && value.length <= 2 * MAX_BYTES && /^([0-9a-f]{2})+$/.test(value);
  if (!isHex) return wrong(place, `at most ${MAX_BYTES} bytes in hex`, value);
  return Uint8Array.from({ length: value.length / 2 }, (_, k) => Number.parseInt(value.substr(2 * k, 2), 16));
};

/** As it travels beside evidence. */
export const quoteDocument = shape({ attest: bytesInHex, signature: bytesInHex });
export type QuoteDocument = ReturnType<typeof quoteDocument>;

/** What a quote says. */
export interface Quoted {
  /** What it was asked to say with it. */
  readonly extraData: Uint8Array;
  /** Registers of the SHA-256 bank. */
  readonly registers: readonly number[];
  /** SHA-256 of them, one after the other. */
  readonly digest: Uint8Array;
}

class Bytes {
  private at = 0;
  private readonly view: DataView;
  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  /** Where the next `length` bytes begin. */
  private past(length: number): number {
    if (length > this.left) refuse(`it ends ${length - this.left} bytes too early`);
    const from = this.at;
    this.at += length;
    return from;
  }
  u8(): number {
    return this.view.getUint8(this.past(1));
  }
  u16(): number {
    return this.view.getUint16(this.past(2));
  }
  u32(): number {
    return this.view.getUint32(this.past(4));
  }
  take(length: number): Uint8Array {
    const from = this.past(length);
    return this.bytes.subarray(from, from + length);
  }
  /** TPM2B: its size in two bytes, then it. */
  sized(): Uint8Array {
    return this.take(this.u16());
  }
}

function refuse(why: string): never {
  throw new FleetError('forbidden', `the quote cannot be read: ${why}`);
}

export function readQuote(bytes: Uint8Array): Quoted {
  const reader = new Bytes(bytes);
  if (reader.u32() !== GENERATED) refuse('a TPM has not made it');
  if (reader.u16() !== QUOTE) refuse('it states something else');
  // The name of the key, as the key's owner may choose it in part: the pinned key itself is what is checked.
  reader.sized();
  const extraData = reader.sized();
  // TPMS_CLOCK_INFO: clock, resets, restarts, and whether the clock is safe.
  reader.take(8 + 4 + 4);
  if (reader.u8() > 1) refuse('its clock is neither safe nor unsafe');
  reader.take(8);
  const selected = selection(reader);
  const digest = reader.sized();
  if (digest.length !== 32) refuse(`its digest has ${digest.length} bytes, and SHA-256 32`);
  if (reader.left > 0) refuse(`${reader.left} bytes follow it`);
  return { extraData, registers: selected, digest };
}

/** TPML_PCR_SELECTION. Banks of which nothing is selected count for nothing. */
function selection(reader: Bytes): readonly number[] {
  const banks = reader.u32();
  if (banks > MAX_BANKS) refuse(`it selects from ${banks} banks`);
  let found: number[] | undefined;
  for (let bank = 0; bank < banks; bank++) {
    const algorithm = reader.u16();
    const bits = reader.take(reader.u8());
    const chosen: number[] = [];
    for (const [k, byte] of bits.entries())
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) chosen.push(8 * k + bit);
    if (chosen.length === 0) continue;
    if (algorithm !== SHA256) refuse(`it is of registers of the bank 0x${algorithm.toString(16)}`);
    if (found !== undefined) refuse('it selects from a bank twice');
    found = chosen;
  }
  return found ?? refuse('it selects no register');
}
