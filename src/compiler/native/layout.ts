/**
 * The index spaces of an emitted module.
 *
 * It has the types, globals, memories and functions of the original, so most instructions are copied as they are. What the runtime adds comes
 * behind: types and globals; but imported functions must come first, so function indices are shifted by the number of helpers. Functions
 * that the original imports, or that cannot run natively, are small bodies which call out of the module. A table's calls go through a
 * mirror: a table of the host that holds a native function for each function that the runtime's table holds.
 */
import {
  EXTERNREF,
  F32,
  F64,
  type FuncType,
  I32,
  I64,
  isRef,
  type Module,
  V128,
  type ValType,
} from '../../decoder';
import { isQuiet } from '../../decoder/quiet';
import type { BulkOp, EffectOp } from '../../lowering';
import { type Emitter, entryOf } from './emitter';
import { factsOf, isKnownLoud } from './facts';
import { HANDED, handedGlobals } from './handed-globals';
import { bytesBeyond, type Room, roomOf } from './room';
import { STATE_PARAMS, STATE_RESULTS } from './state';

/** Slots of a frame's locals, and of all of it. */
export interface FrameSize {
  readonly localSlots: number;
  readonly slots: number;
}

/**
 * What the runtime does for emitted code. Their order is that of the imports. Places and bases are explained in state.ts; `fuel` is what is
 * left, also as a result, which is never negative. `enter`, `loop`, `out` and `bulk` may throw, so that all native frames leave.
 */
export const HELPERS = {
  /** Function x is entered, and its fuel may not suffice, or its room: (x, fuel, base). */
  enter: { params: [I32, I32, I32], results: [I32] },
  /** Function x stands at a branch back to a loop without fuel, and leaves from its point y if it does: (x, y, fuel, base). */
  loop: { params: [I32, I32, I32, I32], results: [I32] },
  /** Something between two safepoints has taken more than there was: (fuel). What there is to go on with up to the next one: nothing. */
  owe: { params: [I32], results: [I32] },
  /** A frame of function x that leaves from its point y: (x, y, base). Its values are pushed next. */
  frame: { params: [I32, I32, I32], results: [] },
  /** Throws what has been thrown last. */
  throwOn: { params: [], results: [] },
  pushI32: { params: [I32], results: [] },
  /** Four values at once. */
  pushFour: { params: [I32, I32, I32, I32], results: [] },
  pushI64: { params: [I64], results: [] },
  pushRef: { params: [EXTERNREF], results: [] },
  takeI32: { params: [], results: [I32] },
  takeI64: { params: [], results: [I64] },
  takeRef: { params: [], results: [EXTERNREF] },
  /** The number of the loop at which a continuation begins (entries.ts). */
  entry: { params: [], results: [I32] },
  /** Whether function x, of a group that was not asked for yet, is in the table of functions now. */
  load: { params: [I32], results: [I32] },
  /** Calls function x, whose arguments have been pushed and whose results are taken: (x, fuel, place). */
  out: { params: [I32, I32, I32], results: [I32] },
  /** A function has returned whose results are integers: the fuel that is left, and the globals that `Layout.handed` names. */
  done: { params: [I32, ...HANDED], results: [] },
  /** What is left of the fuel, behind a call of an import of the original (`Layout.direct`), where that is not what there was before. */
  fuel: { params: [], results: [I32] },
  /** Does an instruction whose operands have been pushed and whose result is taken: (index in `Layout.effects`, fuel). */
  effect: { params: [I32, I32], results: [I32] },
  /** An exception with a tag, whose values have been pushed: (tag, module offset, fuel, base). */
  throwing: { params: [I32, I32, I32, I32], results: [EXTERNREF] },
  /** The same of one that is there, or a trap: (exception, module offset, fuel, base). */
  raising: { params: [EXTERNREF, I32, I32, I32], results: [EXTERNREF] },
  /** Whether a handler takes an exception, whose values are taken next: (exception, tag or -1, base). */
  caught: { params: [EXTERNREF, I32, I32], results: [I32] },
  /** The same in bulk: (its operands, one that is a reference as 0 when that has been pushed, index, fuel, base). */
  bulk: { params: [I32, I32, I32, I32, I32, I32], results: [I32] },
} as const satisfies Record<string, FuncType>;
export type Helper = keyof typeof HELPERS;
export const HELPER_NAMES = Object.keys(HELPERS) as readonly Helper[];

/** Globals behind the original's. */
export const CELLS = {
  /** Table index of the last indirect call: a trap does not tell. */
  element: I32,
  /** Bytes of the host's stack that there are for frames of long functions; negative: too many (room.ts). */
  stack: I32,
  /** Whether a direct call out goes on with another fuel than it has given, and is to ask. */
  fuel: I32,
  /** Which of `Layout.plain` are plain functions of JavaScript. */
  plain: I32,
  /** The operand of the last conversion to an integer that may trap: nor does a trap tell whether that was a NaN. */
  operand: F64,
} as const;
export type Cell = keyof typeof CELLS;
export const CELL_NAMES = Object.keys(CELLS) as readonly Cell[];

