/**
 * What the binary format knows and this decoder does not take: proposals without rows in the instruction table, and features
 * switched off. Such a module is a CompileError that names the feature, so that a user learns what the module needs.
 */
import { atOffset, CompileError } from '../errors';
import type { Feature } from './features';

/** Proposals that have opcodes or types but no rows yet. */
export type UnsupportedProposal =
  | 'SIMD'
  | 'relaxed SIMD'
  | 'exception handling'
  | 'legacy exception handling'
  | 'function references'
  | 'garbage collection'
  | 'threads'
  | 'wide arithmetic'
  | 'stack switching';

export const FEATURE_NAMES: Readonly<Record<Feature, string>> = {
  mutableGlobals: 'mutable globals',
  signExtension: 'sign extension',
  saturatingFloatToInt: 'saturating float-to-int',
  multiValue: 'multi-value',
  bulkMemory: 'bulk memory',
  referenceTypes: 'reference types',
  extendedConst: 'extended constant expressions',
  tailCalls: 'tail calls',
  multiMemory: 'multi-memory',
  memory64: 'memory64',
  customPageSizes: 'custom page sizes',
};

export class UnsupportedError extends CompileError {
  readonly feature: string;
  constructor(feature: string, message: string, offset: number) {
    super(atOffset(message, offset), undefined, 'malformed', offset);
    this.feature = feature;
  }
}

/** `clause` is the suite's text for engines without the proposal, where there is one. */
export function unsupported(proposal: UnsupportedProposal, offset: number, clause = ''): UnsupportedError {
  return new UnsupportedError(proposal, `${clause}${proposal} is not supported`, offset);
}

/** `clause`: what the suite says where the feature does not exist, e.g. `multiple memories: `. */
export function disabled(feature: Feature, offset: number, clause = ''): UnsupportedError {
  return new UnsupportedError(
    FEATURE_NAMES[feature],
    `${clause}${FEATURE_NAMES[feature]} is disabled`,
    offset,
  );
}

/** Dense instruction ids (see `instructions.ts`), first and last, of each proposal without rows. */
const OPCODES: readonly (readonly [first: number, last: number, proposal: UnsupportedProposal])[] = [
  [0x06, 0x07, 'legacy exception handling'],
  [0x08, 0x08, 'exception handling'],
  [0x09, 0x09, 'legacy exception handling'],
  [0x0a, 0x0a, 'exception handling'],
  [0x14, 0x15, 'function references'],
  [0x18, 0x19, 'legacy exception handling'],
  [0x1f, 0x1f, 'exception handling'],
  [0xd3, 0xd3, 'garbage collection'],
  [0xd4, 0xd6, 'function references'],
  [0xe0, 0xe6, 'stack switching'],
  [0x113, 0x116, 'wide arithmetic'],
  [0x200, 0x2ff, 'SIMD'],
  [0x300, 0x313, 'relaxed SIMD'],
  [0x400, 0x44e, 'threads'],
  [0x500, 0x51e, 'garbage collection'],
];

export function proposalOfOpcode(op: number): UnsupportedProposal | undefined {
  return OPCODES.find(([first, last]) => op >= first && op <= last)?.[2];
}

/** Type codes (one byte) of proposals without rows. */
const TYPE_CODES: readonly (readonly [proposal: UnsupportedProposal, codes: readonly number[]])[] = [
  ['SIMD', [0x7b]],
  ['exception handling', [0x74, 0x69]],
  ['function references', [0x64, 0x63]],
  [
    'garbage collection',
    [0x78, 0x77, 0x73, 0x72, 0x71, 0x6e, 0x6d, 0x6c, 0x6b, 0x6a, 0x5f, 0x5e, 0x50, 0x4f, 0x4e],
  ],
];

export function proposalOfType(code: number): UnsupportedProposal | undefined {
  return TYPE_CODES.find(([, codes]) => codes.includes(code))?.[0];
}
