/**
 * The tier interface: how a second way to run functions (src/compiler/javascript, src/compiler/native) shares an execution with the
 * interpreter. Tiers meet in canonical frames and nowhere else (DESIGN.md, laws 1 and 2). This file has no code: a tier imports nothing
 * else of the interpreter but the rules of fuel (fuel.ts), and gets the machine as an object (tier-machine.ts).
 *
 * Where frames lie. A frame has a canonical place on the machine's stack: `fp`, the word index of its first slot, and `sp`, how many call
 * sites lie below its own. Slot k is at the words fp + 2k and fp + 2k + 1 (an i32 or f32 in the first; references in `refs`, at
 * (fp >> 1) + k): parameters, the other locals, operands, v128 two slots, all else one. A call passes its arguments by where they lie: the
 * callee's `fp` is the word of the first argument, its `sp` is the caller's plus one; results come where the arguments were. A tier may
 * keep values wherever it likes, but it knows the `fp` and `sp` of each of its frames (parameters of compiled functions, say): that is
 * where it spills to, and by which depth is counted as in every other tier.
 *
 * What is true when. The runtime's objects are the only truth whenever something else than the tier's own code runs: memories
 * (`memory.views`, which growth changes), globals (`cells`, `ref`), tables (`elements`), the fuel (`registers.fuel`). At each *boundary* (its
 * steps begin, return or throw; every call of a `TierMachine` function) a tier has written back what it keeps elsewhere, and reads it again
 * behind it: a host function may have changed everything, and `Execution.pause` takes the fuel away.
 *
 * Entering. A tier is entered through steps (step.ts), which the machine's trampoline, a call of the interpreter or a branch of it runs:
 * - `TierCode.entry`, the function is called: arguments at `fp`, which is `registers.fp`; the caller's site is the top one
 *   (`registers.sp - 1`). The tier does all that an entry does: it checks the room (`fp + 2 * slots > registers.maxFp` or
 *   `registers.sp > registers.maxSp` is the trap "call stack exhausted", offset -1), zeroes the locals, and passes the safepoint unless
 *   the function is quiet (decoder/quiet.ts). `slots` is that of its `LoweredBody`, in every tier.
 * - `TierCode.at`, the function goes on past a safepoint: its whole frame is at `fp`, at a loop header with the loop's parameters as the
 *   top operands. The safepoint has been paid for; its code goes on behind it.
 *
 * Running. A safepoint takes one unit, `registers.fuel -= 1`; below zero it asks `refuel()`. True: the fuel is new, go on. False: leave at
 * this safepoint. A tier may count in a place of its own between two boundaries. Work in bulk is charged by the rules of fuel.ts. Calls of
 * functions that the tier does not run, host functions among them, are `call`. The tier's own calls of each other are its own business,
 * as long as their number on the host's stack is bounded: a tier that is too deep leaves at the entry safepoint of the callee (having
 * taken its unit, without asking `refuel`) and is begun anew from there, with an empty host stack.
 *
 * Leaving. A step of the tier ends in one of these ways:
 * - the function has returned: its results at `fp`; `return machine.returned(frame)`;
 * - it leaves at a safepoint: the innermost frame calls `leaveAt`, then each of the tier's frames below it, from the innermost outwards,
 *   `leaveCall`; all have their values in their slots. `return machine.left()`;
 * - `call` was false: nothing more of the tier may run; its frames call `leaveCall` from the innermost outwards, beginning with the one that
 *   made the call; `return machine.left()`;
 * - a tail call of a function that the tier does not run: the arguments at the frame's `fp`; if frames lie below, they call `leaveCall`;
 *   `return machine.tailCall(...)`;
 * - a trap, or whatever a host function threw: for the backtrace, the tier has called `mark` for each of its frames that waits for a call
 *   (with no function for one that it cannot tell), `registers.sp` counts them; it throws. Traps are `RuntimeError`s with the byte offset in
 *   the module; values need not be spilled.
 * A tier may refuse functions that throw or handle exceptions (`LoweredBody.usesExceptions`). Those of other functions pass through its
 * frames as what a host function threw does: it lets them, and says so (`passing`) or has marked its frames. One whose frames handle
 * exceptions asks of each that comes out of a call whether it is one (`exceptionIn`), and lets those go that none of them handles (`raised`).
 * A frame that has left goes on in the interpreter, and comes back up at a loop header or by being called.
 *
 * Who chooses. One `TierPolicy` a store, asked when a function is first called and when one is found running at the end of a slice of
 * fuel. A tier that refuses costs nothing but the question: everything falls back for each function on its own.
 */
