/** What factories are made with: they are texts that may be evaluated anywhere. */
import { trap } from '../errors';
import { type Words, words } from '../runtime/numerics';
import { FUNCTIONS } from './functions';
import { type Registers, registers, stack } from './registers';

/** What the text of a factory refers to. The generator of factories names the letters. */
export interface FactoryEnvironment extends Readonly<typeof FUNCTIONS> {
  /** The stack as words. */
  readonly I: Int32Array;
  /** The stack as 32-bit floats. */
  readonly S: Float32Array;
  /** The stack as 64-bit floats. */
  readonly F: Float64Array;
  /** The stack as bytes. */
  readonly B: Uint8Array;
  /** References, beside the stack. */
  readonly R: unknown[];
  /** Call sites of the frames. */
  readonly RS: unknown[];
  /** Frame pointers of the frames. */
  readonly RF: number[];
  /** Callees of indirect calls. */
  readonly RC: unknown[];
  /** Registers of the machine. */
  readonly M: Registers;
  /** Where functions with two words as result leave the high one. */
  readonly W: Words;
  /** Makes a trap. */
  readonly T: typeof trap;
}

let environment: FactoryEnvironment | undefined;

export function theEnvironment(): FactoryEnvironment {
  if (environment === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    environment = {
      I: ints,
      S: floats,
      F: doubles,
      B: new Uint8Array(ints.buffer),
      R: refs,
      RS: sites,
      RF: frames,
      RC: callees,
      M: registers,
      W: words,
      T: trap,
      ...FUNCTIONS,
    };
  }
  return environment;
}
