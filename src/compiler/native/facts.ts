/** What must be known of bodies before they are walked: looks at their instructions, without types. */
import { OP, type Reader } from '../../decoder';
import { codeReader, readInstruction, readLocalDeclarations } from '../../decoder/body';
import { readCatchClauses } from '../../decoder/catches';
import { EXCEPTION_ROWS } from '../../decoder/exceptions';
import { CALLS, skipImmediates } from '../../decoder/immediates';
import { INSTRUCTIONS, type Instruction, instructionOf } from '../../decoder/instructions';
import type { ModuleData } from '../../decoder/module';
import { MOST_QUIET_INSTRUCTIONS } from '../../decoder/quiet';
import { skipStraight, straightOps } from '../../decoder/straight';
import { type Most, whyTooLarge } from '../limits';
import { LikelyCalls } from './likely-calls';
import { MOST_CODE, whyNotUnnamed } from './refusals';

/** Of blocks there may be thousands inside each other: compilers write a function that can be left so (Go). Ruby's largest carries 140,000. */
const MOST: Most = { bytes: MOST_CODE, countsBlocks: false, carried: 300_000 };

/** How many branches go back to each loop, by the module offset of the `loop`. */
export type Loops = ReadonlyMap<number, number>;

/** Branches back to a loop that make it one of these. */
const DISPATCHES = 8;
/** Whether a loop is one in which an interpreter dispatches, by the branches back to it. */
export function dispatches(loops: Loops, loop: number): boolean {
  return (loops.get(loop) ?? 0) >= DISPATCHES;
}

/** What a look at a function's instructions tells. */
export interface Facts {
  /** Why it cannot run natively. It was not looked at behind the place that tells. */
  readonly why: string | undefined;
  /** Whether it has instructions whose results the specification leaves to the host. */
  readonly isRelaxed: boolean;
  readonly loops: Loops;
  /** The functions that its instructions name, each once. Tail calls are calls. */
  readonly callees: ReadonlySet<number>;
  /** Those of them that it is likely to call each time that it is called. */
  readonly likely: ReadonlySet<number>;
  /** How many calls it has. */
  readonly calls: number;
  /** Whether it has instructions that work in bulk, which may take long. */
  readonly hasBulk: boolean;
  /** Whether it throws or handles exceptions. */
  readonly usesExceptions: boolean;
  /** Whether that is enough to tell that it is not quiet (decoder/quiet.ts). */
  readonly isLoud: boolean;
}

interface OpenBlock {
  readonly isLoop: boolean;
  readonly offset: number;
  branches: number;
  /** From where its end may be come to, besides from what stands before that. */
  readonly passedFrom: number[];
}

const known = new WeakMap<ModuleData, Map<number, Facts>>();
export function factsOf(module: ModuleData, funcidx: number): Facts {
  let ofModule = known.get(module);
  if (ofModule === undefined) {
    ofModule = new Map();
    known.set(module, ofModule);
  }
  let facts = ofModule.get(funcidx);
  if (facts === undefined) {
    facts = new Scan(module, funcidx).run();
    ofModule.set(funcidx, facts);
  }
  return facts;
}

/** Whether somebody has looked at a function already, and that has told that it is not quiet. */
export function isKnownLoud(module: ModuleData, funcidx: number): boolean {
  return known.get(module)?.get(funcidx)?.isLoud ?? false;
}

/** Why a function cannot run natively, in a program that is exact or not. */
export function whyNotFunction(module: ModuleData, funcidx: number, isExact: boolean): string | undefined {
  const { why, isRelaxed } = factsOf(module, funcidx);
  return why ?? (isExact && isRelaxed ? RELAXED : undefined);
}
const RELAXED = 'it has relaxed instructions, which every host does in its own way';

export const BULK_OPS: ReadonlySet<number> = new Set(
  (['memory.fill', 'memory.copy', 'memory.init', 'table.fill', 'table.copy', 'table.init'] as const).map(
    (name) => OP[name],
  ),
);

const NO_TAGS = 'it handles exceptions in a module without tags';
const BACK_TO_A_LOOP = 'a handler of it goes back to a loop';
const TOO_MANY_HANDLERS = 'it has too many handlers of exceptions';
/** To look at so many costs no fuel (src/interpreter/exceptions.ts). */
const MOST_HANDLERS = 63;

/** What instructions are, by dense id: most are nothing special. */
const EXCEPTIONAL = 1;
const IN_BULK = 2;
const RELAXED_ONE = 3;
const SPECIAL = new Uint8Array(instructionOf.length);
for (const { op, feature } of INSTRUCTIONS) if (feature === 'relaxedSimd') SPECIAL[op] = RELAXED_ONE;
for (const op of BULK_OPS) SPECIAL[op] = IN_BULK;
for (const [op] of EXCEPTION_ROWS) SPECIAL[op] = EXCEPTIONAL;

const ALL_STRAIGHT = straightOps();

