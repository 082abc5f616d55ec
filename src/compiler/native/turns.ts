/**
 * Small loops that are written several times over, so that their turns are counted by the handful:
 *
 *     block $few  loop $fast  (br_if $few (k -= 4) < 0)
 *       block  block  block  (a turn)  (a turn)  (a turn)  (a turn)  br $fast
 *       end  k += 1  end  k += 1  end  k += 1  br $exit
 *     end  end  k += 4
 *
 * Each turn is a block around a copy of the body, which a branch back to the loop leaves for the next one; what goes out of the loop gives
 * back what it has not used. Behind it stands the loop that counts one by one (body.ts): for the last turns of a slice of fuel, and for
 * safepoints. Counting is two instructions of the host for each turn of a loop that may have ten.
 */
import { OP } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import type { ModuleData } from '../../decoder/module';
import { Reader } from '../../decoder/reader';
import { skipStraight } from '../../decoder/straight';
import type { Emitter } from './emitter';
import type { Rewrites } from './rewriters';

/**
 * Bytes of a body up to which it is written so many times. The host's compiler unrolls small loops as well. More turns of the longer ones gain
 * nothing that can be measured, and make programs twice as long.
 */
const SIZES: readonly { readonly bytes: number; readonly turns: number }[] = [
  { bytes: 48, turns: 4 },
  { bytes: 160, turns: 2 },
];
const MOST_BYTES = SIZES[SIZES.length - 1].bytes;

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

export interface PlainLoop {
  readonly turns: number;
  readonly body: readonly PlainInstruction[];
}

/**
 * The loop whose body begins there, if it is small, and nothing in it is rewritten, calls, or loops. Branches that stay in the body are
 * copied, too.
 */
export function plainLoop(
  module: ModuleData,
  bodyOffset: number,
  rewriters: Rewrites,
  straightCopies: Uint8Array,
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
      body.push({ kind: 'end', offset, end: reader.pos, label, localidx: -1, nesting: 0 });
      const fit = SIZES.find(({ bytes }) => offset - bodyOffset <= bytes)!;
      return { turns: fit.turns, body };
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

/** Notes that these bytes are copied, together with those before them. */
function copied(body: PlainInstruction[], offset: number, end: number): void {
  const last = body[body.length - 1];
  if (last?.kind === 'copied') last.end = end;
  else body.push({ kind: 'copied', offset, end, label: -1, localidx: -1, nesting: 0 });
}

/** What such a loop is written with: the body that it is a part of. */
export interface TurnsWriter {
  readonly out: Emitter;
  readonly bytes: Uint8Array;
  /** The local that holds the units that are left. */
  readonly fuel: number;
  /** The local that a local of the original is. */
  localOf(localidx: number): number;
  open(kind: 'block' | 'loop' | 'if', params: readonly [], results: readonly []): number;
  close(): void;
  branchTo(kind: 'br' | 'br_if', label: number): void;
  /** Adds to the units that are left. */
  addUnits(units: number): void;
  /** Branches out of the loop, as the instruction does: to the label that is `label` from the one around it. */
  branchOut(label: number, instruction: PlainInstruction): void;
  /** What comes is a copy of what stands at this module offset. */
  note(offset: number): void;
}

/** Writes all but the loop that counts one by one. `exit`: the label behind all of it. */
export function writeTurns(writer: TurnsWriter, { turns, body }: PlainLoop, exit: number): void {
  const { out } = writer;
  const few = writer.open('block', [], []);
  const fast = writer.open('loop', [], []);
  writer.addUnits(-turns);
  out.indexed('local.get', writer.fuel);
  out.i32Const(0);
  out.op('i32.lt_s');
  writer.branchTo('br_if', few);
  const refunds = Array.from({ length: turns - 1 }, () => writer.open('block', [], []));
  for (let turn = 1; turn <= turns; turn++) {
    writer.open('block', [], []);
    const left = turn < turns ? refunds[refunds.length - turn] : exit;
    for (const instruction of body) writeOne(writer, instruction, turns - turn, left);
    writer.close();
  }
  writer.branchTo('br', fast);
  for (const _ of refunds) {
    writer.close();
    writer.addUnits(1);
  }
  if (refunds.length > 0) writer.branchTo('br', exit);
  writer.close();
  writer.close();
  writer.addUnits(turns);
}

function writeOne(writer: TurnsWriter, instruction: PlainInstruction, unused: number, left: number): void {
  const { out } = writer;
  const { kind, offset, end, label, localidx } = instruction;
  if (kind === 'end') writer.branchTo('br', left);
  else if (kind === 'local') {
    writer.note(offset);
    out.u8(writer.bytes[offset]);
    out.u32(writer.localOf(localidx));
  } else if (kind === 'copied' || label === 0) {
    writer.note(offset);
    out.copy(writer.bytes, offset, end);
  } else {
    if (kind === 'br_if') writer.open('if', [], []);
    if (unused > 0) writer.addUnits(unused);
    writer.branchOut(label - 1, instruction);
    if (kind === 'br_if') writer.close();
  }
}