/** An instruction that the machine does for emitted code, with its immediates in the binary format's order. */
export interface HelpedInstruction {
  readonly op: EffectOp | BulkOp;
  readonly x: number;
  readonly y: number;
  /** In the module. */
  readonly offset: number;
  readonly funcidx: number;
}

/** By number, in the order in which they were met. To emit a function again changes nothing. */
export class Effects {
  readonly list: HelpedInstruction[] = [];
  private readonly byOffset = new Map<number, number>();

  number(instruction: HelpedInstruction): number {
    let at = this.byOffset.get(instruction.offset);
    if (at === undefined) {
      at = this.list.push(instruction) - 1;
      this.byOffset.set(instruction.offset, at);
    }
    return at;
  }
}

/** Of what is emitted for a module there are as many programs as these have values. */
export interface Variant {
  /** Whether its memories are shared ones of the host. */
  readonly isShared: boolean;
  /** Whether a NaN that arithmetic makes is the canonical one (nans.ts). */
  readonly isExact: boolean;
}

/** Parameters of functions at most that are called directly from one side to the other. */
const MOST_DIRECT = 6;
const isInteger = (type: ValType): boolean => type === I32 || type === I64;
const isNumber = (type: ValType): boolean => isInteger(type) || type === F32 || type === F64;

/** Whether JavaScript calls functions of this type with their arguments, or they it: of integers alone. Floats lose bits there. */
export function isDirect({ params, results }: FuncType): boolean {
  if (params.length > MOST_DIRECT || results.length > 1) return false;
  return params.every(isInteger) && results.every(isInteger);
}

/**
 * Whether JavaScript calls functions of this type with their arguments: of numbers alone, whose NaNs JavaScript cannot tell apart. Where all tiers
 * must make the same bits of these (`isExact`), of integers alone.
 */
export function isBrief(type: FuncType, { isExact }: Variant): boolean {
  if (isDirect(type)) return true;
  const { params, results } = type;
  if (isExact || params.length > MOST_DIRECT || results.length > 1) return false;
  return params.every(isNumber) && results.every(isNumber);
}

/** Imports of the original, by their indices, which are called so: always, or where they are plain functions of JavaScript. */
function directImports(module: Module, variant: Variant): { direct: number[]; plain: number[] } {
  const direct: number[] = [];
  const plain: number[] = [];
  for (let funcidx = 0; funcidx < module.importedFuncs; funcidx++) {
    const type = module.funcType(funcidx);
    if (isDirect(type)) direct.push(funcidx);
    else if (isBrief(type, variant) && plain.length < MOST_PLAIN) plain.push(funcidx);
  }
  return { direct: [...direct, ...plain], plain };
}
/** Bits of the cell `plain`. */
const MOST_PLAIN = 32;

const NO_IMPORTS = { direct: [], plain: [] };

const keyOf = ({ params, results }: FuncType): string => `${params.join()}:${results.join()}`;

/** A function that the original has not. */
export interface AddedFunction {
  readonly typeidx: number;
  readonly body: Emitter;
}

/** What it has once been asked for stays the same, so that a function which is emitted again becomes the same bytes. */
export class Layout {
  readonly module: Module;
  readonly variant: Variant;
  readonly copiesLoops: boolean;
  /** Of bodies that have been written, by their numbers. */
  readonly frameSizes: Map<number, FrameSize>;
  /** Functions that are not in the emitted module: a call of one may unwind, also of a quiet one. */
  readonly outside: Set<number>;
  /** Tables of the original that are called through, in the order of their mirrors. */
  readonly mirrors: number[] = [];
  /** Types behind the original's; a side module has its module's. */
  readonly added: FuncType[];
  private readonly addedAt: Map<string, number>;
  /** Functions of a side module behind those of the original: what its bodies have in common. */
  readonly addedFunctions: AddedFunction[] = [];
  private readonly functionAt = new Map<string, number>();
  private readonly calledAt: Map<number, number>;
  /**
   * Functions that the original imports and that its main module imports as well, before the helpers: they are called with fuel and place, and
   * then their arguments. A side module has none: it calls them through the table of functions.
   */
  readonly direct: readonly number[];
  /**
   * Those of them that are called so only where they are plain functions of JavaScript: with floats, whose bits others see. The cell `plain` has a
   * bit for each.
   */
  readonly plain: readonly number[];
  /** Globals that are handed over in such calls, and when direct calls return; undefined where whoever is called does that. */
  readonly handed: readonly number[] | undefined;
  /** Whether functions come in groups, and so bodies may have added functions. */
  readonly isLarge: boolean;
  /** What the machine does for emitted code; a side module's are its module's. */
  readonly effects: Effects;
  /** What an activation of it may have on the host's stack. */
  readonly room: Room;
  private readonly quiet: Map<number, boolean>;
  private readonly helperAt: Readonly<Record<Helper, number>>;
  private readonly cellAt: Readonly<Record<Cell, number>>;

