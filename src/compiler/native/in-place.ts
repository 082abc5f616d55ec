/**
 * Long functions of interpreters, whose frames leave in place. Where one `catch_all` stands for hundreds of calls, all locals come together there
 * in hundreds of ways, and V8 makes ten times as much code of them as natively. So each call of such a function has a handler of its own, which
 * hands over what is alive there, and goes behind the function's end, where the runtime throws the same again:
 *
 *     block
 *       loop
 *         ...
 *         try  (call)  catch_all  (a function takes what is alive, the point and the base)  br  end
 *         ...
 *       end
 *       ...
 *       return
 *     end
 *     what is steady in the loop is pushed, throwOn
 *
 * The loop is the one in which the interpreter dispatches. Steady is what nothing in it writes, which is one value wherever its handler is come
 * from, and what is alive at most of its points.
 */
import { OP } from '../../decoder';
import { codeReader, readInstruction, readLocalDeclarations } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import type { ModuleData } from '../../decoder/module';
import { skipStraight, straightOps } from '../../decoder/straight';
import { dispatches, factsOf } from './facts';
import { type DeadLocals, LOCAL_OPS } from './liveness';

/** Calls times locals of a long function. (Of those with half as many hardly any is faster so: they are no interpreters.) */
const LONG = 20_000;
export function leavesInPlace(module: ModuleData, funcidx: number, locals: number): boolean {
  const { calls, loops, usesExceptions } = factsOf(module, funcidx);
  if (calls * locals <= LONG || usesExceptions) return false;
  for (const loop of loops.keys()) if (dispatches(loops, loop)) return true;
  return false;
}

/** A loop, and the locals that something in it writes. */
export interface MainLoop {
  /** Module offsets. */
  readonly offset: number;
  readonly end: number;
  readonly written: ReadonlySet<number>;
}
interface OpenBlock {
  readonly offset: number;
  readonly written: Set<number>;
}

const WITHOUT_LOCALS = straightOps((op) => !LOCAL_OPS.has(op));

/** The loop of a function to which most branches go back. */
export function mainLoopOf(module: ModuleData, funcidx: number): MainLoop | undefined {
  const { loops } = factsOf(module, funcidx);
  const [main] = [...loops].sort(([, one], [, other]) => other - one)[0];
  const reader = codeReader(module, funcidx);
  readLocalDeclarations(reader, module);
  const open: OpenBlock[] = [];
  while (reader.pos < reader.end) {
    skipStraight(reader, WITHOUT_LOCALS);
    const offset = reader.pos;
    const row = readInstruction(reader);
    if (row.imm === 'local') {
      const localidx = reader.u32();
      if (row.op !== OP['local.get']) open[open.length - 1]?.written.add(localidx);
      continue;
    }
    skipImmediates(reader, row, module);
    if (row.imm === 'block') open.push({ offset, written: new Set() });
    else if (row.op === OP.end) {
      const block = open.pop();
      if (block === undefined) break;
      if (block.offset === main) return { ...block, end: offset };
      const outer = open[open.length - 1];
      if (outer !== undefined) for (const localidx of block.written) outer.written.add(localidx);
    }
  }
  return undefined;
}

/** Of so many locals: those that are steady in a loop. */
export function steadyIn({ offset, end, written }: MainLoop, dead: DeadLocals, count: number): number[] {
  const deadPoints = new Array<number>(count).fill(0);
  let points = 0;
  for (const [point, locals] of dead) {
    if (point <= offset || point >= end) continue;
    points++;
    for (const localidx of locals) deadPoints[localidx]++;
  }
  const isSteady = (localidx: number) => !written.has(localidx) || deadPoints[localidx] < RARELY * points;
  return [...deadPoints.keys()].filter(isSteady);
}
const RARELY = 1 / 3;
