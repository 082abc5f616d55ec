/**
 * What a caller must reckon with. A `loud` callee may stop the execution, or is not of this tier. A `quiet` one never stops it, but may take
 * fuel or move memories; a `silent` one does neither. Quiet and silent callees are compiled with their callers.
 */
import type { ModuleData } from '../../decoder';
import { isQuiet } from '../../decoder/quiet';
import type { LoweredBody, Statement } from '../../lowering';
import { bodyOf } from './bodies';
import { whyNot } from './refusals';
import { everyStatement } from './walk';

export type Loudness = 'loud' | 'quiet' | 'silent';

/** Calls of quiet functions inside each other: each is a frame on the host's stack that nobody counts. */
const MOST_QUIET_CALLS = 30;
/** Slots of a frame from which on its entry takes fuel (src/interpreter/fuel.ts), with room to spare. */
const LARGE_FRAME = 500;

const known = new WeakMap<ModuleData, Map<number, Loudness>>();

export function loudnessOf(module: ModuleData, funcidx: number): Loudness {
  return search(module, funcidx, 0);
}

function search(module: ModuleData, funcidx: number, depth: number): Loudness {
  let all = known.get(module);
  if (all === undefined) {
    all = new Map();
    known.set(module, all);
  }
  const found = all.get(funcidx);
  if (found !== undefined) return found;
  if (depth > MOST_QUIET_CALLS || !isQuiet(module, funcidx) || whyNot(module, funcidx) !== undefined) {
    // Too deep for one caller is loud for all: where it stands must not depend on who asks first.
    all.set(funcidx, 'loud');
    return 'loud';
  }
  const loudness = ofBody(module, bodyOf(module, funcidx), depth);
  all.set(funcidx, loudness);
  return loudness;
}

function ofBody(module: ModuleData, body: LoweredBody, depth: number): Loudness {
  const callees = new Set<number>();
  let works = body.slots >= LARGE_FRAME;
  everyStatement(body.statements, (statement) => {
    works ||= takesFuel(statement);
    if (statement.kind === 'call' || statement.kind === 'tail') callees.add(statement.funcidx);
  });
  for (const callee of callees) {
    const loudness = search(module, callee, depth + 1);
    if (loudness === 'loud') return 'loud';
    works ||= loudness === 'quiet';
  }
  return works ? 'quiet' : 'silent';
}

function takesFuel(statement: Statement): boolean {
  if (statement.kind === 'bulk') return true;
  return statement.kind === 'effect' && (statement.op === 'memory.grow' || statement.op === 'table.grow');
}