  /** Whether a call, a block or a global may give a vector. */
  readonly hasVectors: boolean;

  /** Whether long functions take from the cell `stack`, and give back what they have taken. */
  get keepsStack(): boolean {
    return this.room.perMeasure > 0;
  }

  /** `copiesLoops`: whether small loops are written several times (turns.ts). */
  constructor(module: Module, variant: Variant, copiesLoops: boolean, base?: Layout) {
    this.module = module;
    this.copiesLoops = copiesLoops;
    const { direct, plain } = base === undefined ? directImports(module, variant) : NO_IMPORTS;
    this.direct = direct;
    this.plain = plain;
    this.handed = base === undefined ? handedGlobals(module) : base.handed;
    this.isLarge = base?.isLarge ?? !copiesLoops;
    this.hasVectors = base?.hasVectors ?? hasVectors(module);
    this.variant = variant;
    this.frameSizes = base?.frameSizes ?? new Map();
    this.outside = base?.outside ?? new Set();
    this.quiet = base?.quiet ?? new Map();
    this.added = base?.added ?? [];
    this.addedAt = base?.addedAt ?? new Map();
    this.calledAt = base?.calledAt ?? new Map();
    this.effects = base?.effects ?? new Effects();
    this.room = base?.room ?? roomOf(module);
    this.helperAt = positions(HELPER_NAMES);
    this.cellAt = positions(CELL_NAMES);
  }

  /** Whether an entry of a function costs nothing, and is no safepoint (decoder/quiet.ts). */
  isFree(funcidx: number): boolean {
    return !isKnownLoud(this.module, funcidx) && isQuiet(this.module, funcidx);
  }
  /** Whether it also never unwinds: nothing that it does, and calls, works in bulk. Chains of such calls are short. */
  isQuiet(funcidx: number): boolean {
    let found = this.quiet.get(funcidx);
    if (found === undefined) {
      found = this.isFree(funcidx) && this.isQuick(funcidx);
      this.quiet.set(funcidx, found);
    }
    return found;
  }
  /** Bytes of the host's stack that a frame counts in the cell `stack`. */
  bytesBeyond(funcidx: number): number {
    return this.isQuiet(funcidx) ? 0 : bytesBeyond(this.module, funcidx);
  }
  private isQuick(funcidx: number): boolean {
    const { hasBulk, callees } = factsOf(this.module, funcidx);
    return !hasBulk && [...callees].every((callee) => this.isQuiet(callee));
  }

  /** The index of a type that the emitted module has for itself. */
  typeidx(params: readonly ValType[], results: readonly ValType[]): number {
    const type = { params, results };
    const key = keyOf(type);
    let at = this.addedAt.get(key);
    if (at === undefined) {
      at = this.added.push(type) - 1;
      this.addedAt.set(key, at);
    }
    return this.module.types.length + at;
  }

  /** The type that a function of this type has in the emitted module. */
  calledType({ params, results }: FuncType): number {
    return this.typeidx([...params, ...STATE_PARAMS], [...results, ...STATE_RESULTS]);
  }
  /** The same, for a type of the original by its index. */
  calledTypeidx(original: number): number {
    let at = this.calledAt.get(original);
    if (at === undefined) {
      at = this.calledType(this.module.types[original].composite.func);
      this.calledAt.set(original, at);
    }
    return at;
  }

  /**
   * Whether a function that calls it (adapters.ts) stands for each helper. They are some 160 bytes of each module, so that only those
   * have them in which small loops are copied, too.
   */
  get wrapsHelpers(): boolean {
    return this.copiesLoops;
  }
  helper(name: Helper): number {
    return this.firstFunc - HELPER_NAMES.length + this.helperAt[name];
  }
  /** A helper's place in the table of functions: behind those of the original. */
  protected listedHelper(name: Helper): number {
    return this.module.funcTypes.length + this.helperAt[name];
  }
  /** The index of the first function that has a body of the original's, or a part of one. */
  get firstFunc(): number {
    return this.direct.length + HELPER_NAMES.length * (this.wrapsHelpers ? 2 : 1);
  }

  funcidx(original: number): number {
    return this.firstFunc + original;
  }

