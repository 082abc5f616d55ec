/**
 * What the binary format knows and this decoder does not take: proposals without rows in the instruction table, and features
 * switched off. Such a module is a CompileError that names the feature, so that a user learns what the module needs.
 */
import { atOffset, CompileError } from '../errors';
import type { Feature } from './features';
import { instructionOf } from './instructions';

/**
 * Proposals that have opcodes or types but no rows, here or in a small bundle (scripts/small-parts.mjs): dense instruction ids (see `instructions.ts`), first and last of each run, and
 * type codes of one byte.
 */
const PROPOSALS = [
  ['SIMD', [0x200, 0x2ff], [0x7b]],
  ['relaxed SIMD', [0x300, 0x313], []],
  ['exception handling', [0x06, 0x0a, 0x18, 0x19, 0x1f, 0x1f], [0x69, 0x74]],
  [
    'garbage collection',
    [0xd3, 0xd3, 0x500, 0x51e],
    [0x78, 0x77, 0x71, 0x6e, 0x6d, 0x6c, 0x6b, 0x6a, 0x5f, 0x5e],
  ],
  ['threads', [0x400, 0x44e], []],
  ['wide arithmetic', [0x113, 0x116], []],
  ['stack switching', [0xe0, 0xe6], []],
] as const satisfies readonly (readonly [
  name: string,
  opcodes: readonly number[],
  types: readonly number[],
])[];
/** Shared memory is of the proposal whose instructions have rows. */
export type UnsupportedProposal = (typeof PROPOSALS)[number][0] | 'shared memory';

export class UnsupportedError extends CompileError {
  /** The proposal's name, or the switch that is off. */
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
  return new UnsupportedError(feature, `${clause}${feature} is disabled`, offset);
}

/** The proposal without rows that a dense instruction id belongs to. */
export function unsupportedAt(op: number): UnsupportedProposal | undefined {
  // A bundle may have the rows of a proposal that another goes without: then what has no row is nothing at all.
  return PROPOSALS.find(
    ([, runs]) =>
      instructionOf[runs[0]] === undefined &&
      runs.some((first, k) => k % 2 === 0 && op >= first && op <= runs[k + 1]),
  )?.[0];
}

export function proposalOfType(code: number): UnsupportedProposal | undefined {
  return PROPOSALS.find(([, , codes]) => (codes as readonly number[]).includes(code))?.[0];
}
