/** Constant expressions as the expressions of lowered code, so that one writer prints them. */
import { F32, F64, I32, I64, type ModuleData, type NumericOp, Reader } from '../../../decoder';
import { readInstruction } from '../../../decoder/body';
import { InternalError } from '../../../errors';
import type { Expr } from '../../../lowering';
import { constant, globalGet } from '../../../lowering/makers';
import { binary } from '../../../lowering/normal';

/** A reference is null, a function, or what a global holds. */
export type ConstantReference =
  | { readonly kind: 'null' }
  | { readonly kind: 'func' | 'global'; readonly index: number };
export type Constant = { readonly kind: 'number'; readonly expr: Expr } | ConstantReference;

/** `start`: where it begins in the module. */
export function readConstant(module: ModuleData, start: number): Constant {
  const reader = new Reader(module.bytes, start);
  const stack: Constant[] = [];
  const number = (expr: Expr): number => stack.push({ kind: 'number', expr });
  for (;;) {
    const { name } = readInstruction(reader);
    switch (name) {
      case 'end':
        return stack[0];
      case 'i32.const':
        number(constant(I32, reader.s32(), 0));
        break;
      case 'i64.const':
        reader.s64();
        number(constant(I64, reader.lo, reader.hi));
        break;
      case 'f32.const':
        number(constant(F32, reader.word(), 0));
        break;
      case 'f64.const':
        reader.f64();
        number(constant(F64, reader.lo, reader.hi));
        break;
      case 'global.get': {
        const index = reader.u32();
        const { value } = module.globals[index];
        if ([I32, I64, F32, F64].includes(value)) number(globalGet(value, index));
        else stack.push({ kind: 'global', index });
        break;
      }
      case 'ref.null':
        reader.s33();
        stack.push({ kind: 'null' });
        break;
      case 'ref.func':
        stack.push({ kind: 'func', index: reader.u32() });
        break;
      case 'i32.add':
      case 'i32.sub':
      case 'i32.mul':
      case 'i64.add':
      case 'i64.sub':
      case 'i64.mul':
        number(arithmetic(name, stack));
        break;
      default:
        throw new InternalError(`${name} in a constant expression`);
    }
  }
}

function arithmetic(name: Exclude<NumericOp, `f${string}.copysign`>, stack: Constant[]): Expr {
  const b = stack.pop()!;
  const a = stack.pop()!;
  if (a.kind !== 'number' || b.kind !== 'number') throw new InternalError(`${name} of a reference`);
  return binary(name, name.startsWith('i32') ? I32 : I64, a.expr, b.expr);
}
