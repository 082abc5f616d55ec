/**
 * The machine's registers: the one mutable place that all generated closures share. There is one machine per JavaScript realm, since
 * JavaScript runs one thing at a time; executions take turns on it (execution.ts).
 *
 * A frame's slots are eight bytes each and are addressed by word: slot s of a frame is `ints[fp + 2 * s]` (low word or 32-bit value),
 * `ints[fp + 2 * s + 1]` (high word), `doubles[(fp >> 1) + s]`, and, for a reference, `refs[(fp >> 1) + s]`.
 */
import { CALLBACK, COUNT, type OptionChecks, POSITIVE, readOptions } from '../checks';
import type { CallSite, Safepoint } from './code';
import { settle } from './unsettled';

export class Registers {
  /** Frame pointer, as a word index. The trampoline passes it to the next step. */
  fp = 0;
  /** Number of callers on the call stack. */
  sp = 0;
  /** Units of fuel before the machine yields at a safepoint; below zero, what bulk work owes (fuel.ts). */
  fuel = 0;
  /** Call depth at which the stack is exhausted. */
  maxSp = 0;
  /** Word index at which the slots are exhausted. */
  maxFp = 0;
  /** Word index above which the host may start another execution, while a host function runs. */
  top = 0;
  /** Calls that may still be entered on the host's stack rather than through the trampoline. */
  nest = 0;
  /** Instructions that may be lowered before somebody is asked whether to stop. */
  lowering = Number.POSITIVE_INFINITY;
  /** Counts the times that somebody may have stopped the execution, deadlines among them. */
  looks = 0;
  /** Where the machine yielded, when a step returned null because of it. */
  yielded: Safepoint | null = null;
  /** Byte offset of the instruction at hand, of those whose traps do not know it. */
  trapOffset = -1;
  /** The full set of factories, once there is one: it keeps the registers that closures use (templates/generate.ts). */
  set: unknown = undefined;
  /** Not positive: how far below zero the fuel of a slice may go for work that is paid at once, since more than that has been given. */
  floor = 0;
}
export const registers = new Registers();

/** Slots of the machine. The host's memory manager commits pages only when they are written. */
let slotCapacity = 1 << 20;
let allocateSlots = (bytes: number): ArrayBufferLike => new ArrayBuffer(bytes);
let nestLimit = 4;

export interface Stack {
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly refs: unknown[];
  /** Callers, outermost first: where each goes on, and its frame pointer. */
  readonly sites: (CallSite | null)[];
  readonly frames: number[];
  /** Callees of indirect calls, beside their sites. */
  readonly callees: unknown[];
}
let current: Stack | undefined;

/** What `configureStack` is told. */
export interface StackOptions {
  readonly slots?: number;
  readonly nest?: number;
  /** Gives the buffer of so many bytes; by default an ArrayBuffer. */
  readonly allocate?: (bytes: number) => ArrayBufferLike;
}
const STACK_OPTIONS: OptionChecks<StackOptions> = { slots: POSITIVE, nest: COUNT, allocate: CALLBACK };

/**
 * Sizes of the machine for a host: slots of its stack, and how many wasm calls may stand on the host's own stack at a time (each is at
 * most about 120 host calls deep). Entries call it once, before anything is instantiated.
 */
export function configureStack(options: StackOptions): void {
  const { slots, nest, allocate } = readOptions('configureStack', options, STACK_OPTIONS);
  if (current === undefined && slots !== undefined) slotCapacity = slots;
  if (current === undefined && allocate !== undefined) allocateSlots = allocate;
  if (nest !== undefined) nestLimit = nest;
}
export function nestingLimit(): number {
  return nestLimit;
}
export function stack(): Stack {
  if (current === undefined) {
    const buffer = allocateSlots(slotCapacity * 8);
    current = {
      ints: new Int32Array(buffer),
      floats: new Float32Array(buffer),
      doubles: new Float64Array(buffer),
      refs: [],
      sites: [],
      frames: [],
      callees: [],
    };
  }
  return current;
}

/** Whether an execution has the machine. */
export function isRunning(): boolean {
  settle();
  return registers.sp > 0;
}
