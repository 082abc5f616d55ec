/** Where the guest stands: wasm backtraces of traps and of stopped executions. */
import type { Module } from '../decoder';
import type { BacktraceFrame } from '../errors';
import { Func, type Instance } from '../runtime';
import { registers, stack } from './registers';

/** Innermost frames that a backtrace lists. */
const MAX_BACKTRACE = 100;

/** A place in a function, by its offset in the code entry. */
export function frameAt(func: Func, offset: number): BacktraceFrame {
  return traceFrame(func, codeStart(func.instance!, func.funcidx) + offset);
}

function codeStart(instance: Instance, funcidx: number): number {
  return instance.module.codeStart[funcidx - instance.module.importedFuncs];
}

/** The modules of frames, which a frame does not show: who prints one prints no module. */
const modules = new WeakMap<BacktraceFrame, Module>();

/** The module that the offset of a frame is one of. */
export function moduleOf(frame: BacktraceFrame): Module | undefined {
  return modules.get(frame);
}

function traceFrame(func: Func, offset: number): BacktraceFrame {
  const { module } = func.instance!;
  const frame = { funcidx: func.funcidx, name: func.name, module: module.names.module, offset };
  modules.set(frame, module);
  return frame;
}

/** Walks the machine's stack down to the frame at index `base` after a trap. */
export function backtrace(base: number, trapOffset: number): BacktraceFrame[] {
  const { sites, callees } = stack();
  const frames: BacktraceFrame[] = [];
  let offset = trapOffset;
  for (let k = registers.sp - 1; k >= base && frames.length < MAX_BACKTRACE; k--) {
    const site = sites[k]!;
    const func = site.callee ?? callees[k];
    if (func instanceof Func && func.instance !== undefined) {
      frames.push(traceFrame(func, offset >= 0 ? offset : codeStart(func.instance, func.funcidx)));
    }
    // Of some frames of other tiers nobody knows where they stand.
    const { caller } = site;
    offset = caller?.instance === undefined ? -1 : codeStart(caller.instance, caller.funcidx) + site.offset;
  }
  return frames;
}
