/** Small bodies of an emitted module: into it, out of it, and the globals both ways. Values cross one by one (frame.ts). */
import { type FuncType, I32, type ValType } from '../../decoder';
import { EMPTY_BLOCK, Emitter, emittedType } from './emitter';
import { pushLocal, takeValue } from './frame';
import type { Layout } from './layout';
import { STATE_PARAMS, UNWINDING } from './state';

/** Parameters of an adapter into the module: index in the table of functions, fuel, place (high word, low word). Its result is the fuel. */
export const IN_PARAMS: readonly ValType[] = [I32, I32, I32, I32];
export const IN_RESULTS: readonly ValType[] = [I32];
/** The second of these parameters. */
const FUEL = 1;

/** A code entry: locals of these types, then what `write` writes, then `end`. */
export function entryOf(locals: readonly ValType[], write: (out: Emitter) => void): Emitter {
  const out = new Emitter();
  out.u32(locals.length);
  for (const type of locals) {
    out.u32(1);
    out.u8(emittedType(type));
  }
  write(out);
  out.op('end');
  return out;
}

/** Bytes of the constants that hold the number of a function. */
const ID_BYTES = 4;

/**
 * The bodies that call out, for functions of a type: such a function is not in the emitted module, and is called by the number that the
 * runtime knows it by. Where it may be loaded meanwhile, it is called in this table of functions. The bodies differ by the number alone.
 */
export class CallsOut {
  private readonly code: Emitter;
  /** Where the number stands. */
  private readonly ids: number[] = [];

  constructor(layout: Layout, type: FuncType, loaded?: LoadedFunction) {
    const writeId = (out: Emitter): void => {
      this.ids.push(out.length + 1);
      out.padded('i32.const', ID_BYTES);
    };
    this.code = callOut(layout, type, writeId, loaded);
  }

  /** Of the function of this number: valid until the next one is asked for. */
  body(id: number): Emitter {
    for (const at of this.ids) this.code.fillIn(at, ID_BYTES, id);
    return this.code;
  }
}

function callOut(
  layout: Layout,
  type: FuncType,
  writeId: (out: Emitter) => void,
  loaded: LoadedFunction | undefined,
): Emitter {
  const { params, results } = type;
  return entryOf([], (out) => {
    if (loaded !== undefined) callLoaded(out, layout, type, writeId, loaded);
    params.forEach((type, k) => {
      pushLocal(out, layout, k, type);
    });
    const fuel = params.length;
    const place = fuel + 1;
    writeId(out);
    out.indexed('local.get', fuel);
    out.indexed('local.get', place);
    out.i64Const(0, 32);
    out.op('i64.shr_u');
    out.op('i32.wrap_i64');
    out.indexed('local.get', place);
    out.op('i32.wrap_i64');
    out.indexed('call', layout.helper('out'));
    out.indexed('local.set', fuel);
    for (const type of results) takeValue(out, layout, type);
    out.indexed('local.get', fuel);
  });
}

/** A function that comes with a group: its type in the emitted module, and the table of functions in which it is then. */
export interface LoadedFunction {
  readonly typeidx: number;
  readonly table: number;
}

/** The frame is the callee's own. */
function callLoaded(
  out: Emitter,
  layout: Layout,
  { params }: FuncType,
  writeId: (out: Emitter) => void,
  { typeidx, table }: LoadedFunction,
): void {
  writeId(out);
  out.indexed('call', layout.helper('load'));
  out.op('if');
  out.u8(EMPTY_BLOCK);
  for (let k = 0; k < params.length + STATE_PARAMS.length; k++) out.indexed('local.get', k);
  writeId(out);
  out.indexed('call_indirect', typeidx);
  out.u32(table);
  out.op('return');
  out.op('end');
}

/** Fuel and place, parameters of `callIn`. */
function pushState(out: Emitter): void {
  out.indexed('local.get', FUEL);
  out.indexed('local.get', FUEL + 1);
  out.op('i64.extend_i32_u');
  out.i64Const(0, 32);
  out.op('i64.shl');
  out.indexed('local.get', FUEL + 2);
  out.op('i64.extend_i32_u');
  out.op('i64.or');
}

/** Calls a function of this type in the table of functions. Unless it unwinds, its results are pushed. */
export function callIn(layout: Layout, type: FuncType, typeidx: number, table: number): Emitter {
  const { params, results } = type;
  const first = IN_PARAMS.length;
  return entryOf(results, (out) => {
    for (const param of params) takeValue(out, layout, param);
    pushState(out);
    out.indexed('local.get', 0);
    out.indexed('call_indirect', layout.calledTypeidx(typeidx));
    out.u32(table);
    out.indexed('local.set', FUEL);
    for (let k = results.length - 1; k >= 0; k--) out.indexed('local.set', first + k);
    out.indexed('local.get', FUEL);
    out.i32Const(UNWINDING);
    out.op('i32.eq');
    out.op('if');
    out.u8(EMPTY_BLOCK);
    out.i32Const(UNWINDING);
    out.op('return');
    out.op('end');
    results.forEach((result, k) => {
      pushLocal(out, layout, first + k, result);
    });
    out.indexed('local.get', FUEL);
  });
}

/** Takes the values of all globals. */
export function globalsIn(layout: Layout): Emitter {
  return entryOf([], (out) => {
    layout.module.globals.forEach(({ value }, k) => {
      takeValue(out, layout, value);
      out.indexed('global.set', k);
    });
  });
}

/** Pushes those that may have changed. */
export function globalsOut(layout: Layout): Emitter {
  const { globals } = layout.module;
  const types = [...new Set(globals.filter(({ mutable }) => mutable).map(({ value }) => value))];
  return entryOf(types, (out) => {
    globals.forEach(({ value, mutable }, k) => {
      if (!mutable) return;
      out.indexed('global.get', k);
      const local = types.indexOf(value);
      out.indexed('local.set', local);
      pushLocal(out, layout, local, value);
    });
  });
}
