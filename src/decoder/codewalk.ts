/**
 * The walk over a function body. It does in place what most code is made of, when immediates are short and operands are exactly as
 * expected, and leaves all else (other instructions, unreachable code, several results, subtyping, errors) to the instruction's rule,
 * which starts again from the opcode. So nothing here rejects anything, and without it the same modules are valid.
 *
 * What it pays: see "Speed" in README.md.
 */
import { INSTRUCTIONS, OP } from './instructions';
import { addressType, TYPE_OF_SIGNATURE } from './rules';
import { CODE_RULES } from './ruleset';
import { BOTTOM, F64, I32 } from './types';
import { COMPLEX, NO_VALUE, type Validator } from './validator';

const enum Fast {
  No,
  LocalGet,
  /** And `local.tee`. */
  LocalSet,
  /** Pushes one type; the immediate is 1..4 bytes of LEB128. */
  Const,
  Unary,
  Binary,
  Load,
  Store,
  Drop,
  Select,
  Call,
  GlobalGet,
  GlobalSet,
  End,
  /** And `loop`, `if`. */
  Block,
  Else,
  /** And `br_if`. */
  Br,
}

const OP_IF = OP.if;
const OP_ELSE = OP.else;
const OP_LOOP = OP.loop;
const OP_BR_IF = OP.br_if;
const OP_LOCAL_SET = OP['local.set'];
const EMPTY_BLOCK = 0x40;

/** By opcode: how, the type of the operand (both of them, or the one stored) and of the result, log2 of a memory access' bytes. */
const FAST = new Uint8Array(256);
const OPERAND = new Uint8Array(256);
const RESULT = new Uint8Array(256);
const ALIGN = new Uint8Array(256);

const FAST_BY_NAME: Readonly<Record<string, Fast>> = {
  'local.get': Fast.LocalGet,
  'local.set': Fast.LocalSet,
  'local.tee': Fast.LocalSet,
  'global.get': Fast.GlobalGet,
  'global.set': Fast.GlobalSet,
  drop: Fast.Drop,
  select: Fast.Select,
  call: Fast.Call,
  block: Fast.Block,
  loop: Fast.Block,
  if: Fast.Block,
  else: Fast.Else,
  end: Fast.End,
  br: Fast.Br,
  br_if: Fast.Br,
};
/** Immediates, operands and results. */
const FAST_BY_SHAPE: Readonly<Record<string, Fast>> = {
  'none 1 1': Fast.Unary,
  'none 2 1': Fast.Binary,
  'i32 0 1': Fast.Const,
  'i64 0 1': Fast.Const,
  'memarg 1 1': Fast.Load,
  'memarg 2 0': Fast.Store,
};
INSTRUCTIONS.forEach(({ op, name, imm, sig, width, feature }) => {
  // What can be switched off goes through its rule.
  if (op >= 256 || feature !== 'mvp') return;
  const [operands = '', result = ''] = sig.split(':');
  if (imm === 'none' && operands.length === 2 && operands[0] !== operands[1]) return;
  FAST[op] = FAST_BY_NAME[name] ?? FAST_BY_SHAPE[`${imm} ${operands.length} ${result.length}`] ?? Fast.No;
  OPERAND[op] = TYPE_OF_SIGNATURE[operands[operands.length - 1]] ?? BOTTOM;
  RESULT[op] = TYPE_OF_SIGNATURE[result] ?? BOTTOM;
  ALIGN[op] = Math.log2(width / 8);
});

/** The offset past an LEB128 of at most four bytes, which is always well-formed; -1 when it is longer. */
function skipShort(bytes: Uint8Array, pos: number): number {
  if (bytes[pos] < 0x80) return pos + 1;
  if (bytes[pos + 1] < 0x80) return pos + 2;
  if (bytes[pos + 2] < 0x80) return pos + 3;
  if (bytes[pos + 3] < 0x80) return pos + 4;
  return -1;
}

