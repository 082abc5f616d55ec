/** Host functions read and write the memory that the calling instance exports. Everything a guest says about it is checked. */
import { type HostCall, type Memory, RuntimeError } from 'tswasm';

/** Bytes of a text or a block that a guest hands to a host function. */
const MAX_BLOCK = 16 * 1024 * 1024;

function memoryOf(call: HostCall): Memory {
  const memory = call.instance?.exports.get('memory');
  if (memory === undefined || !('bytes' in memory))
    throw new RuntimeError('a host function needs memory, and the module exports none as "memory"');
  return memory as Memory;
}

export function bytesAt(call: HostCall, from: number, length: number): Uint8Array {
  const { bytes } = memoryOf(call);
  if (length > MAX_BLOCK || from + length > bytes.length)
    throw new RuntimeError(`out of bounds memory access: ${length} bytes at ${from}`);
  return bytes.slice(from, from + length);
}

export function textAt(call: HostCall, from: number, length: number): string {
  return new TextDecoder().decode(bytesAt(call, from, length));
}

export function putBytes(call: HostCall, at: number, bytes: Uint8Array): void {
  const memory = memoryOf(call);
  if (at + bytes.length > memory.bytes.length)
    throw new RuntimeError(`out of bounds memory access: ${bytes.length} bytes at ${at}`);
  memory.bytes.set(bytes, at);
  // Deltas of snapshots ask which blocks have been written.
  memory.touch(at, bytes.length);
}

export function putU32(call: HostCall, at: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  putBytes(call, at, bytes);
}

export function u32At(call: HostCall, at: number): number {
  const bytes = bytesAt(call, at, 4);
  return new DataView(bytes.buffer).getUint32(0, true);
}
