/** The rules about the root continuation, frames, and the pending host call that need no module. */
import { checkValues, isU32, reject, type Where } from './checks';
import type { Activation, ContinuationRecord, SnapshotDocument } from './document';

export function checkRoot(root: ContinuationRecord, at: number): void {
  if (root.state !== 'suspended') reject('the root is not suspended', at);
  if (root.typeIndex !== -1) reject('the root has a continuation type', at);
  if (root.resumeThrow !== -1) reject('the root has an exception to raise', at);
  if (root.boundCount !== 0) reject('the root has bound arguments', at);
}

export function checkActivations(
  document: SnapshotDocument,
  { state, activations }: ContinuationRecord,
  id: number,
  where: Where,
): void {
  const last = activations.length - 1;
  const framed = state === 'suspended' && !document.postmortem;
  if (framed !== last >= 0) {
    const complaint = framed ? 'suspended, but in no function' : `${state}, but has frames`;
    reject(`continuation ${id} is ${complaint}`, where('continuation', id));
  }
  activations.forEach((frame, i) => {
    const at = where('continuation', id, i);
    const name = `continuation ${id}, frame ${i}`;
    checkFrame(document, frame, name, at);
    // Only a frame that waits for a host call (our extension) is innermost at a call.
    const waits = id === 0 && document.pendingCall !== undefined;
    if (i < last && frame.site !== 'call') reject(`${name}: at a ${frame.site} site, but not innermost`, at);
    if (i === last && (frame.site === 'call') !== waits) {
      reject(
        `${name}: innermost at a ${frame.site} site ${waits ? 'with' : 'without'} a pending host call`,
        at,
      );
    }
  });
}

function checkFrame(document: SnapshotDocument, frame: Activation, name: string, at: number): void {
  const { site, offset, targetLoop, targetCont } = frame;
  if (!isU32(frame.func) || frame.func === 0xffffffff) reject(`${name}: bad function index`, at);
  if (!isU32(offset)) reject(`${name}: bad offset`, at);
  if (site === 'loop' ? !isU32(targetLoop) : targetLoop !== -1) reject(`${name}: bad target loop`, at);
  if (site === 'loop' && targetLoop >= offset) {
    reject(
      `${name}: goes back to a loop at ${targetLoop}, which does not open before its branch at ${offset}`,
      at,
    );
  }
  if (site === 'resume') {
    const count = document.continuations.length;
    if (targetCont === 0) reject(`${name}: resumes the root`, at);
    if (!isU32(targetCont) || targetCont >= count)
      reject(`${name}: resumes no continuation of the snapshot`, at);
  } else if (targetCont !== -1) {
    reject(`${name}: names a continuation, but is at a ${site} site`, at);
  }
  checkValues(document, frame.values, () => name, at);
}

export function checkPending(document: SnapshotDocument, at: number): void {
  const call = document.pendingCall;
  if (call === undefined) return;
  if (document.postmortem) reject('a postmortem waits for a host call', at);
  if (!isU32(call.func)) reject('the pending host call names no function', at);
  checkValues(document, call.args, () => 'pending host call', at);
}
