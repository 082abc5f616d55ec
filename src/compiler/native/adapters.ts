/** Small bodies of an emitted module: into it, out of it, and the globals both ways. Values cross one by one (frame.ts). */
import { type FuncType, I32, type ValType } from '../../decoder';
import { EMPTY_BLOCK, type Emitter, entryOf } from './emitter';
import { pushLocals, takeValue } from './frame';
import { HANDED } from './handed-globals';
import { HELPER_NAMES, HELPERS, isDirect, type Layout } from './layout';
import { BITS_PER_MEASURE } from './room';
import { DEPTH_BITS, FULL_MEASURE, STATE_PARAMS, STATE_RESULTS } from './state';

/**
 * Parameters of an adapter into the module: index in the table of functions, then fuel and place. Its result is the fuel. Where arguments cross
 * directly, they come behind, and the result is the function's own.
 */
const IN_PARAMS: readonly ValType[] = [I32, ...STATE_PARAMS];
/** The others of these parameters. */
const FUEL = 1;
const PLACE = 2;
export function typeInto(type: FuncType): FuncType {
  return isDirect(type) ? typeDirectlyInto(type) : { params: IN_PARAMS, results: STATE_RESULTS };
}
export function typeDirectlyInto({ params, results }: FuncType): FuncType {
  return { params: [...IN_PARAMS, ...params], results };
}

/** Names of exports. */
export const GLOBALS_IN = 'globals in';
export const GLOBALS_OUT = 'globals out';

/**
 * A function for each helper that calls it, the import of the same index. A call of an import reads from two tables of the instance, whose
 * addresses V8 loads once, at the function's entry, and keeps in registers through all loops behind it; a call of a function needs none.
 */
export function helperWrappers(layout: Layout): Emitter[] {
  return HELPER_NAMES.map((name, k) =>
    entryOf([], (out) => {
      HELPERS[name].params.forEach((_, param) => {
        out.indexed('local.get', param);
      });
      out.indexed('call', layout.direct.length + k);
    }),
  );
}

/** Bytes of the constants that hold the number of a function, which are signed LEB128. */
function bytesOfIds(most: number): number {
  let bytes = 1;
  while (2 ** (7 * bytes - 1) <= most) bytes++;
  return bytes;
}

/**
 * Small bodies that differ by the number of a function alone: they call out, to a function that is not in the emitted module, by the number
 * that the runtime knows it by; or they hand the number on to a body that many share.
 */
export class NumberedBody {
  private readonly code: Emitter;
  private readonly idBytes: number;
  /** Where the number stands. */
  private at = 0;

  /** `most`: no number is larger. */
  constructor(most: number, write: (out: Emitter, writeId: () => void) => void) {
    this.idBytes = bytesOfIds(most);
    this.code = entryOf([], (out) => {
      write(out, () => {
        this.at = out.length + 1;
        out.padded('i32.const', this.idBytes);
      });
    });
  }

  /** Of the function of this number: valid until the next one is asked for. */
  body(id: number): Emitter {
    this.code.fillIn(this.at, this.idBytes, id);
    return this.code;
  }
}

/** Calls out, for functions of a type; `most`: the largest of their numbers. */
export function callsOut(layout: Layout, type: FuncType, most: number): NumberedBody {
  return new NumberedBody(most, (out, writeId) => callOut(out, layout, type, writeId));
}

/** Calls an import of the original as it is imported here: `direct` is its index. */
export function callDirect(layout: Layout, type: FuncType, direct: number): Emitter {
  return entryOf(layout.keepsStack ? [I32] : [], (out) => writeDirectCall(out, layout, type, direct));
}
/** The same where the bit of the cell `plain` is set, and else by slots: `id` is what the runtime knows it by. */
export function callPlainOrOut(
  layout: Layout,
  type: FuncType,
  { direct, bit, id }: { readonly direct: number; readonly bit: number; readonly id: number },
): Emitter {
  return entryOf(layout.keepsStack ? [I32] : [], (out) => {
    out.indexed('global.get', layout.globalidx('plain'));
    out.i32Const(1 << bit);
    out.op('i32.and');
    out.op('if');
    out.u8(EMPTY_BLOCK);
    writeDirectCall(out, layout, type, direct);
    out.op('return');
    out.op('end');
    callOut(out, layout, type, () => out.i32Const(id));
  });
}
/** Leaves the results and the fuel. A local behind the parameters is for the cell `stack`. */
function writeDirectCall(out: Emitter, layout: Layout, { params }: FuncType, direct: number): void {
  const fuel = params.length;
  const kept = fuel + STATE_PARAMS.length;
  const { keepsStack } = layout;
  if (keepsStack) {
    out.indexed('global.get', layout.globalidx('stack'));
    out.indexed('local.set', kept);
  }
  out.indexed('local.get', fuel);
  out.indexed('local.get', fuel + 1);
  handGlobals(out, layout);
  params.forEach((_, k) => {
    out.indexed('local.get', k);
  });
  out.indexed('call', direct);
  if (keepsStack) {
    out.indexed('local.get', kept);
    out.indexed('global.set', layout.globalidx('stack'));
  }
  out.indexed('global.get', layout.globalidx('fuel'));
  out.op('if');
  out.u8(EMPTY_BLOCK);
  out.i32Const(0);
  out.indexed('global.set', layout.globalidx('fuel'));
  out.indexed('call', layout.helper('fuel'));
  out.indexed('local.set', fuel);
  out.op('end');
  out.indexed('local.get', fuel);
}
/** The parameters of an import that is called so. */
export const directParams = ({ params }: FuncType): readonly ValType[] => [
  ...STATE_PARAMS,
  ...HANDED,
  ...params,
];

