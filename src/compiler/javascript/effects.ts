/** Instructions that work on canonical slots (spec "exec/instructions": memory, table and reference instructions), as text. */
import { EXTERNREF, I32, I64, type ModuleData, type ValType } from '../../decoder';
import type { Effect, EffectOp } from '../../lowering';

/** What such an instruction takes and leaves, and what happens besides. */
export interface EffectRow {
  readonly takes: readonly ValType[];
  readonly gives: readonly ValType[];
  /** The memory's views may be others, and it takes fuel. */
  readonly grows: boolean;
}

/** Any reference: all are the same in variables and on the stack. */
const REF = EXTERNREF;
const NOTHING: readonly ValType[] = [];

type Row = (module: ModuleData, index: number) => EffectRow;
const plain =
  (takes: readonly ValType[], gives: readonly ValType[]): Row =>
  () => ({ takes, gives, grows: false });
const memoryIndex = ({ memories }: ModuleData, index: number): ValType =>
  memories[index].address === 'i64' ? I64 : I32;
const tableIndex = ({ tables }: ModuleData, index: number): ValType =>
  tables[index].address === 'i64' ? I64 : I32;

const ROWS: Readonly<Record<EffectOp, Row>> = {
  'memory.size': (module, k) => ({ takes: NOTHING, gives: [memoryIndex(module, k)], grows: false }),
  'memory.grow': (module, k) => {
    const type = memoryIndex(module, k);
    return { takes: [type], gives: [type], grows: true };
  },
  'data.drop': plain(NOTHING, NOTHING),
  'table.get': (module, k) => ({ takes: [tableIndex(module, k)], gives: [REF], grows: false }),
  'table.set': (module, k) => ({ takes: [tableIndex(module, k), REF], gives: NOTHING, grows: false }),
  'table.size': (module, k) => ({ takes: NOTHING, gives: [tableIndex(module, k)], grows: false }),
  'table.grow': (module, k) => {
    const type = tableIndex(module, k);
    return { takes: [REF, type], gives: [type], grows: true };
  },
  'elem.drop': plain(NOTHING, NOTHING),
  'ref.null': plain(NOTHING, [REF]),
  'ref.as_non_null': plain([REF], [REF]),
  'ref.func': plain(NOTHING, [REF]),
  'ref.global.get': plain(NOTHING, [REF]),
  'ref.global.set': plain([REF], NOTHING),
  'ref.select': plain([REF, REF, I32], [REF]),
};

export function effectRow(module: ModuleData, { op, index }: Effect): EffectRow {
  return ROWS[op](module, index);
}
