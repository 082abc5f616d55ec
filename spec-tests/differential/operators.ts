/** The instructions of the one table that only take and give numbers, by result type; and the memory accesses. */
import { INSTRUCTIONS } from '../../src/decoder/instructions';
import { type TypeName, u32 } from '../binary';

export type NumericName = 'i32' | 'i64' | 'f32' | 'f64';
const LETTERS: Record<string, NumericName> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64' };

export interface Operator {
  readonly name: string;
  readonly code: readonly number[];
  readonly params: readonly NumericName[];
  readonly result: NumericName;
  /** May trap on some operands. */
  readonly traps: boolean;
  /** May make a NaN whose bits the specification leaves open. */
  readonly makesNan: boolean;
  /** Its result does not depend on the bits of a NaN operand (beyond being one). */
  readonly ignoresNanBits: boolean;
}
export interface Access {
  readonly name: string;
  readonly code: readonly number[];
  readonly type: NumericName;
  readonly width: number;
  readonly store: boolean;
}

/** Binary opcode of a dense id of the table. */
export function opcodeBytes(op: number): number[] {
  return op < 0x100 ? [op] : [0xfc, ...u32(op - 0x100)];
}

const TRAPPING = /\.(div_[su]|rem_[su]|trunc_f)/;
const NAN_MAKING = /^f(32|64)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|demote|promote)/;
const BIT_MOVING = /\.(abs|neg|copysign|reinterpret)/;
const isAccess = (sig: string): boolean => /^a:[iIfF]$|^a[iIfF]:$/.test(sig);
const isNumeric = (sig: string): boolean => /^[iIfF]+:[iIfF]$/.test(sig);

export const OPERATORS: readonly Operator[] = INSTRUCTIONS.filter((row) => isNumeric(row.sig)).map((row) => ({
  name: row.name,
  code: opcodeBytes(row.op),
  params: [...row.sig.split(':')[0]].map((c) => LETTERS[c]),
  result: LETTERS[row.sig.split(':')[1]],
  traps: TRAPPING.test(row.name),
  makesNan: NAN_MAKING.test(row.name),
  ignoresNanBits: !BIT_MOVING.test(row.name),
}));

export const ACCESSES: readonly Access[] = INSTRUCTIONS.filter(
  (row) => row.imm === 'memarg' && isAccess(row.sig),
).map((row) => {
  const [params, results] = row.sig.split(':');
  const store = results === '';
  return {
    name: row.name,
    code: opcodeBytes(row.op),
    type: LETTERS[store ? params[1] : results],
    width: row.width / 8,
    store,
  };
});

export function operatorsTo(type: TypeName): readonly Operator[] {
  return OPERATORS.filter((o) => o.result === type);
}
