/** What the scripts of the official suite import from "spectest". */
import { F64, FUNCREF, I64 } from '../../../src/decoder/types';
import { type Extern, Func, Global, Memory, type Module, type Store, Table } from '../../../src/index';

/** 666 and 666.6, by the letter of the type. */
const CONSTANTS: Readonly<Record<string, readonly [lo: number, hi: number]>> = {
  global_i32: [666, 0],
  global_i64: [666, 0],
  global_f32: [0x4426a666, 0],
  global_f64: [-0x33333333, 0x4084d4cc],
};

/** `shared`: what this instance has been given so far, since two imports of a name are one thing. */
export function spectestImport(
  store: Store,
  item: Module['imports'][number],
  shared: Map<string, Extern>,
): Extern {
  const made = shared.get(item.name) ?? make(store, item);
  shared.set(item.name, made);
  return made;
}

function make(store: Store, { name, type }: Module['imports'][number]): Extern {
  switch (type.kind) {
    case 'func':
      return Func.host(store, type.type, () => undefined, name);
    case 'global': {
      const [lo, hi] = CONSTANTS[name] ?? [0, 0];
      const { value } = type.type;
      return new Global(
        store,
        { value, mutable: false },
        { type: value, lo, hi: wide(value) ? hi : 0, ref: null },
      );
    }
    case 'memory':
      return new Memory(store, {
        address: 'i32',
        min: 1,
        max: 2,
        shared: name === 'shared_memory',
        pageBits: 16,
      });
    case 'table': {
      const address = name === 'table64' ? 'i64' : 'i32';
      return new Table(store, { min: 10, max: 20, element: FUNCREF, address });
    }
    default:
      throw new Error(`spectest has no ${name}`);
  }
}

function wide(type: number): boolean {
  return type === I64 || type === F64;
}
