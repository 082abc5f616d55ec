/**
 * The driver: makes a function's code when it is first called, and again when it is hot. Lowering (src/lowering) says what a body means, the
 * assembler makes closures of that. Both are done in slices, between which an execution may be stopped. Here alone the two meet.
 */
import { RuntimeError, trap } from '../errors';
import { keepBody, keptBody, type LoweredBody, Lowering } from '../lowering';
import type { Instance } from '../runtime';
import type { Charge } from '../runtime/ledger';
import { withOne } from '../runtime/listeners';
import type { Assembler } from './assemble';
import { Blocks } from './blocks';
import { Code, drops, type FuncCode, type Safepoint } from './code';
import { compilesHotCode, hasFreshFactories, sharesBest } from './factories';
import { Flattening } from './flatten';
import { assembler } from './forms';
import { registers } from './registers';
import type { Step } from './step';

/**
 * Heap for each statement and expression of a body: its closure, what that captures, and until the code is complete the statement itself.
 * Estimates: resident memory of the modules of hostile.test.ts on Node 20 stays below what they say; hot code was not measured.
 */
const BYTES_PER_NODE = 300;
/** Code with factories of its own has feedback and compiled code of its own, too. */
const BYTES_PER_HOT_NODE = 1200;
/**
 * Entries after which a quiet function is hot, which no slice of fuel ends in: about as many safepoints as others have passed when they are
 * found hot (tiering.ts).
 */
const HOT_ENTRIES = 24_000;
/** The same where the best set is loaded and code shares it: making the code anew is all that it costs. */
const HOT_ENTRIES_SHARED = 3_000;
/** Work after which the store is asked for more room. */
const MADE_AT_ONCE = 4096;

/**
 * Blocks from which on cold code is made late. Of what SQLite lowers for its first answer, 16,600 blocks in 373 functions, a fifth runs: a
 * second instance takes 130 ms of processor time without a JIT for it, and 800 when all is made. Late blocks that run again and again are
 * chained (late.ts). Hot code is never late, nor is any where somebody may want to stop: a late block is made between two safepoints.
 */
const LATE_FROM = 16;
/** The same where an engine compiles what is hot: a chain of late blocks is not inlined there, and all is made soon enough. */
const LATE_FROM_COMPILED = 256;

/** What is under way: statements, then blocks of them, then closures. */
type Stage =
  | { readonly kind: 'lowering'; readonly lowering: Lowering }
  | { readonly kind: 'flattening'; readonly body: LoweredBody }
  | { readonly kind: 'assembling'; readonly assembler: Assembler };

/** Code that is being made: for a function that has been found hot, or one that is called for the first time. */
interface Making {
  readonly code: Code;
  readonly isFound: boolean;
  stage: Stage;
}

/** Blocks of bodies, or what makes them. */
const flattenings = new WeakMap<LoweredBody, Blocks | Flattening>();
/** What the code of instances takes, of those that have run: their memories tell when it must be made anew. */
const charges = new WeakMap<Instance, Charge>();

/**
 * A step: to the code, with a stop now and then while that is not complete, after which it is decided anew where the function begins: another
 * tier may have come, or have time for it. Once it is complete, calls begin there.
 */
export function makeAndEnter(state: FuncCode): Step {
  const enter = (): Step | null => {
    const code = makeSome(state, false, registers.lowering);
    if (code !== undefined) {
      if (state.entry === enter) state.entry = code.called;
      return code.entry;
    }
    const { entrySite } = (state.making as Making).code;
    if (state.entry === enter) state.undecided = state.entry = state.first(state);
    registers.yielded = { ...entrySite, kind: 'lowering', resume: state.entry } satisfies Safepoint;
    return null;
  };
  return enter;
}

/** The code of a wasm function. */
export function makeCode(state: FuncCode): Code {
  return makeSome(state, false, Number.POSITIVE_INFINITY)!;
}

/**
 * Goes on making the code of a wasm function, for about so many instructions; again with the best factories when it is `hot`. The code,
 * when it is complete.
 */
export function makeSome(state: FuncCode, hot: boolean, most: number): Code | undefined {
  if (state.code !== undefined && (state.code.hot || !hot)) return state.code;
  const making = (state.making as Making | undefined) ?? begin(state, hot);
  // Should the host's stack overflow in it, or the store have no room, the next call begins anew.
  state.making = undefined;
  try {
    for (let left = most; left > 0; left -= MADE_AT_ONCE) {
      if (goOn(state, making, Math.min(left, MADE_AT_ONCE))) return completed(state, making.code);
    }
  } catch (error) {
    release(making.code);
    if (!hot || !(error instanceof RuntimeError)) throw error;
    // The code that there is goes on. Should it be found hot again, there may be room.
    state.heat = 0;
    return undefined;
  }
  state.making = making;
  return undefined;
}

function completed(state: FuncCode, code: Code): Code {
  const old = state.code;
  release(old);
  state.code = code;
  if (code.quiet && !code.hot && hasFreshFactories()) code.counted = countedEntry(state, code);
  // Code that was made for a frame is not yet where calls begin.
  if (old !== undefined && state.entry === old.called) state.entry = code.called;
  return code;
}

