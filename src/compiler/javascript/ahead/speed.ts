/**
 * How fast a file may be on a board: an estimate. Espruino interprets the text of functions each time it comes by, so an instruction takes as
 * long as its text is; what engine and clock do to that is one factor.
 */
import type { ModuleData } from '../../../decoder/module';
import { Walk } from '../../../decoder/walk';

/** The functions of a file. */
export interface Density {
  /** In the module. */
  readonly instructions: number;
  readonly characters: number;
}

/**
 * Characters of functions that Espruino gets through in a second for each megahertz. Counted on its Linux build and scaled: 13,000 to 20,000
 * instructions a second at 64 MHz, in functions of some 4 characters for each. No board was at hand.
 */
const CHARACTERS_FOR_MEGAHERTZ = 1000;

export function densityOf(module: ModuleData, functions: readonly string[]): Density {
  let instructions = 0;
  const count = { instruction: () => void instructions++ };
  const { importedFuncs, funcTypes } = module;
  for (let k = importedFuncs; k < funcTypes.length; k++) new Walk(module, k, count).run();
  return { instructions, characters: functions.reduce((sum, text) => sum + text.length, 0) };
}

/** Instructions of the module in a second with a processor of so many megahertz, to one digit. */
export function speedOf({ instructions, characters }: Density, megahertz: number): number {
  const speed = (megahertz * CHARACTERS_FOR_MEGAHERTZ * instructions) / Math.max(1, characters);
  return Number(speed.toPrecision(1));
}