class Scan {
  private readonly module: ModuleData;
  private readonly funcidx: number;
  private readonly reader: Reader;
  private readonly open: OpenBlock[] = [{ isLoop: false, offset: -1, branches: 0, passedFrom: [] }];
  private readonly loops = new Map<number, number>();
  private readonly callees = new Set<number>();
  private readonly likely: LikelyCalls;
  private calls = 0;
  private isRelaxed = false;
  private hasBulk = false;
  private usesExceptions = false;
  private handlers = 0;
  private instructions = 0;
  private hasUnnamed = false;

  constructor(module: ModuleData, funcidx: number) {
    this.module = module;
    this.funcidx = funcidx;
    this.reader = codeReader(module, funcidx);
    readLocalDeclarations(this.reader, module);
    this.likely = new LikelyCalls(this.reader.end - this.reader.pos);
  }

  run(): Facts {
    const { reader, loops, callees, likely } = this;
    let why = whyTooLarge(this.module, this.funcidx, MOST);
    while (why === undefined) {
      this.instructions += skipStraight(reader, ALL_STRAIGHT);
      if (reader.pos === reader.end) break;
      this.instructions++;
      const offset = reader.pos;
      const row = readInstruction(reader);
      const special = SPECIAL[row.op];
      if (special === IN_BULK) this.hasBulk = true;
      else if (special === RELAXED_ONE) this.isRelaxed = true;
      why = special === EXCEPTIONAL ? this.lookAtException(row, offset) : this.look(row, offset);
    }
    const { isRelaxed, hasBulk, calls, usesExceptions, hasUnnamed, instructions } = this;
    const isLoud = loops.size > 0 || hasUnnamed || usesExceptions || instructions > MOST_QUIET_INSTRUCTIONS;
    return { why, isRelaxed, loops, callees, likely: likely.all, calls, hasBulk, usesExceptions, isLoud };
  }

  /** The reader stands at the instruction's immediates. Why the function cannot run natively, if it tells that. */
  private look(row: Instruction, offset: number): string | undefined {
    const { reader, module, open, loops, likely } = this;
    if (row.imm === 'label') {
      this.branch(reader.u32(), offset);
      return undefined;
    }
    if (row.imm === 'labels') {
      // One that names a loop twice counts twice: nothing is lost but a local.
      for (let more = reader.u32(); more >= 0; more--) this.branch(reader.u32(), offset);
      return undefined;
    }
    const calls = CALLS[row.imm];
    if (calls !== undefined) this.calls++;
    if (calls === 'named') {
      const callee = reader.u32();
      this.callees.add(callee);
      likely.add(callee, offset);
      return undefined;
    }
    const { pos } = reader;
    skipImmediates(reader, row, module);
    if (row.imm === 'block') {
      const passedFrom = row.op === OP.if ? [offset] : [];
      open.push({ isLoop: row.op === OP.loop, offset, branches: 0, passedFrom });
    } else if (row.op === OP.else) {
      const { passedFrom } = open[open.length - 1];
      likely.passBy(passedFrom.splice(0, 1), offset);
      passedFrom.push(offset);
    } else if (row.op === OP.end) {
      const block = this.close(offset);
      if (block.isLoop) loops.set(block.offset, block.branches);
    } else if (row.op === OP.return) open[0].passedFrom.push(offset);
    if (calls !== 'unnamed') return undefined;
    this.hasUnnamed = true;
    return whyNotUnnamed(module, row.op, pos);
  }

  private close(offset: number): OpenBlock {
    const block = this.open.pop()!;
    this.likely.passBy(block.passedFrom, offset);
    return block;
  }

  /** The same of one that throws or handles exceptions, or begins or ends what does. */
  private lookAtException({ op, imm }: Instruction, offset: number): string | undefined {
    const { reader, module, open } = this;
    this.usesExceptions = true;
    if (module.tags.length === 0) return NO_TAGS;
    switch (op) {
      case OP.try:
      case OP.try_table: {
        reader.s33();
        const clauses = op === OP.try ? [] : readCatchClauses(reader);
        this.handlers += clauses.length;
        if (clauses.some(({ labelidx }) => open[open.length - 1 - labelidx].isLoop)) return BACK_TO_A_LOOP;
        open.push({ isLoop: false, offset, branches: 0, passedFrom: [] });
        break;
      }
      case OP.catch:
      case OP.catch_all:
        this.handlers++;
        // What is behind it is passed by, if nothing is thrown.
        open[open.length - 1].passedFrom.push(offset);
        if (imm === 'tag') reader.u32();
        break;
      case OP.delegate:
        reader.u32();
        this.close(offset);
        break;
      case OP.throw_ref:
        break;
      default:
        reader.u32();
    }
    return this.handlers > MOST_HANDLERS ? TOO_MANY_HANDLERS : undefined;
  }

  private branch(label: number, offset: number): void {
    const { open } = this;
    const target = open[open.length - 1 - label];
    target.branches++;
    if (!target.isLoop) target.passedFrom.push(offset);
  }
}
