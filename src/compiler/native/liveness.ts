/**
 * Which locals hold something at the points of a function that it may still read. What a frame that leaves there has in the others nobody will
 * read: emitted code forgets it (blocks.ts), so that the host's compiler need not keep it through loops that do not use it.
 *
 * The usual analysis, from the end of the function to its start, over straight pieces of code: what each reads before it writes it, and what
 * it writes. It is gone over again until nothing changes at the loops' headers: at most once more for each level of loops within loops.
 */
import { OP } from '../../decoder';
import { codeReader, readInstruction, readLocalDeclarations } from '../../decoder/body';
import { CALLS, skipImmediates } from '../../decoder/immediates';
import type { Instruction } from '../../decoder/instructions';
import type { ModuleData } from '../../decoder/module';
import type { Reader } from '../../decoder/reader';
import { skipStraight, straightOps } from '../../decoder/straight';
import { BULK_OPS, factsOf } from './facts';

/** A set of locals: 32 a word. */
type Locals = Int32Array;

/**
 * Dead locals by the module offset of each `loop`, at its header, and of each bulk operation, behind it: those that the function writes
 * somewhere, and that nobody reads from there on. Of calls only what frames that leave in place need not hand over (in-place.ts): to forget it
 * there makes nothing faster that can be measured.
 */
export type DeadLocals = ReadonlyMap<number, readonly number[]>;

/** A straight piece of code, and the control instruction behind it. */
interface Piece {
  readonly reads: Locals;
  readonly writes: Locals;
  readonly op: number;
  /** Module offset of the instruction. */
  readonly offset: number;
  /** Of a branch. */
  readonly labels: readonly number[];
}

/** A block, on the way from its end to its start. */
interface OpenBlock {
  readonly end: Locals;
  /** Of the second part of an `if`. */
  otherwise: Locals | undefined;
  /** Where branches to it go on: its end, or the header of a loop. */
  target: Locals;
}

/** Words that are gone over at most: some milliseconds. Of longer functions nothing is known. */
const MOST_WORK = 1_000_000;
const NONE_KNOWN: DeadLocals = new Map();
const NO_LABELS: readonly number[] = [];
export const LOCAL_OPS: ReadonlySet<number> = new Set(
  (['local.get', 'local.set', 'local.tee'] as const).map((name) => OP[name]),
);
const WITHOUT_LOCALS = straightOps((op) => !LOCAL_OPS.has(op));

/** `count`: locals of the function, parameters among them. `atCalls`: behind each call as well. */
export function deadAtPoints(
  module: ModuleData,
  funcidx: number,
  count: number,
  atCalls: boolean,
): DeadLocals {
  // A handler may be come to from anywhere.
  if (factsOf(module, funcidx).usesExceptions) return NONE_KNOWN;
  const words = (count + 31) >> 5;
  const reader = codeReader(module, funcidx);
  readLocalDeclarations(reader, module);
  const pieces: Piece[] = [];
  while (reader.pos < reader.end) pieces.push(readPiece(reader, module, words, atCalls));
  const live = new Map<number, Locals>();
  const ends = loopsByEnd(pieces);
  for (let work = 0; new Backwards(pieces, ends, words, live).run(); ) {
    work += pieces.length * words;
    if (work > MOST_WORK) return NONE_KNOWN;
  }
  const written = new Int32Array(words);
  for (const { writes } of pieces) add(written, writes);
  const dead = new Map<number, readonly number[]>();
  for (const [offset, locals] of live) dead.set(offset, listed(written, locals, count));
  return dead;
}

function readPiece(reader: Reader, module: ModuleData, words: number, atCalls: boolean): Piece {
  const reads = new Int32Array(words);
  const writes = new Int32Array(words);
  for (;;) {
    skipStraight(reader, WITHOUT_LOCALS);
    const offset = reader.pos;
    const row = readInstruction(reader);
    const { op, imm } = row;
    if (imm === 'local') {
      const localidx = reader.u32();
      const bit = 1 << (localidx & 31);
      if (op !== OP['local.get']) writes[localidx >> 5] |= bit;
      else if ((writes[localidx >> 5] & bit) === 0) reads[localidx >> 5] |= bit;
      continue;
    }
    const labels = readLabels(reader, row);
    if (labels === undefined) skipImmediates(reader, row, module);
    const isPoint = BULK_OPS.has(row.op) || (atCalls && CALLS[row.imm] !== undefined);
    if (labels !== undefined || isControl(row) || isPoint)
      return { reads, writes, op, offset, labels: labels ?? NO_LABELS };
  }
}

