/**
 * Slots of floats whose bits somebody looks at where they are no numbers: what is stored, passed on, returned, or read as an integer.
 * Arithmetic and comparisons see no bits of a NaN, so a slot that only they read needs none, unless all bits of a store are to be those of
 * the interpreter (`canonicalNans`).
 */
import { F32, F64, type ModuleData, slotsOf } from '../../decoder';
import { type Expr, isExceptional, type LoweredBody, type Statement } from '../../lowering';
import type { Payloads } from './payloads';
import { everyStatement } from './walk';

export function slotsWithBits({ types, funcTypes }: ModuleData, body: LoweredBody): Payloads {
  const found = new Set<number>();
  const open: number[] = [];
  /** What slots are set to: values, and slots that are moved there. */
  const values = new Map<number, Expr[]>();
  const sources = new Map<number, number[]>();

  const mark = (slot: number, count = 1): void => {
    for (let k = slot; k < slot + count; k++) {
      if (found.has(k)) continue;
      found.add(k);
      open.push(k);
    }
  };
  /** An expression is read: as its bits, or by who sees none. */
  const read = (expr: Expr, asBits: boolean): void => {
    switch (expr.op) {
      case 'get':
        if ((expr.held === F32 || expr.held === F64) && (asBits || expr.type !== expr.held)) mark(expr.slot);
        return;
      case 'const':
      case 'global.get':
      case 'is_null':
      case 'vector':
      case 'build':
        return;
      case 'select':
        read(expr.a, asBits);
        read(expr.b, asBits);
        read(expr.condition, false);
        return;
      case 'f32.neg':
      case 'f64.neg':
      case 'f32.abs':
      case 'f64.abs':
        read(expr.a, asBits);
        return;
      case 'i32.reinterpret_f32':
      case 'i64.reinterpret_f64':
        read(expr.a, true);
        return;
      default:
        read(expr.a, false);
        if ('b' in expr && expr.b !== undefined) read(expr.b, false);
    }
  };
  const look = (statement: Statement): void => {
    if (isExceptional(statement)) return;
    switch (statement.kind) {
      case 'set':
        read(statement.value, false);
        append(values, statement.slot, statement.value);
        return;
      case 'move':
        for (let k = 0; k < statement.count; k++) append(sources, statement.to + k, statement.from + k);
        return;
      case 'store':
        read(statement.address, false);
        read(statement.value, true);
        return;
      case 'global.set':
        read(statement.value, true);
        return;
      case 'drop':
        read(statement.value, false);
        return;
      case 'if':
      case 'br_if':
        read(statement.condition, false);
        return;
      case 'br_table':
        read(statement.index, false);
        return;
      case 'call':
        mark(statement.slot, types[funcTypes[statement.funcidx]].composite.func.params.length);
        return;
      case 'call_indirect':
        read(statement.index, false);
        mark(statement.slot, types[statement.typeidx].composite.func.params.length);
        return;
      case 'call_ref':
        mark(statement.slot, types[statement.typeidx].composite.func.params.length);
        return;
      case 'tail':
      case 'tail_indirect':
      case 'tail_ref':
        mark(statement.slot, statement.count);
        return;
      case 'effect':
        mark(statement.slot, statement.takes.length);
        return;
      // Of memories and tables: none takes a float.
      case 'bulk':
      case 'vector.store':
      case 'block':
      case 'loop':
      case 'br':
      case 'return':
      case 'unreachable':
        return;
    }
    statement satisfies never;
  };

  const { results } = types[funcTypes[body.funcidx]].composite.func;
  mark(
    0,
    results.reduce((sum, type) => sum + slotsOf(type), 0),
  );
  everyStatement(body.statements, look);
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    for (const value of values.get(slot) ?? []) read(value, true);
    for (const source of sources.get(slot) ?? []) mark(source);
  }
  return found;
}

function append<T>(lists: Map<number, T[]>, slot: number, value: T): void {
  const list = lists.get(slot);
  if (list === undefined) lists.set(slot, [value]);
  else list.push(value);
}
