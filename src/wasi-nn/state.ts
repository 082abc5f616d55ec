/**
 * The state of a guest's graphs and contexts, version 1. It travels in the WASI state, as the part `wasi-nn`.
 *
 *   state    = magic("NN" 1) list(graph) list(context)
 *   graph    = name:optional(text) digest:32 bytes model:optional(encoding:u8 target:u8 list(part:blob))
 *              model is there unless the graph was loaded by name; digest: SHA-256 of the model's bytes here
 *   context  = graph:u32 list(input) outputs:optional(list(tensor))
 *   input    = index:u32 tensor
 *   tensor   = type:u8 list(dimension:u32) data:blob
 *
 * Handles are the places in the lists. Inputs stand in the order of their indices.
 */
import { Sha256 } from '../wasi/digest';
import { Reader, type StateError, Writer } from '../wasi/state/codec';
import {
  EXECUTION_TARGETS,
  GRAPH_ENCODINGS,
  type GraphEncoding,
  MAX_DIMENSIONS,
  MAX_PARTS,
  TENSOR_TYPES,
  type Tensor,
  tensorBytes,
} from './abi';
import type { ModelSource } from './backend';

export interface GraphDocument {
  readonly name: string | undefined;
  readonly digest: Uint8Array;
  readonly model: ModelSource | undefined;
}
export interface ContextDocument {
  readonly graph: number;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[] | undefined;
}
export interface NnDocument {
  readonly graphs: readonly GraphDocument[];
  readonly contexts: readonly ContextDocument[];
}

const MAGIC = [0x4e, 0x4e, 0x01];
export const DIGEST_SIZE = 32;
/** Inputs of a model. */
export const MAX_INPUTS = 1024;

export function encodeNnState({ graphs, contexts }: NnDocument): Uint8Array {
  const w = new Writer();
  w.raw(Uint8Array.from(MAGIC));
  w.list(graphs, ({ name, digest, model }) => {
    w.optional(name, (text) => w.text(text));
    w.raw(digest);
    w.optional(model, (source) => writeModel(w, source));
  });
  w.list(contexts, ({ graph, inputs, outputs }) => {
    w.u32(graph);
    writeInputs(w, inputs);
    w.optional(outputs, (tensors) => w.list(tensors, (tensor) => writeTensor(w, tensor)));
  });
  return w.finish();
}

export function writeModel(w: Writer, { encoding, target, parts }: ModelSource): void {
  w.u8(GRAPH_ENCODINGS.indexOf(encoding));
  w.u8(EXECUTION_TARGETS.indexOf(target));
  w.list(parts, (part) => w.blob(part));
}

/** SHA-256 of a model: its encoding, target and parts. */
export function digestOf({ encoding, target, parts }: ModelSource): Uint8Array {
  const sha = new Sha256();
  const number = (write: (w: Writer) => void) => {
    const w = new Writer();
    write(w);
    sha.update(w.finish());
  };
  number((w) => {
    w.u8(GRAPH_ENCODINGS.indexOf(encoding));
    w.u8(EXECUTION_TARGETS.indexOf(target));
    w.u32(parts.length);
  });
  for (const part of parts) {
    number((w) => w.u32(part.length));
    sha.update(part);
  }
  return sha.digest();
}

export function writeInputs(w: Writer, inputs: readonly (Tensor | undefined)[]): void {
  const set = inputs.flatMap((tensor, index) => (tensor === undefined ? [] : [{ index, tensor }]));
  w.list(set, ({ index, tensor }) => {
    w.u32(index);
    writeTensor(w, tensor);
  });
}

export function writeTensor(w: Writer, { type, dimensions, data }: Tensor): void {
  w.u8(TENSOR_TYPES.indexOf(type));
  w.list(dimensions, (length) => w.u32(length));
  w.blob(data);
}

/** Its form is checked whole. Throws StateError. */
export function decodeNnState(bytes: Uint8Array): NnDocument {
  const r = new Reader(bytes);
  for (const byte of MAGIC) if (r.u8() !== byte) throw r.fail('not a state of wasi-nn', 0);
  const graphs = r.list((): GraphDocument => {
    const at = r.pos;
    const name = r.optional(() => r.text());
    const digest = r.raw(DIGEST_SIZE);
    const model = r.optional(() => readModel(r));
    if ((name === undefined) === (model === undefined))
      throw r.fail('a graph has a name, or a model of its own', at);
    return { name, digest, model };
  });
  const contexts = r.list(() => readContext(r, graphs.length));
  if (!r.atEnd) throw r.fail('the state of wasi-nn is too long');
  return { graphs, contexts };
}

function readContext(r: Reader, graphs: number): ContextDocument {
  const at = r.pos;
  const graph = r.u32();
  if (graph >= graphs) throw r.fail(`a context of graph ${graph}, which is not there`, at);
  return { graph, inputs: readInputs(r), outputs: r.optional(() => r.list(() => readTensor(r))) };
}

/** By their indices, which ascend. */
export function readInputs(r: Reader): (Tensor | undefined)[] {
  const inputs: (Tensor | undefined)[] = [];
  r.list(() => {
    const at = r.pos;
    const index = r.u32();
    if (index < inputs.length || index >= MAX_INPUTS) throw r.fail(`unexpected input ${index}`, at);
    while (inputs.length < index) inputs.push(undefined);
    inputs.push(readTensor(r));
  });
  return inputs;
}

export function readModel(r: Reader): ModelSource {
  const encoding = GRAPH_ENCODINGS[r.below(GRAPH_ENCODINGS.length - 1, 'encoding')] as GraphEncoding;
  const target = EXECUTION_TARGETS[r.below(EXECUTION_TARGETS.length, 'target')];
  const at = r.pos;
  const parts = r.list(() => r.blob());
  if (parts.length > MAX_PARTS) throw tooMany(r, 'parts', at);
  return { encoding, target, parts };
}

export function readTensor(r: Reader): Tensor {
  const type = TENSOR_TYPES[r.below(TENSOR_TYPES.length, 'type of tensor')];
  const at = r.pos;
  const dimensions = r.list(() => r.u32());
  if (dimensions.length > MAX_DIMENSIONS) throw tooMany(r, 'dimensions', at);
  const place = r.pos;
  const data = r.blob();
  if (data.length !== tensorBytes(type, dimensions))
    throw r.fail(`${tensorBytes(type, dimensions)} bytes of a tensor expected, ${data.length} found`, place);
  return { type, dimensions, data };
}

function tooMany(r: Reader, what: string, at: number): StateError {
  return r.fail(`too many ${what}`, at);
}
