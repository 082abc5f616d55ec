/** For `continuation-rules.ts` where flash is short: of stack switching, which nothing restores, no more is read. */
import { SnapshotError } from '../errors';
import { isU32, reject, type Where } from './checks';
import type { SnapshotDocument } from './document';
import { checkActivations, checkPending, checkRoot } from './frame-rules';

export function checkContinuations(document: SnapshotDocument, where: Where): void {
  const { continuations, postmortem } = document;
  if (continuations.length > (postmortem ? 0 : 1))
    throw new SnapshotError('continuations in a snapshot (stack switching)', 'unsupported');
  if (!postmortem) {
    const [root] = continuations;
    if (root === undefined) reject('a resumable snapshot without a root continuation', -1);
    const at = where('continuation', 0);
    checkRoot(root, at);
    if (root.boundArgs.length > 0) reject('the root has bound arguments', at);
    if (!isU32(root.entryFunc) || root.entryFunc === 0xffffffff)
      reject('the root names no entry function', at);
    checkActivations(document, root, 0, where);
  }
  checkPending(document, where('pending', 0));
}
