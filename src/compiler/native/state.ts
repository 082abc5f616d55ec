/**
 * What native functions hand each other besides values. Behind its own parameters, a function takes the fuel that is left, and its place:
 * where its frame lies on the machine's stack (src/interpreter/tiers.ts). The place has `fp` in the low word and `sp` in the high one, each
 * raised so that its sign bit is set when there is no room. Behind its own results, it gives what it has left of the fuel.
 */
import { I32, I64, type ValType } from '../../decoder';

export const STATE_PARAMS: readonly ValType[] = [I32, I64];
export const STATE_RESULTS: readonly ValType[] = [I32];
/** Instead of fuel: native frames unwind. */
export const UNWINDING = -0x80000000;
