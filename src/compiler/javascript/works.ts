/** Instructions that the machine does, on its stack; where there is no machine, whoever surrounds the text does them (`DirectWork`). */
import { isRef, type ValType } from '../../decoder';
import { ATOMIC_ROWS } from '../../decoder/atomics';
import { typesOf } from '../../decoder/typelist';
import type { Bulk, Effect, EffectOp } from '../../lowering';
import { ON_REFERENCES } from './references';
import { wordAt } from './slots';
import { type FunctionWriter, RELOAD } from './writer';

/** Of the instructions that the machine does those that take no fuel and leave memories as they are. */
export const STEADY: ReadonlySet<EffectOp> = new Set<EffectOp>([
  'memory.size',
  'data.drop',
  'table.get',
  'table.set',
  'table.size',
  'elem.drop',
  ...ATOMIC_ROWS.map(([, op]) => op).filter((op) => !op.includes('wait')),
]);

export class Works {
  private readonly writer: FunctionWriter;

  constructor(writer: FunctionWriter) {
    this.writer = writer;
  }

  effect(statement: Effect): string {
    const { writer } = this;
    const { slots, uses, stops } = writer;
    const { op, slot, takes, gives } = statement;
    const own = ON_REFERENCES.get(op);
    if (own !== undefined) return own(writer, statement);
    writer.throws = true;
    const direct = writer.surroundings.work;
    if (direct !== undefined) {
      const names = (types: readonly ValType[]): string[] =>
        types.flatMap((type, k) => slots.variables(type, slot + k));
      return direct.effect(uses, statement, names(takes), names(gives)) + (STEADY.has(op) ? '' : RELOAD);
    }
    const work = `${uses.work({ kind: 'effect', effect: statement })}(${wordAt(slot)});`;
    const cover = [...takes, ...gives].some(isRef) ? this.cover() : '';
    const inOut = (types: readonly ValType[], write: (type: ValType, at: number) => string): string =>
      types.map((type, k) => write(type, slot + k)).join('');
    const before = cover + inOut(takes, (type, at) => slots.spill(type, at));
    const after = inOut(gives, (type, at) => slots.fill(type, at));
    if (STEADY.has(op)) return before + work + after;
    return before + stops.sync + work + stops.unsync + RELOAD + after;
  }

  private cover(): string {
    const { surroundings, uses, body } = this.writer;
    return surroundings.cover(uses, `fp+${2 * body.slots}`);
  }

  bulk(statement: Bulk): string {
    const { writer } = this;
    const { slots, uses, stops } = writer;
    writer.throws = true;
    const types = typesOf(statement.operands).slice(-3);
    const direct = writer.surroundings.work;
    if (direct !== undefined) {
      const names = types.flatMap((type, k) => slots.variables(type, statement.slot + k));
      return direct.bulk(uses, statement, names);
    }
    const spilled = types.map((type, k) => slots.spill(type, statement.slot + k)).join('');
    const cover = types.some(isRef) ? this.cover() : '';
    const work = uses.work({ kind: 'bulk', bulk: statement });
    return `${cover}${spilled}${stops.sync}while(!${work}(${wordAt(statement.slot)}));${stops.unsync}`;
  }
}
