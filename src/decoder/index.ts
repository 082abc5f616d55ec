/** Decoder and validator: spec chapters "binary" and "valid". */
export { canonicalFuncType } from './canonical';
export type { DecodeOptions } from './decode';
export { Module } from './decode';
export { disassemble } from './disassemble';
export type { Feature, Features } from './features';
export { DEFAULT_FEATURES } from './features';
export type { Inspection, SectionInfo } from './inspect';
export { inspect, inspectInParts } from './inspect';
export type {
  AccessOp,
  AccessSignature,
  BlockOp,
  BulkOp,
  ExceptionOp,
  Immediates,
  Instruction,
  LoadOp,
  NumericOp,
  NumericSignature,
  OpName,
  PlainOp,
  VectorOp,
  VectorShape,
} from './instructions';
export { INSTRUCTIONS, instructionOf, OP, PREFIX_BASE } from './instructions';
export { LIMITS } from './limits';
export { hierarchyOf, matches, matches as matchesValType, matchesDefType } from './matching';
export type * from './module';
export type { DecodeProgress } from './parts';
export { Reader } from './reader';
export * from './types';
export { UnsupportedError } from './unsupported';
export { decodeUtf8, encodeUtf8 } from './utf8';