function readLabels(reader: Reader, { imm }: Instruction): number[] | undefined {
  if (imm === 'label') return [reader.u32()];
  if (imm !== 'labels') return undefined;
  return Array.from({ length: reader.u32() + 1 }, () => reader.u32());
}

function isControl({ op, imm }: Instruction): boolean {
  return imm === 'block' || op === OP.else || op === OP.end || op === OP.return || op === OP.unreachable;
}

/** Goes over a function once, from its end to its start. */
class Backwards {
  private readonly pieces: readonly Piece[];
  private readonly ends: ReadonlyMap<number, number>;
  private readonly known: Map<number, Locals>;
  private readonly open: OpenBlock[] = [];
  /** What is alive where it has come to. */
  private readonly live: Locals;
  private hasChanged = false;

  /** `ends`: offsets of loops, by the pieces that end them. `known`: what is alive at points, which is added to. */
  constructor(
    pieces: readonly Piece[],
    ends: ReadonlyMap<number, number>,
    words: number,
    known: Map<number, Locals>,
  ) {
    this.pieces = pieces;
    this.ends = ends;
    this.known = known;
    this.live = new Int32Array(words);
  }

  /** Whether anything was added at a loop. */
  run(): boolean {
    const { live, pieces, ends } = this;
    for (let k = pieces.length - 1; k >= 0; k--) {
      const piece = pieces[k];
      this.pass(piece, ends.get(k));
      const { reads, writes } = piece;
      for (let word = 0; word < live.length; word++) live[word] = (live[word] & ~writes[word]) | reads[word];
    }
    return this.hasChanged;
  }

  /** `loop`: offset of the loop that ends there. */
  private pass({ op, offset, labels }: Piece, loop: number | undefined): void {
    const { live, open } = this;
    switch (op) {
      case OP.end:
        this.openEnd(loop);
        return;
      case OP.else:
        open[open.length - 1].otherwise = live.slice();
        live.set(open[open.length - 1].end);
        return;
      case OP.if: {
        const { end, otherwise } = open.pop()!;
        add(live, otherwise ?? end);
        return;
      }
      case OP.loop:
        open.pop();
        this.arrive(offset);
        return;
      case OP.block:
        open.pop();
        return;
      case OP.return:
      case OP.unreachable:
        live.fill(0);
        return;
      case OP.br:
      case OP.br_table:
        live.fill(0);
    }
    if (loop === undefined && labels.length === 0) this.known.set(offset, live.slice());
    for (const label of labels) add(live, open[open.length - 1 - label].target);
  }

  private openEnd(loop: number | undefined): void {
    const { live, open, known } = this;
    const end = live.slice();
    if (loop !== undefined && !known.has(loop)) known.set(loop, new Int32Array(live.length));
    open.push({ end, otherwise: undefined, target: loop === undefined ? end : known.get(loop)! });
  }

  private arrive(loop: number): void {
    if (add(this.known.get(loop)!, this.live)) this.hasChanged = true;
  }
}

/** The offsets of loops, by the pieces that end with their ends. */
function loopsByEnd(pieces: readonly Piece[]): Map<number, number> {
  const ends = new Map<number, number>();
  const open: Piece[] = [];
  pieces.forEach((piece, k) => {
    const { op } = piece;
    if (op === OP.block || op === OP.loop || op === OP.if) open.push(piece);
    else if (op === OP.end) {
      const block = open.pop();
      if (block?.op === OP.loop) ends.set(k, block.offset);
    }
  });
  return ends;
}

/** Whether anything was not there before. */
function add(to: Locals, from: Locals): boolean {
  let more = 0;
  for (let word = 0; word < to.length; word++) {
    more |= from[word] & ~to[word];
    to[word] |= from[word];
  }
  return more !== 0;
}

/** Those that are in the first set and not in the second. */
function listed(these: Locals, without: Locals, count: number): number[] {
  const list: number[] = [];
  for (let localidx = 0; localidx < count; localidx++) {
    const word = localidx >> 5;
    if (((these[word] & ~without[word]) >> (localidx & 31)) & 1) list.push(localidx);
  }
  return list;
}