import type { ModuleData } from '../decoder/module';
import type { TypeList } from '../decoder/typelist';
import type { Door } from '../errors';
import type { Bulk, EffectWork } from '../lowering';
import type { Exception, Func, Instance, JsNumber } from '../runtime';
import type { Step } from './step';

/** Whether a tier can run a function, as far as its module tells. */
export type Verdict = { readonly kind: 'runs' } | { readonly kind: 'refuses'; readonly why: string };

/** A place that `TierCode.at` goes on behind: the function's entry, or the header of the loop at this offset in the code entry. */
export type ResumePoint = { readonly kind: 'entry' } | { readonly kind: 'loop'; readonly targetLoop: number };

/**
 * A call that begins outside of any execution (brief.ts), with arguments as JavaScript has them, in no slots. The machine's registers are
 * whoever has called's, and nobody changes them, until `takeMachine`.
 */
export interface BriefCall {
  readonly args: readonly unknown[];
  /** Units of fuel that it begins with. */
  readonly fuel: number;
  /** Those that it has left. */
  left: number;
  result: unknown;
  /** Whether the result is there: a call that has left is ended by the machine, with its results in slots. */
  isDone: boolean;
  /** What comes next when the tier has done what it can, of a call that has taken the machine. */
  ending: Step | undefined;
  /**
   * From now on it is an execution that has the machine, as if a step had entered the function: before anything else runs, or looks at frames, and
   * before something that is thrown leaves the function.
   */
  takeMachine(): void;
}

/** How a function is called with arguments that lie in no slots. */
export interface DirectCode {
  /** Whether it takes these. It takes no objects: they would be asked for their values in the middle of the call. */
  takes(args: readonly unknown[]): boolean;
  /** Makes the call. False: not now, and nothing has happened. */
  make(call: BriefCall): boolean;
}

/** What a tier has made of a function. */
export interface TierCode {
  readonly entry: Step;
  /** Undefined where arguments must be in slots. */
  readonly direct?: DirectCode | undefined;
  /** Undefined where it cannot be entered, or not yet: it is asked again when the loop is found running the next time. */
  at(point: ResumePoint): Step | undefined;
  /** Told once, when the code is given up (writes to a memory are tracked from now on, say): nothing will enter it any more. */
  drop(): void;
}

export type Offer =
  | { readonly kind: 'code'; readonly code: TierCode }
  /** It is being made, elsewhere or in parts: asked again. */
  | { readonly kind: 'later' }
  /** Not asked again for this function, unless its code is dropped. */
  | { readonly kind: 'refused'; readonly why: string };

/** Why the offer is asked for: the function is called for the first time, or was found running. */
export type Occasion = 'call' | 'hot';

/** What a tier has been asked for and has run, in all stores: for reports. */
export interface TierCounts {
  /** Functions that it has offered code of. */
  offered: number;
  /** Entries by calls that come from elsewhere, and at loops. */
  entered: number;
  continued: number;
  /** Functions that it has refused, by the reason. */
  readonly refused: Map<string, number>;
}

/** A way to run functions besides the interpreter: see `src/interpreter/tiers.ts` for what must hold. */
export interface Tier {
  /** As reports have it. */
  readonly name: string;
  /**
   * Its slices of fuel are up to 2^haste times as long as the interpreter's, since its code is that much faster: `refuel` has a price. Not
   * where somebody looks between slices without a clock. After a trap, the fuel may be too high by what is left of one.
   */
  readonly haste: number;
  /** Its code costs no more to make than the interpreter's: where nobody says otherwise, functions begin in it. */
  readonly isPrompt: boolean;
  /** Set where its code works on the host's own memories. */
  readonly needsHostMemories?: boolean;
  /** What it has done since it was made, in all stores: for reports. */
  readonly counts: TierCounts;
  /** Looks at the module alone; changes nothing. */
  judge(module: ModuleData, funcidx: number): Verdict;
  /**
   * Code of a wasm function. The machine is not running the function's code while it is asked. Room for what is made is reserved by the
   * tier (`func.store.code.reserve`); without room it refuses.
   */
  offer(func: Func, occasion: Occasion, machine: TierMachine): Offer;
}

