/** What engines understand, and have built in. A dialect is chosen by its target; there are no other differences. */

/** How often functions may call each other, and words of the stack that values cross on which are no number. */
interface Room {
  readonly depth: number;
  readonly words: number;
}

export interface Dialect {
  readonly room: Room;
  /** How the file gives its functions away. */
  readonly form: 'module' | 'script';
  /** `break` and `continue` name labels. */
  readonly labels: boolean;
  /** The engine knows `??`, and what typed arrays have behind their end is undefined. */
  readonly checksByUndefined: boolean;
  /** Functions copy the views of memories to variables of their own: faster where the engine has a compiler. */
  readonly copiesViews: boolean;
  /** i64 values cross to the host as a BigInt; else as an array of two words. */
  readonly bigInts: boolean;
  /** Products and quotients of i64 are faster by BigInt than by words. */
  readonly widens: boolean;
  /** Short functions that pause are written twice (stops.ts). */
  readonly continuesApart: boolean;
  /** NaNs with bits of their own cross calls. */
  readonly keepsBits: boolean;
  /** The parser reads every number exactly. */
  readonly exactNumbers: boolean;
  /** Exported functions are cells, which other files can import by their type and put into tables; else only those in tables are. */
  readonly links: boolean;
  /** Segments of data are base64; else strings of bytes with escapes. */
  readonly base64: boolean;
  /** Functions of `Math` that it lacks, or has wrong. */
  readonly ownMath: ReadonlySet<string>;
  /** The host's stack may end before the count does, and throws a RangeError or an InternalError then. */
  readonly overflows: boolean;
}

const COMPILING: Dialect = {
  room: { depth: 6000, words: 1 << 18 },
  form: 'module',
  labels: true,
  checksByUndefined: true,
  copiesViews: true,
  bigInts: true,
  widens: false,
  continuesApart: false,
  keepsBits: true,
  exactNumbers: true,
  links: true,
  base64: true,
  ownMath: new Set(),
  overflows: true,
};
const NONE_OF_2015 = ['imul', 'clz32', 'fround', 'trunc'];

export const DIALECTS = {
  node: COMPILING,
  quickjs: {
    ...COMPILING,
    room: { depth: 500, words: 1 << 14 },
    copiesViews: false,
    widens: true,
    continuesApart: true,
  },
  es5: {
    ...COMPILING,
    room: { depth: 200, words: 1 << 11 },
    form: 'script',
    checksByUndefined: false,
    copiesViews: false,
    bigInts: false,
    ownMath: new Set(NONE_OF_2015),
  },
  espruino: {
    ...COMPILING,
    room: { depth: 24, words: 128 },
    form: 'script',
    labels: false,
    checksByUndefined: false,
    copiesViews: false,
    bigInts: false,
    keepsBits: false,
    exactNumbers: false,
    links: false,
    base64: false,
    ownMath: new Set([...NONE_OF_2015, 'min', 'max', 'sqrt']),
    overflows: false,
  },
} as const satisfies Record<string, Dialect>;

export type Target = keyof typeof DIALECTS;
export const TARGETS = Object.keys(DIALECTS) as Target[];
