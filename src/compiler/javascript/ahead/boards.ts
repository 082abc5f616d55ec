/**
 * What boards with Espruino have room for, from the board files of its firmware 2v29 (`variables` and `saved_code`), and what a file needs there.
 * Espruino keeps all it has in variables of one size: names, functions, their arguments, and the bytes of arrays and strings.
 */

import { type Density, speedOf } from './speed';

export interface Board {
  readonly title: string;
  readonly variables: number;
  /** Bytes for files in flash (Storage). */
  readonly flash: number;
  /** Of its processor. */
  readonly megahertz: number;
}

export const BOARDS = {
  puck: { title: 'Puck.js', variables: 2630, flash: 10 * 4096, megahertz: 64 },
  pixl: { title: 'Pixl.js', variables: 2950, flash: 9 * 4096, megahertz: 64 },
  pico: { title: 'Espruino Pico', variables: 5100, flash: 3 * 16384, megahertz: 84 },
  microbit2: { title: 'micro:bit 2', variables: 6000, flash: 10 * 4096, megahertz: 64 },
  wifi: { title: 'Espruino WiFi', variables: 8190, flash: 65536, megahertz: 100 },
  bangle2: { title: 'Bangle.js 2', variables: 12000, flash: 2048 * 4096, megahertz: 64 },
  jolt: { title: 'Jolt.js', variables: 12000, flash: 100 * 4096, megahertz: 64 },
  esp32: { title: 'ESP32', variables: 16383, flash: 224 * 4096, megahertz: 240 },
} as const satisfies Record<string, Board>;
export type BoardName = keyof typeof BOARDS;
export const BOARD_NAMES = Object.keys(BOARDS) as BoardName[];

/** Bytes of an array or string in one variable, on boards with more than a thousand of them. */
const BYTES_IN_VARIABLE = 12;
/** Characters of a file for each variable that it makes besides: the seven programs of embed/espruino need one for 9 to 25. */
const CHARACTERS_FOR_VARIABLE = 8;
/** Of the firmware, of what the module is called by, and of calls that are under way. */
const OTHERS = 500;

export interface Need {
  readonly what: string;
  readonly needs: number;
  readonly has: number;
}

/** `memory` is in bytes. Code is executed from flash, and takes no variables. */
export function needsOf(text: string, memory: number, board: Board): Need[] {
  const names = Math.ceil(text.length / CHARACTERS_FOR_VARIABLE);
  const bytes = Math.ceil(memory / BYTES_IN_VARIABLE);
  return [
    { what: 'bytes of flash for the source', needs: text.length, has: board.flash },
    { what: 'variables', needs: names + bytes + OTHERS, has: board.variables },
    { what: '  of which for memory', needs: bytes, has: board.variables },
  ];
}

export function fits(needs: readonly Need[]): boolean {
  return needs.every((need) => need.needs <= need.has);
}

/** A table for people. */
export function tableOf(needs: readonly Need[], board: Board, density: Density): string {
  const width = Math.max(...needs.map(({ what }) => what.length));
  const rows = needs.map(
    ({ what, needs: count, has }) =>
      `  ${what.padEnd(width)}  ${String(count).padStart(8)} of ${String(has).padStart(8)}${count > has ? '  too much' : ''}`,
  );
  const speed = `  about ${speedOf(density, board.megahertz)} instructions a second (an estimate, without what the host does)`;
  return `${board.title}:\n${rows.join('\n')}\n${speed}`;
}