  /** The index of an added function, known by a key. */
  addedFunction(key: string, add: () => AddedFunction): number {
    let at = this.functionAt.get(key);
    if (at === undefined) {
      at = this.addedFunctions.push(add()) - 1;
      this.functionAt.set(key, at);
    }
    return this.firstFunc + this.bodies + at;
  }
  /** What these are known by, in their order. */
  get addedKeys(): readonly string[] {
    return [...this.functionAt.keys()];
  }
  /** It has these, which have been written before. */
  knowAdded(keys: readonly string[]): void {
    keys.forEach((key, at) => {
      this.functionAt.set(key, at);
    });
  }
  /** How many functions of the original there are. */
  protected get bodies(): number {
    return this.module.funcTypes.length;
  }

  /** A call of a function, with its arguments on the operand stack. */
  emitCall(out: Emitter, kind: 'call' | 'return_call', original: number): void {
    out.indexed(kind, this.funcidx(original));
  }

  /** The same, as short as can be where it stands, for the host's compiler. */
  emitShortCall(out: Emitter, original: number): void {
    this.emitCall(out, 'call', original);
  }

  /** The table of the host that stands for a table of the original in calls. */
  mirror(tableidx: number): number {
    const at = this.mirrors.indexOf(tableidx);
    return at >= 0 ? at : this.mirrors.push(tableidx) - 1;
  }

  globalidx(cell: Cell): number {
    return this.module.globals.length + this.cellAt[cell];
  }
}

/**
 * A side module: some functions of the module that it belongs to, or a part of one. It calls the others through the table of all functions,
 * which is its first table. So it does those helpers that it needs, with a function for each: V8 compiles what makes a function of JavaScript
 * callable for each type of a function that a module imports, even where that is one of wasm. For all helpers that takes a millisecond, and as
 * much on other threads.
 */
export class SideLayout extends Layout {
  /** Of the main module. */
  readonly base: Layout;
  private readonly members: ReadonlyMap<number, number>;
  private readonly first: number;

  /** `first`: functions of the side module that stand before them. */
  constructor(base: Layout, members: readonly number[], copiesLoops: boolean, first = 0) {
    super(base.module, base.variant, copiesLoops, base);
    this.base = base;
    this.first = first;
    this.members = new Map(members.map((funcidx, k) => [funcidx, k]));
  }

  override get firstFunc(): number {
    return this.first;
  }
  override helper(name: Helper): number {
    return this.addedFunction(name, () => {
      const { params, results } = HELPERS[name];
      const typeidx = this.typeidx(params, results);
      const body = entryOf([], (out) => {
        for (let param = 0; param < params.length; param++) out.indexed('local.get', param);
        out.i32Const(this.listedHelper(name));
        out.indexed('call_indirect', typeidx);
        out.u32(0);
      });
      return { typeidx, body };
    });
  }
  protected override get bodies(): number {
    // A continuation has one, which is no member.
    return Math.max(1, this.members.size);
  }

  override emitCall(out: Emitter, kind: 'call' | 'return_call', original: number): void {
    const member = this.members.get(original);
    if (member !== undefined) {
      out.indexed(kind, this.firstFunc + member);
      return;
    }
    out.i32Const(original);
    const typeidx = this.calledTypeidx(this.module.funcTypes[original]);
    out.indexed(kind === 'call' ? 'call_indirect' : 'return_call_indirect', typeidx);
    out.u32(0);
  }

  /** By way of a function that calls through the table: V8 makes ten values of such a call, and one of another. */
  override emitShortCall(out: Emitter, original: number): void {
    if (this.members.has(original)) {
      this.emitCall(out, 'call', original);
      return;
    }
    const way = () => {
      const typeidx = this.calledTypeidx(this.module.funcTypes[original]);
      const count = this.module.funcType(original).params.length + STATE_PARAMS.length;
      const body = entryOf([], (to) => {
        for (let param = 0; param < count; param++) to.indexed('local.get', param);
        this.emitCall(to, 'call', original);
      });
      return { typeidx, body };
    };
    out.indexed('call', this.addedFunction(`to ${original}`, way));
  }

  override mirror(tableidx: number): number {
    return 1 + super.mirror(tableidx);
  }
}

function hasVectors({ types, globals }: Module): boolean {
  const isVector = (type: ValType): boolean => type === V128;
  return (
    globals.some(({ value }) => isVector(value)) ||
    types.some(({ composite: { func } }) => func.params.some(isVector) || func.results.some(isVector))
  );
}

function positions<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, k) => [name, k])) as Record<Name, number>;
}

/** How a value crosses between emitted code and JavaScript: floats as bits, so that their NaNs stay what they are. */
export type Carrier = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'ref';
const CARRIERS: Readonly<Record<ValType, Carrier>> = {
  [I32]: 'i32',
  [I64]: 'i64',
  [F32]: 'f32',
  [F64]: 'f64',
  [V128]: 'v128',
};

export function carrierOf(type: ValType): Carrier {
  return isRef(type) ? 'ref' : CARRIERS[type];
}
