/** Lowered code of a function and the places in it that the canonical state names (DESIGN.md, law 2). */
import type { TypeList } from '../decoder/typelist';
import type { Locals, Safepoint as StaticSafepoint } from '../lowering';
import { type Func, type Tag, wordsOfAll } from '../runtime';
import { ByOffset } from './offsets';
import type { Step } from './step';
import type { Tier, TierCode } from './tiers';

/**
 * Where the machine can stop. `offset` counts from the function's code entry, as in the snapshot format, which knows the kinds `entry`
 * and `loop`. The others can be resumed in process only: `bulk` is between two parts of a long bulk operation,
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

/** Whether the snapshot format knows it. */
export function isSafepoint({ kind }: Safepoint): boolean {
  return kind === 'entry' || kind === 'loop';
}

/** Units of fuel that passing it costs. Only a snapshot from elsewhere stands where that is nothing: nobody is made to stop there. */
export function unitsOf({ kind, code }: Safepoint): 0 | 1 {
  return kind === 'loop' || (kind === 'entry' && !code.quiet) ? 1 : 0;
}

/** How often code of functions has been dropped (driver.ts). Frames that stopped before are rebuilt before they run. */
export const drops = { count: 0 };

/** What takes the exceptions that leave a call or are thrown, in the terms of a frame. */
export interface Handlers {
  readonly clauses: readonly Handler[];
  readonly outer: Handlers | null;
}
export interface Handler {
  /** Null takes all. */
  readonly tag: Tag | null;
  /** Words from the frame's pointer to where the values go, and the exception, or -1. */
  readonly values: number;
  readonly ref: number;
  readonly step: Step;
}

/**
 * A `call` or `call_indirect` waiting on its callee: of the interpreter; or of another tier that has not left its frame, when `code` is null
 * (tier-machine.ts); or the host, when `caller` is undefined, too.
 */
export class CallSite {
  /** What runs when the callee returns. Null stops the machine. */
  next: Step | null = null;
  readonly code: Code | null;
  readonly caller: Func | undefined;
  readonly offset: number;
  /** The callee of a direct call. An indirect call notes it in `Stack.callees`. */
  readonly callee: Func | null;
  /** Types of the operands below the call's own. */
  readonly operands: TypeList | undefined;
  /** Words from this frame's pointer to its callee's. */
  readonly base: number;
  handlers: Handlers | null = null;
  constructor(
    code: Code | null,
    offset: number,
    callee: Func | null,
    operands: TypeList | undefined,
    base: number,
    caller: Func | undefined = code?.func,
  ) {
    this.code = code;
    this.caller = caller;
    this.offset = offset;
    this.callee = callee;
    this.operands = operands;
    this.base = base;
  }

  /** The same place, waiting on what a tail call put in the callee's stead. */
  replaced(callee: Func): CallSite {
    const site = new CallSite(this.code, this.offset, callee, this.operands, this.base, this.caller);
    site.next = this.next;
    site.handlers = this.handlers;
    return site;
  }
}

/** A loop that some branch goes back to. `body` is filled in when the code before it is assembled. */
export interface LoopCell {
  body: Step | null;
}

/** Code of another tier, and whose it is. */
export interface Tiered {
  readonly tier: Tier;
  readonly code: TierCode;
}

/** What the machine keeps with a function: the one field `Func.code`, which nobody else reads. */
export class FuncCode {
  readonly func: Func;
  /** Makes the step that a call runs before it is decided where the function begins (offers.ts). */
  readonly first: (state: FuncCode) => Step;
  /** What a call runs. */
  entry: Step;
  /** What a call of a wasm function runs as long as it is not decided where it begins (offers.ts); undefined from then on. */
  undecided: Step | undefined;
  code: Code | undefined = undefined;
  /** Code that is under way: the first, or that of a function that is hot (driver.ts). */
  making: object | undefined = undefined;
  /** Recent samples that found it running, and when they were taken (tiering.ts). */
  heat = 0;
  heatEpoch = 0;
  /** Calls of tiers that have returned to it (tier-machine.ts). */
  returns = 0;
  /** Code that another tier has made of it. Whether calls run it, `entry` says. */
  tiered: Tiered | undefined = undefined;
  /** Tiers that have refused it, and why. */
  refusals: Map<Tier, string> | undefined = undefined;

  constructor(func: Func, first: (state: FuncCode) => Step) {
    this.func = func;
    this.first = first;
    this.undecided = this.entry = first(this);
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
  /** What counts entries in front of it, if somebody does (driver.ts). */
  counted: Step | undefined = undefined;
  /** By offset of the `loop` opcode. */
  readonly loops = new ByOffset<Step>();
  /** By offset of the call instruction; those of code that is made already. */
  readonly calls = new ByOffset<CallSite>();
  /** By offset of the bulk operation; likewise. */
  readonly bulks = new ByOffset<Safepoint>();
  /** Makes what is still to be made. */
  rest: (() => void) | undefined = undefined;
  /** Where code is made late, finds a loop's header. */
  lateLoop: ((targetLoop: number) => Step | undefined) | undefined = undefined;
  readonly entrySite: Safepoint;
  /** Its function is quiet (decoder/quiet.ts): nothing is charged for an entry. */
  readonly quiet: boolean;
  /** Made of the best factories: its own where the host compiles. There is no better code in this tier. */
  readonly hot: boolean;
  readonly locals: Locals;
  /** Bytes that the store was charged with for it. */
  bytes = 0;
  /** What lowering it has looked at (Lowering.work). */
  work = 0;
  constructor(state: FuncCode, hot: boolean, locals: Locals, { offset, quiet }: StaticSafepoint) {
    const { func } = state;
    this.state = state;
    this.func = func;
    this.hot = hot;
    this.locals = locals;
    this.size = wordsOfAll(func.type.params);
    this.quiet = quiet;
    this.entrySite = {
      code: this,
      kind: 'entry',
      offset,
      targetLoop: -1,
      operands: undefined,
      resume: null,
    };
  }

  /** What calls run. */
  get called(): Step {
    return this.counted ?? this.entry;
  }

  /** It begins at this step from now on, and so do its calls if they begin in it. */
  enterAt(entry: Step): void {
    const { state, called } = this;
    this.entry = entry;
    if (state.entry === called) state.entry = this.called;
  }

  callAt(offset: number): CallSite | undefined {
    if (this.calls.get(offset) === undefined) this.complete();
    return this.calls.get(offset);
  }
  /** The header of a loop that something goes back to. */
  loopAt(targetLoop: number): Step | undefined {
    return this.loops.get(targetLoop) ?? this.lateLoop?.(targetLoop);
  }
  bulkAt(offset: number): Safepoint | undefined {
    if (this.bulks.get(offset) === undefined) this.complete();
    return this.bulks.get(offset);
  }
  private complete(): void {
    this.rest?.();
    this.rest = undefined;
  }
}
