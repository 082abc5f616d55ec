/** What those who write parts of a function share. */
import type { ModuleData } from '../../decoder';
import type { LoweredBody, Statement } from '../../lowering';
import type { Expressions } from './expressions';
import type { Payloads } from './payloads';
import type { Slots } from './slots';
import type { Stops, Surroundings } from './surroundings';
import type { Uses } from './uses';

/** In the text until the views are known that the function uses: copies them anew. */
export const RELOAD = '\u0001';

export interface FunctionWriter {
  readonly module: ModuleData;
  readonly body: LoweredBody;
  readonly uses: Uses;
  readonly slots: Slots;
  readonly payloads: Payloads;
  readonly expressions: Expressions;
  readonly surroundings: Surroundings;
  readonly stops: Stops;
  /** Something in it may throw. */
  throws: boolean;
  /** It ends in tail calls. */
  tails: boolean;
  /** Throws a trap, as an expression. */
  raise(code: string, offset: number): string;
  /** The number of a statement at which the function can be entered. */
  markOf(statement: Statement): number | undefined;
}
