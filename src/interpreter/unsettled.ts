/**
 * What a tier has not told the machine: a host function is running that it calls by itself (`PlainFunction`), and most of these call nothing of
 * ours. So the registers, the turn and the list of host functions are as they were before the call. Whatever a host function may call, and looks at
 * these, settles first: then they are as if the machine had made the call.
 */
import { trap } from '../errors';
import { hasRoom } from './room';

export const unsettled: { settle: (() => void) | undefined } = { settle: undefined };

/** Throws where the host's stack has no room for that: nothing has been settled then. */
export function settle(): void {
  if (unsettled.settle === undefined) return;
  if (!hasRoom()) throw trap('callStackExhausted', -1);
  unsettled.settle();
}
