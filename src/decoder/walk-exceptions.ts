/** What instructions that throw and handle exceptions do to the walk (walk.ts has the others). A part that a bundle can go without. */
import { readBlockType } from './body';
import { readCatchClauses } from './catches';
import type { ExceptionOp } from './instructions';
import type { ModuleData } from './module';
import type { Reader } from './reader';
import { type FuncType, HEAP, refType, type ValType } from './types';

/** What they use of it. */
interface Walk {
  readonly reader: Reader;
  readonly module: ModuleData;
  enter(kind: 'try'): void;
  openBlock(kind: 'try_table', type: FuncType): void;
  nextPart(kind: 'catch', operands: readonly ValType[], hidden: readonly ValType[]): void;
  endBlock(): void;
  branch(labelidx: number): void;
  die(): void;
}
type Effect = (walk: Walk) => void;

/** What stands below the operands of a legacy handler, unseen by the program, for `rethrow`. */
const CAUGHT: readonly ValType[] = [refType(false, HEAP.exn)];
const NO_VALUES: readonly ValType[] = [];

function throwTagged(walk: Walk): void {
  walk.reader.u32();
  walk.die();
}

function tryTable(walk: Walk): void {
  const type = readBlockType(walk.reader, walk.module);
  for (const { labelidx } of readCatchClauses(walk.reader)) walk.branch(labelidx);
  walk.openBlock('try_table', type);
}

/** Those that begin or end a part of a `try`, reached or not. */
export const HANDLER_EFFECTS = {
  catch: (w) => w.nextPart('catch', w.module.tags[w.reader.u32()].type.params, CAUGHT),
  catch_all: (w) => w.nextPart('catch', NO_VALUES, CAUGHT),
  delegate: (w) => {
    w.reader.u32();
    w.endBlock();
  },
} satisfies Partial<Record<ExceptionOp, Effect>>;

export const EXCEPTION_EFFECTS: Readonly<Record<ExceptionOp, Effect>> = {
  ...HANDLER_EFFECTS,
  try: (w) => w.enter('try'),
  try_table: tryTable,
  throw: throwTagged,
  rethrow: throwTagged,
  throw_ref: (w) => w.die(),
};