/** The globals that are handed over, and zeros in the place of others. */
function handGlobals(out: Emitter, { handed = [] }: Layout): void {
  for (const globalidx of handed) out.indexed('global.get', globalidx);
  for (let k = handed.length; k < HANDED.length; k++) out.i32Const(0);
}

/** Calls the function of this index, of the same type but for a last parameter, the number. */
export function handsOn({ params }: FuncType, index: number, most: number): NumberedBody {
  return new NumberedBody(most, (out, writeId) => {
    for (let k = 0; k < params.length + STATE_PARAMS.length; k++) out.indexed('local.get', k);
    writeId();
    out.indexed('call', index);
  });
}

/** What that calls: the function of the number, in the table of functions, where it may be loaded meanwhile, or else outside. */
export function callLoadedOrOut(
  layout: Layout,
  type: FuncType,
  { typeidx, table }: { readonly typeidx: number; readonly table: number },
): Emitter {
  const id = type.params.length + STATE_PARAMS.length;
  return entryOf([], (out) => {
    out.indexed('local.get', id);
    out.indexed('call', layout.helper('load'));
    out.op('if');
    out.u8(EMPTY_BLOCK);
    // The frame is the callee's own.
    for (let k = 0; k <= id; k++) out.indexed('local.get', k);
    out.indexed('call_indirect', typeidx);
    out.u32(table);
    out.op('return');
    out.op('end');
    callOut(out, layout, type, () => out.indexed('local.get', id));
  });
}

function callOut(out: Emitter, layout: Layout, { params, results }: FuncType, writeId: () => void): void {
  const { keepsStack } = layout;
  if (keepsStack) out.indexed('global.get', layout.globalidx('stack'));
  pushLocals(
    out,
    layout,
    params.map((type, localidx) => ({ type, localidx })),
  );
  const fuel = params.length;
  const place = fuel + 1;
  writeId();
  out.indexed('local.get', fuel);
  out.indexed('local.get', place);
  out.indexed('call', layout.helper('out'));
  out.indexed('local.set', fuel);
  if (keepsStack) out.indexed('global.set', layout.globalidx('stack'));
  for (const type of results) takeValue(out, layout, type);
  out.indexed('local.get', fuel);
}

/** Calls a function of this type in the table of functions, with its arguments. */
export function callDirectlyIn(
  layout: Layout,
  { params }: FuncType,
  typeidx: number,
  table: number,
): Emitter {
  return entryOf([], (out) => {
    setStack(out, layout);
    for (let k = 0; k < params.length; k++) out.indexed('local.get', IN_PARAMS.length + k);
    callListed(out, layout, typeidx, table);
    out.indexed('local.get', FUEL);
    handGlobals(out, layout);
    out.indexed('call', layout.helper('done'));
  });
}
/** The same where the arguments, and the results, cross one by one if one of them is no integer. */
export function callIn(layout: Layout, type: FuncType, typeidx: number, table: number): Emitter {
  if (isDirect(type)) return callDirectlyIn(layout, type, typeidx, table);
  const { params, results } = type;
  const first = IN_PARAMS.length;
  return entryOf(results, (out) => {
    setStack(out, layout);
    for (const param of params) takeValue(out, layout, param);
    callListed(out, layout, typeidx, table);
    for (let k = results.length - 1; k >= 0; k--) out.indexed('local.set', first + k);
    pushLocals(
      out,
      layout,
      results.map((type, k) => ({ type, localidx: first + k })),
    );
    out.indexed('local.get', FUEL);
  });
}

function callListed(out: Emitter, layout: Layout, typeidx: number, table: number): void {
  out.indexed('local.get', FUEL);
  out.indexed('local.get', PLACE);
  out.indexed('local.get', 0);
  out.indexed('call_indirect', layout.calledTypeidx(typeidx));
  out.u32(table);
  out.indexed('local.set', FUEL);
}

/** What an activation may have of the host's stack: as much of it as of what may be measured. */
function setStack(out: Emitter, layout: Layout): void {
  const { perMeasure } = layout.room;
  if (perMeasure === 0) return;
  out.i32Const(FULL_MEASURE);
  out.indexed('local.get', PLACE);
  out.i32Const(DEPTH_BITS);
  out.op('i32.shr_u');
  out.op('i32.sub');
  out.i32Const(perMeasure);
  out.op('i32.mul');
  out.i32Const(BITS_PER_MEASURE);
  out.op('i32.shr_u');
  out.indexed('global.set', layout.globalidx('stack'));
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
  const { globals, written } = layout.module;
  const types = [...new Set(Array.from(written, ({ value }) => value))];
  return entryOf(types, (out) => {
    globals.forEach((type, k) => {
      if (!written.has(type)) return;
      const { value } = type;
      out.indexed('global.get', k);
      const local = types.indexOf(value);
      out.indexed('local.set', local);
      pushLocals(out, layout, [{ localidx: local, type: value }]);
    });
  });
}