/** Walks from the reader's position to the end of the body, or to the first instruction from `until` on that is convenient. */
export function walkCode(v: Validator, until: number): void {
  const { reader, context } = v;
  const { types: locals, count: localCount } = v.locals;
  const { bytes } = reader;
  // Local names for the tables spare a check of the module's variables at each use.
  const fast = FAST;
  const operand = OPERAND;
  const result = RESULT;
  const align = ALIGN;
  const { globals, written, funcTypes, types } = context;
  const memory = context.memories[0];
  const address = memory === undefined ? -1 : addressType(memory.address);
  let { stack, frameOps, frameBases, frameResults, framePolymorphic } = v;
  let sp = v.sp | 0;
  let base = v.base | 0;
  let depth = v.depth | 0;
  let pos = reader.pos | 0;
  let checkpoint = pos;
  for (;;) {
    if (pos >= checkpoint) {
      if (pos >= until) break;
      checkpoint = v.checkpoint(pos, sp) | 0;
      stack = v.stack;
    }
    const at = pos;
    const op = bytes[pos++];
    // In a case, `break` leaves the instruction to its rule.
    switch (fast[op]) {
      case Fast.LocalGet: {
        const x = bytes[pos++];
        if (!(x < localCount && x < 0x80)) break;
        stack[sp++] = locals[x];
        continue;
      }
      case Fast.LocalSet: {
        const x = bytes[pos++];
        if (!(x < localCount && x < 0x80) || sp <= base || stack[sp - 1] !== locals[x]) break;
        if (op === OP_LOCAL_SET) sp--;
        continue;
      }
      case Fast.Const:
        pos = skipShort(bytes, pos);
        if (pos < 0) break;
        stack[sp++] = result[op];
        continue;
      case Fast.Binary:
        if (sp - 1 <= base || stack[sp - 1] !== operand[op] || stack[sp - 2] !== operand[op]) break;
        sp--;
        stack[sp - 1] = result[op];
        continue;
      case Fast.Unary:
        if (sp <= base || stack[sp - 1] !== operand[op]) break;
        stack[sp - 1] = result[op];
        continue;
      case Fast.Load:
        if (sp <= base || stack[sp - 1] !== address || !(bytes[pos++] <= align[op])) break;
        pos = skipShort(bytes, pos);
        if (pos < 0) break;
        stack[sp - 1] = result[op];
        continue;
      case Fast.Store:
        if (sp - 1 <= base || stack[sp - 1] !== operand[op] || stack[sp - 2] !== address) break;
        if (!(bytes[pos++] <= align[op])) break;
        pos = skipShort(bytes, pos);
        if (pos < 0) break;
        sp -= 2;
        continue;
      case Fast.End: {
        if (depth < 2) break;
        const type = frameResults[depth - 1];
        if (type === NO_VALUE) {
          if (sp !== base) break;
        } else if (sp !== base + 1 || stack[base] !== type || frameOps[depth - 1] === OP_IF) {
          break;
        }
        depth--;
        base = frameBases[depth - 1];
        continue;
      }
      case Fast.Call: {
        let x = bytes[pos++];
        if (x > 0x7f) {
          const high = bytes[pos++];
          if (!(high < 0x80)) break;
          x = (x & 0x7f) | (high << 7);
        }
        if (!(x < funcTypes.length)) break;
        const { params, results } = types[funcTypes[x]].composite.func;
        const first = sp - params.length;
        if (first < base || results.length > 1) break;
        // From the top, where a run would stand: below it may be a thousand that are as they should be.
        let i = params.length;
        while (i > 0 && stack[first + i - 1] === params[i - 1]) i--;
        if (i > 0) break;
        v.calls++;
        sp = first;
        if (results.length > 0) stack[sp++] = results[0];
        continue;
      }
      case Fast.Block: {
        const type = bytes[pos++];
        if (depth === frameOps.length || !(type === EMPTY_BLOCK || (type >= F64 && type <= I32))) break;
        if (op === OP_IF) {
          if (sp <= base || stack[sp - 1] !== I32) break;
          sp--;
        }
        frameOps[depth] = op;
        frameBases[depth] = base = sp;
        frameResults[depth] = type === EMPTY_BLOCK ? NO_VALUE : type;
        framePolymorphic[depth] = 0;
        depth++;
        continue;
      }
      case Fast.Br: {
        const x = bytes[pos++];
        if (!(x < depth && x < 0x80)) break;
        const frame = depth - 1 - x;
        let label = frameResults[frame];
        if (frameOps[frame] === OP_LOOP && label !== COMPLEX) label = NO_VALUE;
        let top = sp;
        if (op === OP_BR_IF) {
          if (sp <= base || stack[sp - 1] !== I32) break;
          top--;
        }
        if (label !== NO_VALUE && (top <= base || stack[top - 1] !== label)) break;
        sp = top;
        if (op === OP_BR_IF) continue;
        sp = base;
        framePolymorphic[depth - 1] = 1;
        continue;
      }
      case Fast.Else: {
        const frame = depth - 1;
        const type = frameResults[frame];
        if (frameOps[frame] !== OP_IF || sp !== (type === NO_VALUE ? base : base + 1)) break;
        if (type !== NO_VALUE && stack[base] !== type) break;
        sp = base;
        frameOps[frame] = OP_ELSE;
        framePolymorphic[frame] = 0;
        continue;
      }
      case Fast.GlobalGet: {
        const x = bytes[pos++];
        if (!(x < globals.length && x < 0x80)) break;
        stack[sp++] = globals[x].value;
        continue;
      }
      case Fast.GlobalSet: {
        const x = bytes[pos++];
        if (!(x < globals.length && x < 0x80)) break;
        const { value, mutable } = globals[x];
        if (!mutable || sp <= base || stack[sp - 1] !== value) break;
        written.add(globals[x]);
        sp--;
        continue;
      }
      case Fast.Select: {
        if (sp - 2 <= base || stack[sp - 1] !== I32) break;
        const type = stack[sp - 2];
        if (type < F64 || type > I32 || stack[sp - 3] !== type) break;
        sp -= 2;
        continue;
      }
      case Fast.Drop:
        if (sp <= base || stack[sp - 1] < 0) break;
        sp--;
        continue;
    }
    v.sp = sp;
    v.base = base;
    v.depth = depth;
    v.step(CODE_RULES, at);
    pos = reader.pos | 0;
    sp = v.sp | 0;
    base = v.base | 0;
    depth = v.depth | 0;
    if (depth === 0) break;
    ({ stack, frameOps, frameBases, frameResults, framePolymorphic } = v);
  }
  // One way out for short bodies and for parts of long ones: code that was optimized before it had seen this would be thrown away here.
  v.sp = sp;
  v.base = base;
  v.depth = depth;
  reader.pos = pos;
}
