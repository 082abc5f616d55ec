/** The catch clauses of a `try_table` in the binary format, which comes behind its block type. */
import { malformed } from '../errors';
import { checkLimit } from './limits';
import type { Reader } from './reader';

export interface CatchClause {
  /** The tag that it catches, or -1 for all. */
  readonly tagidx: number;
  /** Whether the label takes a reference to the exception, behind the values of the tag. */
  readonly takesRef: boolean;
  /** Counted from outside of the `try_table`. */
  readonly labelidx: number;
}

const TAKES_REF = 1;
const CATCHES_ALL = 2;

export function readCatchClauses(reader: Reader): CatchClause[] {
  const offset = reader.pos;
  const count = reader.count();
  checkLimit('catchClauses', count, offset);
  const clauses: CatchClause[] = [];
  for (let k = 0; k < count; k++) {
    const start = reader.pos;
    const kind = reader.u8();
    if (kind > (TAKES_REF | CATCHES_ALL)) throw malformed('malformed catch clause', start);
    const tagidx = (kind & CATCHES_ALL) === 0 ? reader.u32() : -1;
    clauses.push({ tagidx, takesRef: (kind & TAKES_REF) !== 0, labelidx: reader.u32() });
  }
  return clauses;
}
