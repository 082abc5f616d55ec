/**
 * What the plain instructions (on memories, tables and references) take from the stack and leave there, in a validated body: said once for
 * the walk, for lowering and for the tiers. Those that have a signature say it there. The validator checks it in rules.ts.
 */
import { readAtomic } from './atomic-immediates';
import { readBodyHeapType } from './body';
import { skipImmediates } from './immediates';
import { instructionOf, OP, type PlainOp } from './instructions';
import type { ModuleData } from './module';
import type { Reader } from './reader';
import { addressType, TYPE_OF_SIGNATURE } from './rules';
import { NO_TYPES } from './typelist';
import { asNonNull, refTo, refType, type ValType } from './types';

export interface PlainEffect {
  /** Immediates that are indices, in the binary format's order, 0 where there is none; of an access its memory and its static offset. */
  readonly x: number;
  readonly y: number;
  /** Types of the operands, the one pushed first before the others. */
  readonly takes: readonly ValType[];
  readonly gives: readonly ValType[];
}

/** The reader stands at the immediates, and then behind them. `top` is the type of the operand on top. */
type Read = (reader: Reader, module: ModuleData, top: ValType) => PlainEffect;

const singles = new Map<ValType, readonly ValType[]>();
/** One type as a list, always the same: statements keep them, and there may be many. */
export function only(type: ValType): readonly ValType[] {
  const list = singles.get(type) ?? [type];
  singles.set(type, list);
  return list;
}

function typesIn(letters: string, address: ValType): readonly ValType[] {
  return Array.from(letters, (letter) => TYPE_OF_SIGNATURE[letter] ?? address);
}

/** An index, and types from the instruction's signature. */
function asSigned(op: PlainOp): Read {
  // Statements keep them, and there may be many.
  const known = new Map<ValType, readonly (readonly ValType[])[]>();
  return (reader, module) => {
    const row = instructionOf[OP[op]]!;
    const { pos } = reader;
    const address = skipImmediates(reader, row, module);
    const behind = reader.pos;
    reader.pos = pos;
    const x = reader.u32();
    reader.pos = behind;
    const types = known.get(address) ?? row.sig.split(':').map((letters) => typesIn(letters, address));
    known.set(address, types);
    const [takes, gives] = types;
    return { x, y: 0, takes, gives };
  };
}

const READ: Readonly<Record<PlainOp, Read>> = {
  'memory.size': asSigned('memory.size'),
  'memory.grow': asSigned('memory.grow'),
  'data.drop': asSigned('data.drop'),
  'elem.drop': asSigned('elem.drop'),
  'table.size': asSigned('table.size'),
  'table.get': (reader, { tables }) => {
    const x = reader.u32();
    const { address, element } = tables[x];
    return { x, y: 0, takes: only(addressType(address)), gives: only(element) };
  },
  'table.set': (reader, { tables }) => {
    const x = reader.u32();
    const { address, element } = tables[x];
    return { x, y: 0, takes: [addressType(address), element], gives: NO_TYPES };
  },
  'table.grow': (reader, { tables }) => {
    const x = reader.u32();
    const { address, element } = tables[x];
    return { x, y: 0, takes: [element, addressType(address)], gives: only(addressType(address)) };
  },
  'ref.null': (reader, module) => {
    const type = refType(true, readBodyHeapType(reader, module));
    return { x: 0, y: 0, takes: NO_TYPES, gives: only(type) };
  },
  'ref.func': (reader, { types, funcTypes }) => {
    const x = reader.u32();
    return { x, y: 0, takes: NO_TYPES, gives: only(refTo(types[funcTypes[x]])) };
  },
  'ref.as_non_null': (_reader, _module, top) => ({
    x: 0,
    y: 0,
    takes: only(top),
    gives: only(asNonNull(top)),
  }),
  ...readAtomic(asSigned),
};

export const PLAIN_OPS = Object.keys(READ) as readonly PlainOp[];

export function readPlain(op: PlainOp, reader: Reader, module: ModuleData, top: ValType): PlainEffect {
  return READ[op](reader, module, top);
}
