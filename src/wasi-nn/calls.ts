/**
 * The calls, by the module name under which programs import them. What a pointer names is checked before anything happens: out of memory is
 * a trap.
 *
 * | | `wasi_ephemeral_nn` | `wasi_nn` (WAMR's headers of before 2025) |
 * |---|---|---|
 * | parts of a model | pointer and count of {pointer, bytes} | pointer to {pointer, count} of the same |
 * | tensor | {dimensions, count, type:u8, data, bytes} | {pointer to {dimensions, count}, type:u32, data} |
 * | `get_output` | bytes of the buffer, pointer to bytes written | pointer to both, one after the other |
 */
import { decodeUtf8 } from '../decoder/utf8';
import { type GuestCall, type GuestMemory, memoryOf } from '../wasi/guest';
import {
  EXECUTION_TARGETS,
  GRAPH_ENCODINGS,
  MAX_DIMENSIONS,
  MAX_NAME,
  MAX_PARTS,
  NN_ERRNO,
  OLD_TENSOR_TYPES,
  TENSOR_TYPES,
  type Tensor,
  type TensorType,
  tensorBytes,
} from './abi';
import type { Graphs, NnAnswer } from './graphs';

interface NnCall {
  readonly params: string;
  readonly handler: (nn: Graphs, call: GuestCall) => NnAnswer;
}

/** A list in the guest's memory. */
interface GuestList {
  readonly at: number;
  readonly count: number;
}

function call(params: string, handler: NnCall['handler']): NnCall {
  return { params, handler };
}

const SHARED: Readonly<Record<string, NnCall>> = {
  load_by_name: call('iii', (nn, c) => {
    const m = memoryOf(c);
    const length = c.u32(1);
    const out = outOf(m, c.u32(2));
    const bytes = m.view(c.u32(0), length);
    if (length > MAX_NAME) return NN_ERRNO.NOT_FOUND;
    const name = decodeUtf8(bytes, 0, length);
    return name === undefined ? NN_ERRNO.INVALID_ARGUMENT : nn.loadByName(name, setting(c, out));
  }),
  init_execution_context: call('ii', (nn, c) => {
    const out = outOf(memoryOf(c), c.u32(1));
    return nn.createContext(c.u32(0), setting(c, out));
  }),
  compute: call('i', (nn, c) => nn.compute(c.u32(0))),
};

export const CALLS: Readonly<Record<string, Readonly<Record<string, NnCall>>>> = {
  wasi_ephemeral_nn: {
    ...SHARED,
    load: call('iiiii', (nn, c) => {
      return load(nn, c, { at: c.u32(0), count: c.u32(1) }, c.u32(2), c.u32(3), c.u32(4));
    }),
    set_input: call('iii', (nn, c) => {
      const m = memoryOf(c);
      const at = c.u32(2);
      m.check(at, 20);
      const shape = { at: m.getU32(at), count: m.getU32(at + 4) };
      const types = nn.oldTensorTypes ? OLD_TENSOR_TYPES : TENSOR_TYPES;
      return setInput(nn, c, shape, types[m.getU8(at + 8)], m.getU32(at + 12), m.getU32(at + 16));
    }),
    get_output: call('iiiii', (nn, c) => getOutput(nn, c, c.u32(3), c.u32(4))),
  },
  wasi_nn: {
    ...SHARED,
    load: call('iiii', (nn, c) => {
      const parts = listAt(memoryOf(c), c.u32(0));
      return load(nn, c, parts, c.u32(1), c.u32(2), c.u32(3));
    }),
    set_input: call('iii', (nn, c) => {
      const m = memoryOf(c);
      const at = c.u32(2);
      const shape = listAt(m, m.getU32(at));
      return setInput(nn, c, shape, OLD_TENSOR_TYPES[m.getU32(at + 4)], m.getU32(at + 8));
    }),
    get_output: call('iiii', (nn, c) => getOutput(nn, c, memoryOf(c).getU32(c.u32(3)), c.u32(3))),
  },
};

function load(
  nn: Graphs,
  c: GuestCall,
  parts: GuestList,
  encoding: number,
  target: number,
  out: number,
): NnAnswer {
  const m = memoryOf(c);
  outOf(m, out);
  m.check(parts.at, parts.count * 8);
  if (parts.count === 0 || parts.count > MAX_PARTS) return NN_ERRNO.INVALID_ARGUMENT;
  const views: Uint8Array[] = [];
  for (let k = 0; k < parts.count; k++) {
    const at = parts.at + 8 * k;
    views.push(m.view(m.getU32(at), m.getU32(at + 4)));
  }
  const encodingName = GRAPH_ENCODINGS[encoding];
  const targetName = EXECUTION_TARGETS[target];
  if (encodingName === undefined) return NN_ERRNO.INVALID_ENCODING;
  if (targetName === undefined) return NN_ERRNO.INVALID_ARGUMENT;
  return nn.load({ target: targetName, parts: views }, encodingName, setting(c, out));
}

/** Without `length`, the data is as long as the shape says. */
function setInput(
  nn: Graphs,
  c: GuestCall,
  shape: GuestList,
  type: TensorType | undefined,
  data: number,
  length?: number,
): NnAnswer {
  const m = memoryOf(c);
  m.check(shape.at, shape.count * 4);
  if (type === undefined || shape.count > MAX_DIMENSIONS) return NN_ERRNO.INVALID_ARGUMENT;
  const dimensions = Array.from({ length: shape.count }, (_, k) => m.getU32(shape.at + 4 * k));
  const view = m.view(data, length ?? tensorBytes(type, dimensions));
  return nn.setInput(c.u32(0), c.u32(1), { type, dimensions, data: view });
}

/** The whole output, or nothing. */
function getOutput(nn: Graphs, c: GuestCall, room: number, written: number): NnAnswer {
  const m = memoryOf(c);
  const buffer = m.view(c.u32(2), room);
  outOf(m, written);
  const output: Tensor | NnAnswer = nn.output(c.u32(0), c.u32(1));
  if (typeof output === 'number') return output;
  if (output.data.length > room) return NN_ERRNO.TOO_LARGE;
  buffer.set(output.data);
  m.setU32(written, output.data.length);
  return NN_ERRNO.SUCCESS;
}

function listAt(m: GuestMemory, at: number): GuestList {
  return { at: m.getU32(at), count: m.getU32(at + 4) };
}

/** A place for a u32, checked. */
function outOf(m: GuestMemory, at: number): number {
  m.check(at, 4);
  return at;
}

/** Puts a handle there, later: memory may have grown meanwhile, never shrunk. */
function setting(c: GuestCall, out: number): (handle: number) => void {
  return (handle) => memoryOf(c).setU32(out, handle);
}
