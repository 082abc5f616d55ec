/** Evaluates validated constant expressions (spec "valid/instructions", "constant expressions"), extended ones included. */
import { F32, F64, FUNCREF, I32, I64, type Module, type OpName, Reader } from '../decoder';
import { readInstruction } from '../decoder/body';
import { InternalError } from '../errors';
import type { Global } from './global';
import { mulHigh } from './numerics';
import { type FuncReference, i32, i64, reference, type Value, v128 } from './values';

export interface ConstContext {
  readonly module: Module;
  readonly globals: readonly Global[];
  funcAt(funcidx: number): FuncReference;
}

/** `start`: where the expression begins in the module. */
export function evaluateConst(context: ConstContext, start: number): Value {
  const reader = new Reader(context.module.bytes, start);
  const stack: Value[] = [];
  for (;;) {
    const { name } = readInstruction(reader);
    switch (name) {
      case 'end':
        return stack[0];
      case 'i32.const':
        stack.push(i32(reader.s32()));
        break;
      case 'i64.const':
        reader.s64();
        stack.push(i64(reader.lo, reader.hi));
        break;
      case 'f32.const':
        stack.push({ type: F32, lo: reader.word(), hi: 0, ref: null });
        break;
      case 'f64.const':
        reader.f64();
        stack.push({ type: F64, lo: reader.lo, hi: reader.hi, ref: null });
        break;
      case 'v128.const':
        reader.skip(16);
        stack.push(v128(reader.bytes.slice(reader.pos - 16, reader.pos)));
        break;
      case 'global.get':
        stack.push(context.globals[reader.u32()].get());
        break;
      case 'ref.null':
        reader.s33();
        stack.push(reference(FUNCREF, null));
        break;
      case 'ref.func':
        stack.push(reference(FUNCREF, context.funcAt(reader.u32())));
        break;
      default:
        stack.push(arithmetic(name, stack));
    }
  }
}

function arithmetic(name: OpName, stack: Value[]): Value {
  const b = stack.pop()!;
  const a = stack.pop()!;
  switch (name) {
    case 'i32.add':
      return { ...a, type: I32, lo: (a.lo + b.lo) | 0 };
    case 'i32.sub':
      return { ...a, type: I32, lo: (a.lo - b.lo) | 0 };
    case 'i32.mul':
      return { ...a, type: I32, lo: Math.imul(a.lo, b.lo) };
    case 'i64.add': {
      const lo = (a.lo + b.lo) | 0;
      return { ...a, type: I64, lo, hi: (a.hi + b.hi + (lo >>> 0 < a.lo >>> 0 ? 1 : 0)) | 0 };
    }
    case 'i64.sub':
      return {
        ...a,
        type: I64,
        lo: (a.lo - b.lo) | 0,
        hi: (a.hi - b.hi - (a.lo >>> 0 < b.lo >>> 0 ? 1 : 0)) | 0,
      };
    case 'i64.mul': {
      const hi = (mulHigh(a.lo, b.lo) + Math.imul(a.lo, b.hi) + Math.imul(a.hi, b.lo)) | 0;
      return { ...a, type: I64, lo: Math.imul(a.lo, b.lo), hi };
    }
    default:
      throw new InternalError(`${name} in a constant expression`);
  }
}