/** The entry of a quiet function until it is hot. */
function countedEntry(state: FuncCode, code: Code): Step {
  let entries = 0;
  let left = HOT_ENTRIES_SHARED;
  return (fp) => {
    if (--left > 0) return code.entry(fp);
    entries += HOT_ENTRIES_SHARED;
    left = HOT_ENTRIES_SHARED;
    if (entries < HOT_ENTRIES && !sharesBest()) return code.entry(fp);
    const better = makeSome(state, true, registers.lowering);
    // Made in parts, it goes on at the next entry; without room, after as many again.
    if (isMaking(state)) left = 1;
    else if (better === undefined) entries = 0;
    return (better ?? code).entry(fp);
  };
}

/** Whether code of the function is under way. */
export function isMaking(state: FuncCode): boolean {
  return state.making !== undefined;
}

function begin(state: FuncCode, isFound: boolean): Making {
  const { func } = state;
  const hot = isFound || sharesBest();
  const instance = func.instance!;
  begun(instance);
  const { module } = instance;
  const body = keptBody(module, func.funcidx);
  if (body !== undefined) {
    const code = new Code(state, hot, body.locals, body.entry);
    charge(code, body.size);
    return { code, isFound, stage: { kind: 'flattening', body } };
  }
  const lowering = new Lowering(module, func.funcidx);
  const code = new Code(state, hot, lowering.locals, lowering.entry);
  return { code, isFound, stage: { kind: 'lowering', lowering } };
}

/** Code of an instance is about to be made: it may run, and from now on it has. */
export function begun(instance: Instance): void {
  if (instance.unusable !== undefined) throw new RuntimeError(instance.unusable);
  instance.hasRun = true;
  watch(instance);
}

/** Goes on, for about so much work in each stage. True when the code is complete. */
function goOn({ func }: FuncCode, making: Making, most: number): boolean {
  const { code } = making;
  if (making.stage.kind === 'lowering') {
    const { lowering } = making.stage;
    const body = lowering.run(most);
    charge(code, lowering.size);
    if (body === undefined) return false;
    code.work = lowering.work;
    keepBody(func.instance!.module, body, func.store.code);
    making.stage = { kind: 'flattening', body };
  }
  if (making.stage.kind === 'flattening') {
    const { body } = making.stage;
    const blocks = blocksOf(body, most);
    if (blocks === undefined) return false;
    const late = isLate(making, blocks);
    making.stage = { kind: 'assembling', assembler: assembler(code, body, func.instance!, blocks, late) };
  }
  return making.stage.assembler.run(most);
}

/** Basic blocks know no instance either: they last as long as the body, which its module keeps if it has room. */
function blocksOf(body: LoweredBody, most: number): Blocks | undefined {
  const known = flattenings.get(body) ?? new Flattening(body);
  if (known instanceof Blocks) return known;
  const blocks = known.run(most);
  flattenings.set(body, blocks ?? known);
  return blocks;
}

function isLate({ isFound }: Making, blocks: Blocks): boolean {
  const mayStop = registers.lowering < Number.POSITIVE_INFINITY;
  const from = compilesHotCode() ? LATE_FROM_COMPILED : LATE_FROM;
  return !isFound && !mayStop && blocks.length >= from;
}

/** Reserves the room that the code takes, before it does. */
function charge(code: Code, size: number): void {
  const hasOwn = code.hot && compilesHotCode();
  const bytes = Math.ceil(size * (hasOwn ? BYTES_PER_HOT_NODE : BYTES_PER_NODE));
  if (!charges.get(code.func.instance!)!.add(bytes - code.bytes)) throw trap('codeExhausted');
  code.bytes = bytes;
}
function release(code: Code | undefined): void {
  if (code === undefined) return;
  charges.get(code.func.instance!)!.add(-code.bytes);
  code.bytes = 0;
}

/** When writes to a memory begin to be tracked, the code of all that may write to it is made anew. */
function watch(instance: Instance): void {
  if (charges.has(instance)) return;
  const charge = instance.store.code.reserve(0)!;
  charge.holdFor(instance);
  charges.set(instance, charge);
  for (const memory of instance.memories) {
    const tracked = (): void => {
      for (const func of instance.knownFuncs()) forget(func.code as FuncCode);
    };
    memory.trackers = withOne(memory.trackers, tracked);
  }
}

/** Gives up what another tier has made of a function. */
export function giveUpTiers(state: FuncCode): void {
  const { tiered } = state;
  if (tiered === undefined) return;
  state.tiered = undefined;
  tiered.code.drop();
  if (state.entry === tiered.code.entry) state.undecided = state.entry = state.first(state);
}

/** Drops the code, that of another tier too; paused executions that stand in it are rebuilt. */
function forget(state: FuncCode): void {
  drops.count++;
  state.tiered?.code.drop();
  state.tiered = undefined;
  state.refusals = undefined;
  release(state.code);
  release((state.making as Making | undefined)?.code);
  state.code = undefined;
  state.making = undefined;
  state.heat = 0;
  state.undecided = state.entry = state.first(state);
}
