/** Shared memories (threads proposal, "Memory Types"): a part that a bundle can go without. */
import { invalid } from '../errors';
import type { Context } from './context';

/** A memory's type, whose flags stand at this offset, says that it is shared. */
export function needShared(
  context: Pick<Context, 'need'>,
  hasMaximum: boolean,
  offset: number,
  clause: string,
): void {
  context.need('threads', offset, clause);
  if (!hasMaximum) throw invalid('shared memory must have maximum', offset);
}
