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
import { Archive } from '../wasi/state/codec';
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
/** A model's own: what is chosen for it is known by then. */
const ENCODINGS = GRAPH_ENCODINGS.slice(0, -1) as readonly GraphEncoding[];
/** Inputs of a model. */
export const MAX_INPUTS = 1024;

function describeNn(s: Archive, doc: Partial<NnDocument> = {}): NnDocument {
  const graphs = s.list((graph) => describeGraph(s, graph), doc.graphs);
  return { graphs, contexts: s.list((context) => describeContext(s, graphs.length, context), doc.contexts) };
}

function describeGraph(s: Archive, graph: Partial<GraphDocument> = {}): GraphDocument {
  const at = s.pos;
  const name = s.optional((text) => s.text(text), graph.name);
  const digest = s.raw(DIGEST_SIZE, graph.digest);
  const model = s.optional((source) => describeModel(s, source), graph.model);
  if ((name === undefined) === (model === undefined))
    s.refuse('a graph has a name, or a model of its own', at);
  return { name, digest, model };
}

function describeContext(
  s: Archive,
  graphs: number,
  context: Partial<ContextDocument> = {},
): ContextDocument {
  const at = s.pos;
  const graph = s.u32(context.graph);
  if (graph >= graphs) s.refuse(`a context of graph ${graph}, which is not there`, at);
  const inputs = describeInputs(s, context.inputs);
  return { graph, inputs, outputs: s.optional((tensors) => describeTensors(s, tensors), context.outputs) };
}

/** By their indices, which ascend. */
export function describeInputs(s: Archive, given?: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
  const set = given?.flatMap((tensor, index) => (tensor === undefined ? [] : [[index, tensor] as const]));
  const inputs: (Tensor | undefined)[] = [];
  s.list<readonly [number, Tensor]>((input) => {
    const at = s.pos;
    const index = s.u32(input?.[0]);
    if (index < inputs.length || index >= MAX_INPUTS) s.refuse(`unexpected input ${index}`, at);
    const tensor = describeTensor(s, input?.[1]);
    while (inputs.length < index) inputs.push(undefined);
    inputs.push(tensor);
    return [index, tensor];
  }, set);
  return inputs;
}

export function describeModel(s: Archive, model: Partial<ModelSource> = {}): ModelSource {
  const encoding = s.choice(ENCODINGS, 'encoding', model.encoding);
  const target = s.choice(EXECUTION_TARGETS, 'target', model.target);
  const at = s.pos;
  const parts = s.list((part) => s.blob(part), model.parts);
  if (parts.length > MAX_PARTS) s.refuse('too many parts', at);
  return { encoding, target, parts };
}

export function describeTensors(s: Archive, tensors?: readonly Tensor[]): Tensor[] {
  return s.list((tensor) => describeTensor(s, tensor), tensors);
}

function describeTensor(s: Archive, tensor: Partial<Tensor> = {}): Tensor {
  const type = s.choice(TENSOR_TYPES, 'type of tensor', tensor.type);
  const at = s.pos;
  const dimensions = s.list((length) => s.u32(length), tensor.dimensions);
  if (dimensions.length > MAX_DIMENSIONS) s.refuse('too many dimensions', at);
  const place = s.pos;
  const data = s.blob(tensor.data);
  const expected = tensorBytes(type, dimensions);
  if (data.length !== expected)
    s.refuse(`${expected} bytes of a tensor expected, ${data.length} found`, place);
  return { type, dimensions, data };
}

export function encodeNnState(doc: NnDocument): Uint8Array {
  const out = new Archive();
  for (const byte of MAGIC) out.u8(byte);
  describeNn(out, doc);
  return out.finish();
}

/** Its form is checked whole. Throws StateError. */
export function decodeNnState(bytes: Uint8Array): NnDocument {
  const r = new Archive(bytes);
  for (const byte of MAGIC) if (r.u8() !== byte) throw r.fail('not a state of wasi-nn', 0);
  const doc = describeNn(r);
  if (!r.atEnd) throw r.fail('the state of wasi-nn is too long');
  return doc;
}

/** SHA-256 of a model: its encoding, target and parts. */
export function digestOf({ encoding, target, parts }: ModelSource): Uint8Array {
  const sha = new Sha256();
  const number = (write: (out: Archive) => void) => {
    const out = new Archive();
    write(out);
    sha.update(out.finish());
  };
  number((out) => {
    out.choice(ENCODINGS, 'encoding', encoding);
    out.choice(EXECUTION_TARGETS, 'target', target);
    out.u32(parts.length);
  });
  for (const part of parts) {
    number((out) => out.u32(part.length));
    sha.update(part);
  }
  return sha.digest();
}
