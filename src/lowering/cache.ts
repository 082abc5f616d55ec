/**
 * Lowered bodies of a module, kept for its other instances and for code that is made anew: a hundred instances lower once. They go with the
 * module. What was used longest ago goes first when there is no room.
 */
import type { ModuleData } from '../decoder';
import type { LoweredBody } from './statements';

/** Bytes of bodies that are kept for a module, as estimated: all functions of a program of 100 KB, or the busy ones of a large one. */
export const KEPT_BYTES = 4 * 2 ** 20;
/** Of a statement or expression: an object of some fields, and what refers to it. */
const BYTES_PER_NODE = 120;

interface Kept {
  /** By funcidx, the one that was used last at the end. */
  readonly bodies: Map<number, LoweredBody>;
  bytes: number;
}
const modules = new WeakMap<ModuleData, Kept>();

export function keptBody(module: ModuleData, funcidx: number): LoweredBody | undefined {
  const kept = modules.get(module);
  const body = kept?.bodies.get(funcidx);
  if (kept === undefined || body === undefined) return undefined;
  kept.bodies.delete(funcidx);
  kept.bodies.set(funcidx, body);
  return body;
}

export function keepBody(module: ModuleData, body: LoweredBody): void {
  const bytes = bytesOf(body);
  if (bytes > KEPT_BYTES) return;
  let kept = modules.get(module);
  if (kept === undefined) {
    kept = { bodies: new Map(), bytes: 0 };
    modules.set(module, kept);
  }
  for (const [funcidx, old] of kept.bodies) {
    if (kept.bytes + bytes <= KEPT_BYTES) break;
    kept.bodies.delete(funcidx);
    kept.bytes -= bytesOf(old);
  }
  kept.bodies.set(body.funcidx, body);
  kept.bytes += bytes;
}

function bytesOf({ size }: LoweredBody): number {
  return BYTES_PER_NODE * (size + 8);
}

/** What is kept of a module, for tests: how many bodies, and their bytes as estimated. */
export function keptOf(module: ModuleData): { readonly bodies: number; readonly bytes: number } {
  const kept = modules.get(module);
  return { bodies: kept?.bodies.size ?? 0, bytes: kept?.bytes ?? 0 };
}
