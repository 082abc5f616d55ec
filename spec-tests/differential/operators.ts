/** The instructions of the one table that only take and give numbers, by result type; and the memory accesses. */
import { INSTRUCTIONS, type Instruction } from '../../src/decoder/instructions';
import { type TypeName, u32 } from '../binary';

export type Immediates = 'none' | 'lane' | 'shuffle';
/** Lanes of floats. */
export type Lanes = 'f32x4' | 'f64x2';

export type NumericName = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
const LETTERS: Record<string, NumericName> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128' };

export interface Operator {
  readonly name: string;
  readonly code: readonly number[];
  readonly immediates: Immediates;
  /** Lanes that a lane index may name. */
  readonly lanes: number;
  readonly relaxed: boolean;
  readonly params: readonly NumericName[];
  readonly result: NumericName;
  /** Takes or gives a vector. */
  readonly simd: boolean;
  /** May trap on some operands. */
  readonly traps: boolean;
  /** May make a NaN whose bits the specification leaves open; of a vector, in lanes of these. */
  readonly makesNan: boolean;
  readonly resultLanes: Lanes | undefined;
  /** Its result does not depend on the bits of a NaN operand (beyond being one); of a vector, in lanes of these. */
  readonly ignoresNanBits: boolean;
  readonly operandLanes: Lanes | undefined;
}
export interface Access {
  readonly name: string;
  readonly code: readonly number[];
  /** Of what it gives; undefined for a store. */
  readonly result: NumericName | undefined;
  /** Operands besides the address. */
  readonly operands: readonly NumericName[];
  readonly width: number;
  /** Traps unless its address is a multiple of its width. */
  readonly atomic: boolean;
  /** Lanes that its lane index may name. */
  readonly lanes: number | undefined;
}

/** Binary opcode of a dense id of the table. */
export function opcodeBytes(op: number): number[] {
  if (op < 0x100) return [op];
  if (op < 0x200) return [0xfc, ...u32(op - 0x100)];
  return op < 0x400 ? [0xfd, ...u32(op - 0x200)] : [0xfe, ...u32(op - 0x400)];
}

const TRAPPING = /\.(div_[su]|rem_[su]|trunc_f)/;
const NAN_MAKING =
  /^f(32|64)(x\d)?\.(relaxed_)?(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|n?madd|demote|promote)/;
const BIT_MOVING = /\.(abs|neg|copysign|reinterpret)/;
const COMPARING = /^f(32|64)x\d\.(eq|ne|[lg][te])$/;
const isNumeric = (sig: string): boolean => /^[iIfFv]*:[iIfFv]$/.test(sig);

const FLOATS: Record<string, Lanes> = { f32: 'f32x4', f64: 'f64x2' };
/** The float lanes that an instruction on vectors reads and writes. */
function lanesOf(name: string): { operand: Lanes | undefined; result: Lanes | undefined } {
  const result = FLOATS[name.slice(0, 3)];
  if (COMPARING.test(name)) return { operand: result, result: undefined };
  if (!NAN_MAKING.test(name)) return { operand: undefined, result: undefined };
  const other = /_(f32|f64)x\d/.exec(name)?.[1];
  return { operand: other === undefined ? result : FLOATS[other], result };
}

const NAMED = ['none', 'lane', 'shuffle'] as const;
export const OPERATORS: readonly Operator[] = INSTRUCTIONS.flatMap((row): Operator[] => {
  const immediates = NAMED.find((kind) => kind === row.imm);
  if (immediates === undefined || !isNumeric(row.sig) || row.sig.startsWith(':')) return [];
  const [params, result] = row.sig.split(':');
  const simd = row.sig.includes('v');
  const lanes = simd ? lanesOf(row.name) : { operand: undefined, result: undefined };
  return [
    {
      name: row.name,
      code: opcodeBytes(row.op),
      immediates,
      lanes: immediates === 'lane' ? 128 / row.width : 0,
      relaxed: row.feature === 'relaxedSimd',
      params: [...params].map((c) => LETTERS[c]),
      result: LETTERS[result],
      simd,
      traps: TRAPPING.test(row.name),
      makesNan: NAN_MAKING.test(row.name),
      resultLanes: lanes.result,
      ignoresNanBits: !simd && !BIT_MOVING.test(row.name),
      operandLanes: lanes.operand,
    },
  ];
});

/** Who waits in a memory that is not shared traps. */
const isAccess = ({ imm, name }: Instruction): boolean =>
  /^memarg|^atomic/.test(imm) && !name.includes('wait');
export const ACCESSES: readonly Access[] = INSTRUCTIONS.filter(isAccess).map((row) => {
  const [params, results] = row.sig.split(':');
  return {
    name: row.name,
    code: opcodeBytes(row.op),
    result: LETTERS[results],
    operands: Array.from(params.slice(1), (letter) => LETTERS[letter]),
    width: row.width / 8,
    atomic: row.imm === 'atomic',
    lanes: row.imm === 'memargLane' ? 128 / row.width : undefined,
  };
});

export function operatorsTo(type: TypeName): readonly Operator[] {
  return OPERATORS.filter((o) => o.result === type);
}
