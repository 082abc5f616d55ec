/** Shuffles whose words are put together of turned words (lowering/lanes.ts), by the offsets of their places. */
import { turnsOf, type Vector } from '../lowering';
import { word } from './words';

/** A turn of the word at an offset from the frame. */
export interface WordTurn {
  readonly at: number;
  readonly left: number;
  readonly mask: number;
}
/** Each word has one at least, which may have no bits. */
export function turnsAt(value: Vector): WordTurn[][] {
  const { operands } = value;
  const place = word(operands.find(({ op }) => op === 'get')!);
  return turnsOf(value).map((turns) =>
    turns.length === 0
      ? [{ at: place, left: 0, mask: 0 }]
      : turns.map(({ operand, word: index, left, mask }) => ({
          at: word(operands[operand]) + index,
          left,
          mask,
        })),
  );
}