/** The one place where it is decided what runs where. */
export interface TierPolicy {
  /** The tiers that may run a module's functions, best first. Where none does, the interpreter. */
  readonly tiers: readonly Tier[];
  /** Safepoints after which it is asked at the latest. */
  readonly every: number;
  /** Where a function begins that is called for the first time: in the first of these that has code of it, else in the interpreter. */
  atFirstCall(func: Func): readonly Tier[];
  /**
   * Where a function goes on, and where its calls begin, that stands at a safepoint when a slice of fuel ends; it runs in `now`, or in the
   * interpreter (undefined). `isHot`: it has been found running so often that the interpreter would make better code of it. In a tier, an
   * answer that does not begin with `now` makes `refuel` false.
   */
  atSafepoint(func: Func, now: Tier | undefined, isHot: boolean): readonly Tier[];
}

/** What tiers share of the machine's registers (registers.ts). */
export interface TierRegisters {
  fp: number;
  sp: number;
  fuel: number;
  /** Module offset of what has thrown last, of exceptions that nobody handles. */
  trapOffset: number;
  /** Where the first frame of another execution would be, while a host function runs or nothing does. */
  readonly top: number;
  /**
   * Not positive. A loop whose turns are known may take the fuel of all of them before it begins, if no less than this is left then: so much
   * more has been given than the slice has, and the next safepoint asks.
   */
  readonly floor: number;
  /** Counts the times that somebody may have stopped the execution, deadlines among them. */
  readonly looks: number;
  /** Instructions that may be lowered between two of them: infinitely many where nobody can stop it but by fuel. */
  readonly lowering: number;
  readonly maxSp: number;
  readonly maxFp: number;
}

/** The machine's slots: three views of one buffer, and the references beside them. */
export interface TierStack {
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly refs: unknown[];
}

/** A safepoint as the walk (decoder/safepoints.ts) and lowered code have it, at which an innermost frame can stand. */
export interface LeavePoint {
  readonly kind: 'entry' | 'loop' | 'call';
  readonly offset: number;
  readonly targetLoop: number;
  readonly operands: TypeList | undefined;
}

/** An exception on its way to a handler, and what is thrown when nobody handles it: as a rule what it is in JavaScript. */
export interface Raised {
  readonly exception: Exception;
  readonly uncaught: (() => unknown) | undefined;
  readonly search: Search;
}
/** What the search for a handler has cost so far: to look at frames takes fuel, in each tier the same. */
export interface Search {
  /** The `sp` of the frame that has thrown. */
  readonly from: number;
  /** The lowest of those that have been looked at. */
  readonly looked: number;
}

/** A frame's canonical place. */
export interface Place {
  readonly func: Func;
  readonly fp: number;
  readonly sp: number;
}

/** A JavaScript function of the host, which takes its arguments as JavaScript has them, and has a result at most. */
export interface PlainFunction {
  readonly func: Func;
  /** Words that its arguments, or its results, would take in slots. */
  readonly words: number;
  /** For stack traces: the function of the tier that calls it, and that this is one. */
  readonly door: Door;
  readonly doors: 1;
  /** The site of the last call: the machine's own. */
  site: object | undefined;
  /** What it has returned is converted: that may run code of the host's, too. */
  run(a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown): JsNumber | undefined;
}

/** The machine, made for one tier. */
export interface TierMachine {
  readonly registers: TierRegisters;
  readonly stack: TierStack;

  /** Makes `stack.refs` long enough for a frame that ends at this word. */
  coverRefs(end: number): void;

  /** The tier's code of a wasm function, if that is what calls of it run: if none has run yet, it is decided now where it begins. */
  current(func: Func): TierCode | undefined;

  /** The slice of fuel that runs ends at its next safepoint. */
  withhold(): void;
  /** What tiers have made of an instance's functions is given up: where each runs is decided anew when it is next called. */
  reconsider(instance: Instance): void;

