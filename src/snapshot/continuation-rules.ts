/** The rules about continuations that need no module (draft, "Section 6" and what follows it). Those of their frames: `frame-rules.ts`. */
import { checkValues, isU32, reject, type Where } from './checks';
import type { ContinuationRecord, SnapshotDocument } from './document';
import { checkActivations, checkPending, checkRoot } from './frame-rules';

export function checkContinuations(document: SnapshotDocument, where: Where): void {
  const { continuations, postmortem } = document;
  if (!postmortem && continuations.length === 0)
    reject('a resumable snapshot without a root continuation', -1);
  continuations.forEach((continuation, id) => {
    const at = where('continuation', id);
    checkRecord(document, continuation, id, at);
    if (postmortem) checkPostmortemRecord(continuation, id, at);
    else if (id === 0) checkRoot(continuation, at);
    checkActivations(document, continuation, id, where);
  });
  checkResumeLinks(continuations, where);
  checkPending(document, where('pending', 0));
}

function checkRecord(document: SnapshotDocument, record: ContinuationRecord, id: number, at: number): void {
  const root = id === 0 && !document.postmortem;
  const name = `continuation ${id}`;
  const { typeIndex, entryFunc, resumeThrow, boundCount, state } = record;
  if (!root && (!isU32(typeIndex) || typeIndex === 0xffffffff))
    reject(`${name} names no continuation type`, at);
  if (!isU32(entryFunc) || entryFunc === 0xffffffff) reject(`${name} names no entry function`, at);
  if (resumeThrow !== -1 && !(isU32(resumeThrow) && resumeThrow < document.exceptions.length)) {
    reject(`${name}: its pending exception is not in the snapshot`, at);
  }
  if (!isU32(boundCount)) reject(`${name}: bad count of bound arguments`, at);
  if (state === 'finished' && resumeThrow !== -1)
    reject(`${name} is finished but has an exception to raise`, at);
  if (state === 'finished' && boundCount !== 0) reject(`${name} is finished but has bound arguments`, at);
  if (record.boundArgs.length !== (state === 'allocated' ? boundCount : 0)) {
    reject(`${name}: its bound arguments do not match their count`, at);
  }
  checkValues(document, record.boundArgs, () => name, at);
}

function checkPostmortemRecord(record: ContinuationRecord, id: number, at: number): void {
  if (record.boundCount !== 0 || record.activations.length !== 0) {
    reject(`continuation ${id}: a postmortem says nothing of bound arguments and frames`, at);
  }
}

/** The continuation that the innermost frame of this one runs, or -1. */
function resumed(record: ContinuationRecord): number {
  const { activations } = record;
  return activations.length > 0 ? activations[activations.length - 1].targetCont : -1;
}

function checkResumeLinks(continuations: readonly ContinuationRecord[], where: Where): void {
  const resumer: number[] = continuations.map(() => -1);
  continuations.forEach((record, id) => {
    const target = resumed(record);
    if (target < 0) return;
    const at = where('continuation', id);
    if (resumer[target] >= 0) reject(`continuation ${target} is resumed by two frames`, at);
    if (continuations[target].state !== 'suspended')
      reject(`continuation ${id} resumes one that is not suspended`, at);
    if (continuations[target].boundCount !== 0) {
      reject(
        `continuation ${target} runs under a resume, but has bound arguments`,
        where('continuation', target),
      );
    }
    resumer[target] = id;
  });
  // With at most one link in and one out, the links form chains and rings; a ring has no start.
  const reached = continuations.map(() => false);
  continuations.forEach((record, id) => {
    if (resumer[id] >= 0) return;
    let leaf = id;
    reached[leaf] = true;
    for (let next = resumed(record); next >= 0; next = resumed(continuations[leaf])) {
      leaf = next;
      reached[leaf] = true;
    }
    if (id > 0) checkCaptured(record, continuations[leaf], id, where('continuation', id));
  });
  const ring = reached.indexOf(false);
  if (ring >= 0) reject(`continuation ${ring} is part of a cyclic resume chain`, where('continuation', ring));
}

/** A suspended continuation that nothing runs was captured by a `suspend` or `switch` in it or in one that it resumes. */
function checkCaptured(record: ContinuationRecord, leaf: ContinuationRecord, id: number, at: number): void {
  if (record.state !== 'suspended' || record.activations.length === 0) return;
  const innermost = leaf.activations[leaf.activations.length - 1];
  if (innermost.site !== 'suspend') reject(`continuation ${id} was captured, but not at a suspension`, at);
  if (record.boundCount > innermost.values.length) {
    reject(`continuation ${id}: more bound arguments than its suspension has values`, at);
  }
}
