/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `exceptions.ts`. Nothing validated gets here. */
import { InternalError } from '../errors';

function missing(): never {
  throw new InternalError('exceptions in a bundle without them');
}

export {
  missing as chargeDownTo,
  missing as goOn,
  missing as propagated,
  missing as throwRefStep,
  missing as throwStep,
};

export function isPropagating(): boolean {
  return false;
}

export function hostThrew(thrown: unknown): never {
  throw thrown;
}

export function hostRejected(_reason: unknown, _fp: number, trap: () => Error): never {
  throw trap();
}