  /**
   * The fuel ran out at a safepoint of `func` (`registers.fuel` is negative). True: nobody wants to stop, the slice is a new one. False: the
   * tier leaves at that safepoint. `registers.sp` is the frame's. Between two parts of a bulk operation the place takes no unit (0), and the
   * fuel need not have run out: there only a deadline, a signal or a request ends the execution.
   */
  refuel(func: Func, units?: 0 | 1): boolean;

  /**
   * Calls a function of any kind on behalf of the frame at `caller`, from the call instruction at `offset` (in the code entry). The arguments
   * are in their slots from word `fp` on. True: it has returned, its results are there, `registers.fp` and `registers.sp` are the caller's.
   * False: it has stopped, waits for the host or goes on with fewer calls on the host's stack; the tier leaves.
   */
  call(callee: Func, caller: Place, offset: number, fp: number): boolean;

  /**
   * Whether the tier may call plain functions itself: far inside, they are called with nothing on the host's stack, by `call`. `hasTurn`: the call that
   * it runs has taken the machine.
   */
  mayCallPlain(hasTurn: boolean): boolean;
  /** Whether the host's stack has room for what the machine does. */
  hasRoom(): boolean;
  /** What the tier does once somebody looks at the machine whom a plain function has called: it may begin the call with `beginPlain` only then. */
  readonly unsettled: { settle: (() => void) | undefined };
  /**
   * The tier calls a function of the host on behalf of the frame of `func` at `callerFp`, whose site is the one at `sp`. No slots are read or
   * written, but from `fp` on they are the callee's, as in `call`. `endPlain` takes what this gives, however the call ends.
   */
  beginPlain(callee: PlainFunction, func: Func, callerFp: number, sp: number, fp: number): number;
  /** It has returned: the registers are the caller's. */
  plainReturned(callerFp: number, sp: number): void;
  /** It has thrown this: what passes on. */
  plainThrew(error: unknown, fp: number): unknown;
  endPlain(callee: PlainFunction, nest: number): void;

  /** The function of a frame that a step entered has returned: pops the frame. What runs next. */
  returned(frame: Place): Step | null;

  /** The innermost frame leaves at a safepoint whose unit it has taken: at its entry, or at a back edge to a loop. */
  leaveAt(frame: Place, safepoint: LeavePoint): void;
  /** The same between two parts of the bulk operation at `offset`, whose operands in their slots say what is left to do. */
  leaveBulk(frame: Place, offset: number): void;
  /** A frame leaves while it waits for `callee`, which it called at `offset`. */
  leaveCall(frame: Place, offset: number, callee: Func): void;
  /** After all frames have left: what runs next. */
  left(): Step | null;
  /**
   * `callee` takes the place of the frame at `frame`, its arguments from the frame's `fp` on; the frame's caller has left, or is not the
   * tier's. What runs next.
   */
  tailCall(callee: Func, frame: Place): Step | null;

  /**
   * An exception leaves the frames of a tier, the first of which is at `first`, and which handle nothing: what the tier throws on. Without this
   * it would have to `mark` all of them for each exception: whoever looks for a handler would find sites of earlier frames in their places.
   */
  passing(thrown: unknown, first: Place): unknown;
  /** The exception that a call of a tier has thrown, if it is one that guests can handle: for a tier whose frames handle exceptions. */
  exceptionIn(thrown: unknown): Raised | undefined;
  /**
   * An exception leaves the frames of a tier, the first of which is at `first`, all of which have been looked at and marked: what the tier throws
   * on. If one of them has thrown it, that is the top one, and `registers.trapOffset` says where.
   */
  raised(exception: Raised, first: Place): unknown;
  /** The search for a handler has come down to the frame at `sp`, which may have one. */
  looked(sp: number, search: Search): void;
  /** For the backtrace: the frame waits for `callee`, which it called at `offset`. Without a function: nobody knows. */
  mark(sp: number, func: Func | undefined, offset: number, callee: Func | undefined): void;

  /** What an instruction does that works on canonical slots: called with the word index of its first operand. */
  effect(instance: Instance, effect: EffectWork): (word: number) => void;
  /** A bulk operation: true when it is done, false when a part of it is, and the operands say what is left: call it again. */
  bulk(instance: Instance, bulk: Bulk): (word: number) => boolean;
}
