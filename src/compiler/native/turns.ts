/**
 * Small loops, of which some turns are written one behind the other, before the loop itself, and count together (blocks.ts):
 *
 *     loop $head  (br_if $slow fuel < 4)
 *       block  (a turn)  br $exit  end
 *       block  (a turn)  fuel -= 1  br $exit  end
 *       block  (a turn)  fuel -= 2  br $exit  end
 *       block  (a turn)  fuel -= 3  br $exit  end
 *       fuel -= 4  br $head  end
 *
 * Each is a block around a copy of the body, which a branch back to the loop leaves for the next one; what goes out of the loop pays for the
 * turns before. Where the fuel does not suffice for all, the loop itself makes the turns that it suffices for, one by one: so nothing is kept
 * in these that only a frame must know which leaves. Counting is two instructions of the host for each turn of a loop that may have ten, and V8,
 * which writes small loops several times over itself, does it less when they are longer by that.
 * Small modules have such loops, and continuations, which are made where a program stays; in all of a large module they would be a tenth of its
 * code.
 */
import { OP } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import type { ModuleData } from '../../decoder/module';
import { Reader } from '../../decoder/reader';
import { type StraightOps, skipStraight } from '../../decoder/straight';
import type { Emitter } from './emitter';
import type { Rewrites } from './rewriters';

/** Bytes of a body up to which its turns are written so, and bytes of all of them. Two turns instead of four: 1.02 times as long. */
const MOST_BYTES = 160;
const MOST_BYTES_OF_TURNS = 320;
const MOST_TURNS = 4;
/**
 * Bytes of a function's code up to which its loops are written so, and it forgets what is dead in them (liveness.ts): one with hundreds of them
 * would take the host's compilers too long.
 */
export const MOST_CODE_OF_LOOPS = 8192;

/**
 * An instruction of such a body, or several that are copied together. `label`: of a branch, counted from the body's own blocks on: 0 is the
 * loop, 1 what stands around it.
 */
export interface PlainInstruction {
  readonly kind: 'copied' | 'local' | 'br' | 'br_if' | 'end';
  readonly offset: number;
  end: number;
  readonly label: number;
  /** Of an instruction with a local. */
  readonly localidx: number;
  /** Blocks of the body that are open there. */
  readonly nesting: number;
}

export type PlainLoop = readonly PlainInstruction[];

/**
 * The loop whose body begins there, if it is small, and nothing in it is rewritten, calls, or loops. Branches that stay in the body are
 * copied, too.
 */
export function plainLoop(
  module: ModuleData,
  bodyOffset: number,
  rewriters: Rewrites,
  straightCopies: StraightOps,
): PlainLoop | undefined {
  const reader = new Reader(module.bytes, bodyOffset);
  const body: PlainInstruction[] = [];
  let nesting = 0;
  for (;;) {
    const start = reader.pos;
    skipStraight(reader, straightCopies);
    if (reader.pos > start) copied(body, start, reader.pos);
    const offset = reader.pos;
    if (offset - bodyOffset > MOST_BYTES) return undefined;
    const row = readInstruction(reader);
    const { op } = row;
    const isBranch = op === OP.br || op === OP.br_if;
    const isBlock = op === OP.block || op === OP.if || op === OP.else || op === OP.end;
    if (row.imm === 'local') {
      const localidx = reader.u32();
      body.push({ kind: 'local', offset, end: reader.pos, label: -1, localidx, nesting });
      continue;
    }
    if (!isBranch && !isBlock && rewriters[op] !== undefined) return undefined;
    let label = -1;
    if (isBranch) label = reader.u32() - nesting;
    else skipImmediates(reader, row, module);
    if (op === OP.block || op === OP.if) nesting++;
    if (op === OP.end && nesting-- === 0) {
      // Nothing comes to the end of a body that ends with a branch.
      if (body[body.length - 1]?.kind !== 'br')
        body.push({ kind: 'end', offset, end: reader.pos, label, localidx: -1, nesting: 0 });
      return body;
    }
    if (!isBranch || label < 0) copied(body, offset, reader.pos);
    else
      body.push({
        kind: op === OP.br ? 'br' : 'br_if',
        offset,
        end: reader.pos,
        label,
        localidx: -1,
        nesting,
      });
  }
}

/** How many turns of a loop are written. */
export function turnsOf(loop: PlainLoop): number {
  const bytes = loop[loop.length - 1].end - loop[0].offset;
  return Math.min(MOST_TURNS, Math.floor(MOST_BYTES_OF_TURNS / Math.max(1, bytes)));
}

/** Notes that these bytes are copied, together with those before them. */
function copied(body: PlainInstruction[], offset: number, end: number): void {
  const last = body[body.length - 1];
  if (last?.kind === 'copied') last.end = end;
  else body.push({ kind: 'copied', offset, end, label: -1, localidx: -1, nesting: 0 });
}

/** What such a turn is written with: the body that it is a part of. */
export interface TurnWriter {
  readonly out: Emitter;
  readonly bytes: Uint8Array;
  /** The local that a local of the original is. */
  localOf(localidx: number): number;
  open(kind: 'block' | 'if'): number;
  close(): void;
  /** Takes the units of the turns before. */
  pay(): void;
  /** Goes behind the loop. */
  leave(): void;
  /** Branches out of the loop, as the instruction does: to the label that is `label` from the one around it. */
  branchOut(label: number, instruction: PlainInstruction): void;
  /** What comes is a copy of what stands at this module offset. */
  note(offset: number): void;
}

export function writeTurn(writer: TurnWriter, body: PlainLoop): void {
  writer.open('block');
  for (const instruction of body) writeOne(writer, instruction);
  writer.close();
}

function writeOne(writer: TurnWriter, instruction: PlainInstruction): void {
  const { out } = writer;
  const { kind, offset, end, label, localidx } = instruction;
  if (kind === 'end') {
    writer.pay();
    writer.leave();
  } else if (kind === 'local') {
    writer.note(offset);
    out.u8(writer.bytes[offset]);
    out.u32(writer.localOf(localidx));
  } else if (kind === 'copied' || label === 0) {
    writer.note(offset);
    out.copy(writer.bytes, offset, end);
  } else {
    if (kind === 'br_if') writer.open('if');
    writer.pay();
    writer.branchOut(label - 1, instruction);
    if (kind === 'br_if') writer.close();
  }
}
