/**
 * Vectors that are put together lane by lane, as compilers do where memory is not read in steps of a lane: from a splat, or a load that
 * splats, whose lanes are then replaced. What waits as one `Build` is computed without a vector between two lanes.
 */
import { I32, V128 } from '../decoder';
import type { Build, BuiltLane, Expr, Get, LaneWidth, Vector } from './expr';
import { build, constant, lane, load, vector } from './makers';
import { binary, bits } from './normal';
import type { Operands } from './operands';

/** Of a vector whose lanes are all the same: their width, and the value of one. */
interface Splat {
  readonly width: LaneWidth;
  readonly value: Expr;
}

function splatOf({ instruction, operands: [operand], access }: Vector): Splat | undefined {
  const loaded = (op: 'i32.load8_u' | 'i32.load16_u' | 'i32.load') =>
    load(op, I32, operand, access!.memoryOffset, access!.memidx, access!.offset);
  switch (instruction) {
    case 'i8x16.splat':
      return { width: 8, value: narrowed(operand, 8) };
    case 'i16x8.splat':
      return { width: 16, value: narrowed(operand, 16) };
    case 'i32x4.splat':
      return { width: 32, value: operand };
    case 'v128.load8_splat':
      return { width: 8, value: loaded('i32.load8_u') };
    case 'v128.load16_splat':
      return { width: 16, value: loaded('i32.load16_u') };
    case 'v128.load32_splat':
      return { width: 32, value: loaded('i32.load') };
  }
  return undefined;
}

/** Without the bits that a lane has no room for. */
export function narrowed(value: Expr, width: LaneWidth): Expr {
  return width === 32 ? bits(value) : binary('i32.and', I32, value, constant(I32, 2 ** width - 1, 0));
}

/**
 * The vector with a lane replaced, if it still waits, and waited for nothing but that. The value must read no operand's slot, since the vector
 * is put together there.
 */
export function withLane(into: Expr, width: LaneWidth, index: number, value: Expr): Build | undefined {
  if (value.reads >= 0) return undefined;
  const added: BuiltLane = { lane: index, value };
  if (into.op === 'vector') {
    const splat = splatOf(into);
    if (splat === undefined ? into.instruction !== 'v128.const' : splat.width !== width) return undefined;
    return build(width, into, [added]);
  }
  if (into.op !== 'build' || into.width !== width) return undefined;
  // They are computed from the first to the last.
  if (into.lanes[into.lanes.length - 1].lane >= index) return undefined;
  return complete(build(width, into.base, [...into.lanes, added]));
}

/** Where only the first lane is left of a splat, it is a lane like the others. */
function complete(built: Build): Build {
  const { width, base, lanes } = built;
  if (base.op !== 'vector' || lanes.length !== 128 / width - 1 || lanes[0].lane !== 1) return built;
  const splat = splatOf(base);
  if (splat === undefined || splat.value.reads >= 0) return built;
  const nothing = vector('v128.const', V128, [], [0, 0, 0, 0]);
  return build(width, nothing, [{ lane: 0, value: splat.value }, ...lanes]);
}

/**
 * A shuffle of a place and a vector that waits, each lane of which comes once, in their order, while the place's bytes stay where they are:
 * the same lanes, built upon the place. Compilers widen with it what they have gathered.
 */
export function shuffledInto(
  built: Expr,
  into: Get | Vector,
  bytes: readonly number[],
  first: number,
): Build | undefined {
  if (built.op !== 'build' || built.base.op !== 'vector') return undefined;
  const splat = splatOf(built.base);
  if (splat === undefined || splat.value.reads >= 0) return undefined;
  const { width } = built;
  const taken = lanesTaken(bytes, first, width / 8);
  if (taken === undefined || taken.size !== built.lanes.length + 1) return undefined;
  const known = new Map(built.lanes.map(({ lane: from, value }) => [from, value]));
  const lanes: BuiltLane[] = [];
  // The splat's own lane comes first, and the others behind it: as they are computed.
  let next = -1;
  for (const [from, to] of taken) {
    const value = known.get(from) ?? splat.value;
    if (lanes.length === 0 ? known.has(from) : !known.has(from) || from <= next) return undefined;
    if (lanes.length > 0) next = from;
    lanes.push({ lane: to, value });
  }
  return build(width, into, lanes);
}

/** Where each lane from the byte `first` on goes; undefined when one is cut or comes twice, or another byte does not stay in its place. */
function lanesTaken(bytes: readonly number[], first: number, size: number): Map<number, number> | undefined {
  const taken = new Map<number, number>();
  const isOurs = (byte: number) => byte >= first && byte < first + 16;
  for (let to = 0; to < 16; to += size) {
    const lanes = bytes.slice(to, to + size);
    if (!lanes.some(isOurs)) {
      if (lanes.some((byte, k) => byte % 16 !== to + k)) return undefined;
      continue;
    }
    const from = (lanes[0] - first) / size;
    if (!Number.isInteger(from) || taken.has(from)) return undefined;
    if (lanes.some((byte, k) => !isOurs(byte) || byte !== lanes[0] + k)) return undefined;
    taken.set(from, to / size);
  }
  return taken;
}

/** A word of the vector, whose base stands in a place. */
export function wordOfBuild({ width, base, lanes }: Build, place: Get, word: number): Expr {
  let kept = -1;
  let value: Expr | undefined;
  for (const { lane: index, value: part } of lanes) {
    const shift = (index * width) % 32;
    if (Math.floor((index * width) / 32) !== word) continue;
    const shifted = shift === 0 ? part : binary('i32.shl', I32, part, constant(I32, shift, 0));
    value = value === undefined ? shifted : binary('i32.or', I32, value, shifted);
    kept &= width === 32 ? 0 : ~((2 ** width - 1) << shift);
  }
  if (kept === 0 && value !== undefined) return value;
  const below = baseWord(base, place, word);
  if (value === undefined) return below;
  return below.op === 'const' && (below.low & kept) === 0
    ? value
    : binary('i32.or', I32, binary('i32.and', I32, below, constant(I32, kept, 0)), value);
}

function baseWord(base: Get | Vector, place: Get, word: number): Expr {
  return base.op === 'vector' && base.instruction === 'v128.const'
    ? constant(I32, base.immediates[word], 0)
    : lane(I32, place, word);
}

/**
 * Vectors are built word by word, and so not where their lanes still read: the topmost operand goes to a place of its own if it is built of
 * one of these locals. `locals`: bits as in `Expr`.
 */
export function placeWhatIsBuilt(operands: Operands, locals: number): void {
  const top = operands.height - 1;
  if (operands.typeAt(top) === V128 && isBuiltOf(operands.at(top), locals)) operands.place(top);
}
function isBuiltOf(value: Expr, locals: number): boolean {
  if ((value.locals & locals) === 0) return false;
  return (
    value.op === 'build' || (value.op === 'vector' && value.operands.some((part) => isBuiltOf(part, locals)))
  );
}
