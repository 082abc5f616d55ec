/** The normal forms of expressions, and what is known of a tree without looking into it. */
import { describe, expect, it } from 'vitest';
import { F32, F64, FUNCREF, I32, I64, type ValType } from '../decoder';
import { type Expr, isIn, localBit, READS_GLOBAL, READS_MEMORY, TRAPS } from './expr';
import { constant, getLocal, getOperand, globalGet, isNull, load, narrow, select, unary } from './makers';
import { binary, bits, copysign, isArithmetic } from './normal';

const local = (type: ValType, localidx: number) => getLocal(type, localidx, localidx);
const [a, b] = [local(I32, 0), local(I32, 1)];
const x = local(I64, 2);
const [f, d] = [local(F32, 3), local(F64, 4)];
const i32 = (value: number) => constant(I32, value, 0);
const i64 = (low: number, high = 0) => constant(I64, low, high);

/** The tree as text: operators with their operands, `$n` for slots, words of constants. */
function text(expr: Expr): string {
  switch (expr.op) {
    case 'get':
      return `$${expr.slot}`;
    case 'const':
      return expr.kind === 'I' || expr.kind === 'F' ? `${expr.low}:${expr.high}` : `${expr.low}`;
    case 'global.get':
      return `global${expr.globalidx}`;
    case 'select':
      return `select(${text(expr.a)} ${text(expr.b)} ${text(expr.condition)})`;
    case 'vector':
      return expr.instruction;
    case 'build':
      return `build${expr.width}`;
    default: {
      const operands = 'b' in expr && expr.b !== undefined ? [expr.a, expr.b] : [expr.a];
      return `${expr.op}(${operands.map(text).join(' ')})`;
    }
  }
}

describe('constants', () => {
  it('go to the right where that changes nothing', () => {
    expect(text(binary('i32.add', I32, i32(5), a))).toBe('i32.add($0 5)');
    expect(text(binary('i32.lt_u', I32, i32(5), a))).toBe('i32.gt_u($0 5)');
    expect(text(binary('i32.ge_s', I32, i32(5), a))).toBe('i32.le_s($0 5)');
    expect(text(binary('i32.shl', I32, i32(5), a))).toBe('i32.shl(5 $0)');
    expect(text(binary('i32.div_s', I32, i32(5), a, 9))).toBe('i32.div_s(5 $0)');
    // Both are: no instruction is turned for ever.
    expect(text(binary('i32.lt_u', I32, i32(5), i32(6)))).toBe('i32.lt_u(5 6)');
  });

  it('are added, not subtracted, also the smallest', () => {
    expect(text(binary('i32.sub', I32, a, i32(7)))).toBe('i32.add($0 -7)');
    expect(text(binary('i32.sub', I32, a, i32(-2147483648)))).toBe('i32.add($0 -2147483648)');
    expect(text(binary('i32.sub', I32, i32(7), a))).toBe('i32.sub(7 $0)');
  });

  it('are compared with zero in one word', () => {
    expect(text(binary('i32.eq', I32, i32(0), a))).toBe('i32.eqz($0)');
    expect(text(binary('i32.eq', I32, a, i32(1)))).toBe('i32.eq($0 1)');
    expect(text(binary('i64.eq', I32, x, i64(0)))).toBe('i64.eqz($2)');
    expect(text(binary('i64.eq', I32, x, i64(0, 1)))).toBe('i64.eq($2 0:1)');
  });

  it.each([
    ['i64.shl', 0, '$2'],
    ['i64.shl', 1, 'i64.shl<32($2 1)'],
    ['i64.shl', 31, 'i64.shl<32($2 31)'],
    ['i64.shr_s', 32, 'i64.shr_s>=32($2 0)'],
    ['i64.shr_u', 63, 'i64.shr_u>=32($2 31)'],
    ['i64.shr_u', 64, '$2'],
    ['i64.rotl', 65, 'i64.rotl<32($2 1)'],
    ['i64.rotr', 8, 'i64.rotl>=32($2 24)'],
    ['i64.rotr', 32, 'i64.rotl>=32($2 0)'],
  ] as const)('shift by a known distance: %s by %i', (op, by, normal) => {
    expect(text(binary(op, I64, x, i64(by)))).toBe(normal);
  });
});

