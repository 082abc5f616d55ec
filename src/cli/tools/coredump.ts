/**
 * `--coredump`: the store and the backtrace of a program that has trapped, as a coredump of the tool conventions (a module whose custom
 * sections `core`, `corestack`, `coremodules` and `coreinstances` say what was running; wasmtime writes the same, wasmgdb reads it).
 * Locals and operands are those of no frame: after a trap they are gone.
 */
import { F32, F64, I32, I64, isRef, type MemoryType, V128 } from '../../decoder';
import type { Global, Instance, Memory, RuntimeError } from '../../index';
import { moduleOf } from '../../interpreter';
import { Writer } from '../../snapshot/writer';
import { writeOutput } from '../output-files';

const SECTION = { custom: 0, memory: 5, global: 6, data: 11 } as const;
/** Runs of zeros as long as this are left out of the data. */
const GRAIN = 1024;
const PAGE_BITS = 16;

export function writeCoredump(file: string, name: string, instance: Instance, error: RuntimeError): number {
  const bytes = coredump(name, instance, error);
  writeOutput(file, bytes);
  return bytes.length;
}

export function coredump(name: string, instance: Instance, error: RuntimeError): Uint8Array {
  const w = new Writer();
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) w.u8(byte);
  custom(w, 'core', (body) => {
    body.u8(0);
    text(body, name);
  });
  custom(w, 'coremodules', (body) => {
    body.u32(1);
    body.u8(0);
    text(body, instance.module.names.module ?? name);
  });
  custom(w, 'coreinstances', (body) => {
    body.u32(1);
    body.u8(0);
    body.u32(0);
    indices(body, instance.memories.length);
    indices(body, instance.globals.length);
  });
  custom(w, 'corestack', (body) => stack(body, instance, error));
  section(w, SECTION.memory, (body) => {
    body.u32(instance.memories.length);
    for (const memory of instance.memories) memoryType(body, memory);
  });
  section(w, SECTION.global, (body) => {
    body.u32(instance.globals.length);
    for (const global of instance.globals) constant(body, global);
  });
  section(w, SECTION.data, (body) => data(body, instance.memories));
  return w.finish();
}

function section(w: Writer, id: number, fill: (body: Writer) => void): void {
  const body = new Writer();
  fill(body);
  w.u8(id);
  w.u32(body.length);
  w.bytes(body.finish());
}

function custom(w: Writer, name: string, fill: (body: Writer) => void): void {
  section(w, SECTION.custom, (body) => {
    text(body, name);
    fill(body);
  });
}

function text(w: Writer, value: string): void {
  const bytes = new TextEncoder().encode(value);
  w.u32(bytes.length);
  w.bytes(bytes);
}

function indices(w: Writer, count: number): void {
  w.u32(count);
  for (let k = 0; k < count; k++) w.u32(k);
}

function stack(w: Writer, { module }: Instance, { backtrace }: RuntimeError): void {
  w.u8(0);
  text(w, 'main');
  // Frames of other modules have no place in a dump of one.
  const frames = backtrace.filter((frame) => moduleOf(frame) === module);
  w.u32(frames.length);
  for (const { funcidx, offset } of frames) {
    w.u8(0);
    w.u32(0);
    w.u32(funcidx);
    w.u32(offset - module.codeStart[funcidx - module.importedFuncs]);
    w.u32(0);
    w.u32(0);
  }
}

/** As large as it is now. */
function memoryType(w: Writer, { type, pages }: Memory): void {
  w.u8(limitFlags(type));
  size(w, type, pages);
  if (type.max !== undefined) size(w, type, type.max);
  if (type.pageBits !== PAGE_BITS) w.u32(type.pageBits);
}

function limitFlags({ max, shared, address, pageBits }: MemoryType): number {
  return (
    (max === undefined ? 0 : 1) |
    (shared ? 2 : 0) |
    (address === 'i64' ? 4 : 0) |
    (pageBits === PAGE_BITS ? 0 : 8)
  );
}

function size(w: Writer, { address }: MemoryType, value: number): void {
  if (address === 'i64') w.u64(value | 0, Math.floor(value / 4294967296));
  else w.u32(value);
}

/** A constant, whether it could be changed or not: that is the format's rule. References become null. */
function constant(w: Writer, global: Global): void {
  const { type } = global;
  const { lo, hi } = global.get();
  const code = typeCode(type.value);
  for (const byte of code) w.u8(byte);
  w.u8(0);
  switch (type.value) {
    case I32:
      w.u8(0x41);
      w.s64(lo, lo >> 31);
      break;
    case I64:
      w.u8(0x42);
      w.s64(lo, hi);
      break;
    case F32:
      w.u8(0x43);
      w.word(lo);
      break;
    case F64:
      w.u8(0x44);
      w.word(lo);
      w.word(hi);
      break;
    case V128:
      // Their upper halves are in no `Value`.
      for (const byte of [0xfd, 12, ...new Array<number>(16).fill(0)]) w.u8(byte);
      break;
    default:
      w.u8(0xd0);
      w.u8(code[0]);
  }
  w.u8(0x0b);
}

/** References are all shown as funcref or externref: their types are those of the module, which is not in the file. */
function typeCode(type: number): number[] {
  if (isRef(type)) return [0x6f];
  return [{ [I32]: 0x7f, [I64]: 0x7e, [F32]: 0x7d, [F64]: 0x7c, [V128]: 0x7b }[type]!];
}

interface Run {
  readonly memory: number;
  readonly start: number;
  readonly bytes: Uint8Array;
}

function data(w: Writer, memories: readonly Memory[]): void {
  const runs = memories.flatMap((memory, k) => [...runsOf(memory.bytes, k)]);
  w.u32(runs.length);
  for (const { memory, start, bytes } of runs) {
    w.u8(memory === 0 ? 0 : 2);
    if (memory !== 0) w.u32(memory);
    const isWide = memories[memory].type.address === 'i64';
    w.u8(isWide ? 0x42 : 0x41);
    if (isWide) w.s64(start | 0, Math.floor(start / 4294967296));
    else w.s64(start | 0, (start | 0) >> 31);
    w.u8(0x0b);
    w.u32(bytes.length);
    w.bytes(bytes);
  }
}

/** What is not zero, in runs of whole grains. */
function* runsOf(bytes: Uint8Array, memory: number): Generator<Run> {
  let start = -1;
  for (let at = 0; at < bytes.length; at += GRAIN) {
    const isZero = bytes.subarray(at, at + GRAIN).every((byte) => byte === 0);
    if (!isZero && start < 0) start = at;
    if (isZero && start >= 0) {
      yield { memory, start, bytes: bytes.subarray(start, at) };
      start = -1;
    }
  }
  if (start >= 0) yield { memory, start, bytes: bytes.subarray(start) };
}
