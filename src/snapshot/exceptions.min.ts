/** For `exceptions.ts` where modules with exceptions are refused: none is in a snapshot. */
import { SnapshotError } from '../errors';
import type { ExceptionRecord } from './document';

function refused(): never {
  throw new SnapshotError('exceptions in a snapshot', 'unsupported');
}

export class ExceptionNumbers {
  readonly numberOf = refused;
  readonly recordsOf = (): ExceptionRecord[] => [];
}

export function exceptionOrder(exceptions: readonly ExceptionRecord[]): number[] {
  return exceptions.length > 0 ? refused() : [];
}

export function makeExceptions(): never[] {
  return [];
}