describe('moves of floats are moves of bits', () => {
  it.each([
    ['a local', f, '$3'],
    ['a wide local', d, '$4'],
    ['a global', globalGet(F32, 6), 'global6'],
    ['a constant', constant(F64, 1, 2), '1:2'],
    ['a load', load('f32.load', F32, a, 0, 0, 5), 'i32.load($0)'],
    ['a wide load', load('f64.load', F64, a, 0, 0, 5), 'i64.load($0)'],
    ['what was bits', unary('f64.reinterpret_i64', F64, x), '$2'],
    ['neg', unary('f32.neg', F32, f), 'i32.xor($3 -2147483648)'],
    ['abs', unary('f64.abs', F64, d), 'i64.and($4 -1:2147483647)'],
    ['select', select(f, unary('f32.neg', F32, f), a), 'select($3 i32.xor($3 -2147483648) $0)'],
  ])('%s', (_, expr, moved) => {
    expect(isArithmetic(expr)).toBe(false);
    expect(text(bits(expr))).toBe(moved);
  });

  it('arithmetic makes its NaN first', () => {
    const sum = binary('f32.add', F32, f, f);
    const negated = unary('f32.neg', F32, sum);
    expect([isArithmetic(sum), isArithmetic(negated)]).toEqual([true, true]);
    expect(text(bits(negated))).toBe('i32.reinterpret_f32(f32.neg(f32.add($3 $3)))');
    // One of the two would lose its bits in arithmetic.
    expect(isArithmetic(select(sum, f, a))).toBe(false);
    expect(isArithmetic(select(sum, negated, a))).toBe(true);
  });

  it('and others are themselves', () => {
    expect([bits(a), bits(x)]).toEqual([a, x]);
  });

  it('copysign takes the sign from the bits', () => {
    expect(text(copysign(f, constant(F32, 5, 0)))).toBe(
      'f32.reinterpret_i32(i32.or(i32.and($3 2147483647) i32.and(5 -2147483648)))',
    );
    expect(text(copysign(d, d))).toBe(
      'f64.reinterpret_i64(i64.or(i64.and($4 -1:2147483647) i64.and($4 0:-2147483648)))',
    );
  });
});

describe('of a tree is known', () => {
  const deep = binary('i32.add', I32, load('i32.load', I32, b, 4, 0, 9), globalGet(I32, 0));

  it('what it must not be moved across', () => {
    expect(a.flags).toBe(0);
    expect(deep.flags).toBe(READS_MEMORY | TRAPS | READS_GLOBAL);
    expect(narrow(x, 'memoryBounds', 3).flags).toBe(TRAPS);
    expect(binary('i32.div_u', I32, a, b, 3).flags).toBe(TRAPS);
    expect(binary('i32.add', I32, a, b).flags).toBe(0);
    expect(select(a, b, deep).flags).toBe(deep.flags);
  });

  it('which locals it reads, one bit for all from the 31st on', () => {
    expect(deep.locals).toBe(localBit(1));
    expect(binary('i32.add', I32, a, b).locals).toBe(localBit(0) | localBit(1));
    expect(localBit(31)).toBe(localBit(5000));
    expect(localBit(30)).not.toBe(localBit(31));
  });

  it('the highest operand slot it reads, and how many instructions it has', () => {
    expect([deep.reads, deep.size]).toEqual([-1, 3]);
    const sum = binary('i32.add', I32, getOperand(I32, 7), getOperand(I32, 9));
    expect([sum.reads, sum.size]).toEqual([9, 1]);
    expect(isNull(getOperand(FUNCREF, 11)).reads).toBe(11);
  });

  it('whether it is in a slot already', () => {
    expect([isIn(a, 0), isIn(a, 1), isIn(deep, 0)]).toEqual([true, false, false]);
  });
});
