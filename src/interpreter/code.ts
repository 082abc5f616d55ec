/** Lowered code of a function and the places in it that the canonical state names (DESIGN.md, law 2). */
import type { TypeList } from '../decoder/typelist';
import type { Locals } from '../lowering';
import { type Func, wordsOfAll } from '../runtime';
import type { Charge } from '../runtime/ledger';
import type { Step } from './step';

/**
 * Where the machine can stop. `offset` counts from the function's code entry, as in the snapshot format, which knows the kinds `entry`
 * and `loop`; they count as fuel. The others can be resumed in process only: `bulk` is between two parts of a long bulk operation,
 * `lowering` is before a call of a function that is not lowered to its end yet.
 */
export interface Safepoint {
  readonly code: Code;
  readonly kind: 'entry' | 'loop' | 'bulk' | 'lowering';
  readonly offset: number;
  /** Offset of the `loop` opcode that the branch goes to, or -1. */
  readonly targetLoop: number;
  /** Types of the operand stack at the safepoint. */
  readonly operands: TypeList | undefined;
  /** Goes on past the safepoint. */
  resume: Step | null;
}

/** Whether the snapshot format knows it, and it counts as fuel. */
export function isSafepoint({ kind }: Safepoint): boolean {
  return kind === 'entry' || kind === 'loop';
}

/** A `call` or `call_indirect` waiting on its callee; or the host, when `code` is null. */
export class CallSite {
  /** What runs when the callee returns. Null stops the machine. */
  next: Step | null = null;
  readonly code: Code | null;
  readonly offset: number;
  /** The callee of a direct call. An indirect call notes it in `Stack.callees`. */
  readonly callee: Func | null;
  /** Types of the operands below the call's own. */
  readonly operands: TypeList | undefined;
  /** Words from this frame's pointer to its callee's. */
  readonly base: number;
  constructor(
    code: Code | null,
    offset: number,
    callee: Func | null,
    operands: TypeList | undefined,
    base: number,
  ) {
    this.code = code;
    this.offset = offset;
    this.callee = callee;
    this.operands = operands;
    this.base = base;
  }

  /** The same place, waiting on what a tail call put in the callee's stead. */
  replaced(callee: Func): CallSite {
    const site = new CallSite(this.code, this.offset, callee, this.operands, this.base);
    site.next = this.next;
    return site;
  }
}

/** A loop that some branch goes back to. `body` is filled in when the code before it is assembled. */
export interface LoopCell {
  body: Step | null;
}

/** What the machine keeps with a function: the one field `Func.code`, which nobody else reads. */
export class FuncCode {
  readonly func: Func;
  /** What a call runs. At first a step that makes the code. */
  entry!: Step;
  code: Code | undefined = undefined;
  /** How often its code was dropped. Frames in code of an earlier generation are rebuilt before they run. */
  generation = 0;
  /** Recent samples that found it running, and when they were taken (tiering.ts). */
  heat = 0;
  heatEpoch = 0;

  constructor(func: Func) {
    this.func = func;
  }
}

export function codeOf(func: Func): FuncCode {
  return func.code as FuncCode;
}

export class Code {
  readonly state: FuncCode;
  readonly func: Func;
  /** Words of a frame. Before it is lowered, of the arguments. */
  size: number;
  entry!: Step;
  /** By offset of the `loop` opcode. */
  readonly loops = new Map<number, Step>();
  /** By offset of the call instruction. */
  readonly calls = new Map<number, CallSite>();
  /** By offset of the bulk operation. */
  readonly bulks = new Map<number, Safepoint>();
  readonly entrySite: Safepoint;
  /** The function's when this was made. */
  readonly generation: number;
  /** Made with factories of its own. */
  readonly hot: boolean;
  readonly locals: Locals;
  /** Bytes that the store was charged with for it. */
  bytes = 0;
  readonly charge: Charge;
  /** What lowering it has looked at (Lowering.work). */
  work = 0;
  constructor(state: FuncCode, hot: boolean, locals: Locals, bodyOffset: number) {
    const { func } = state;
    this.state = state;
    this.func = func;
    this.generation = state.generation;
    this.hot = hot;
    this.locals = locals;
    this.charge = func.store.code.reserve(0)!;
    this.charge.holdFor(this);
    this.size = wordsOfAll(func.type.params);
    this.entrySite = {
      code: this,
      kind: 'entry',
      offset: bodyOffset,
      targetLoop: -1,
      operands: undefined,
      resume: null,
    };
  }
}
