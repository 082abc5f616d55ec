/** A strict parser for command lines: every option is declared, typos get a suggestion, the first other word ends the options. */

export interface OptionSpec {
  /** Long name, without the dashes. */
  readonly name: string;
  /** One letter, for what is typed often: `-W x`. */
  readonly short?: string;
  /** What the value is called in the help; undefined for a flag without a value. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly help: string;
}

/** The user typed something that is not understood. Printed with the usage line; exit code 2. */
export class UsageError extends Error {}

export class Options {
  private readonly values = new Map<string, string[]>();
  /** What follows the options. */
  rest: readonly string[] = [];

  add(name: string, value: string): void {
    this.values.set(name, [...(this.values.get(name) ?? []), value]);
  }
  /** Those that are given. */
  names(): string[] {
    return [...this.values.keys()];
  }
  has(name: string): boolean {
    return this.values.has(name);
  }
  /** The value that counts: the last one. */
  get(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }
  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

/** With `everywhere`, options may also follow the other words; else what follows the first of those is not looked at. */
export function parseOptions(
  specs: readonly OptionSpec[],
  words: readonly string[],
  everywhere = false,
): Options {
  const options = new Options();
  const rest: string[] = [];
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i];
    if (word === '--') {
      rest.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (everywhere) {
        rest.push(word);
        continue;
      }
      rest.push(...words.slice(i));
      break;
    }
    i += takeOption(specs, options, word, words[i + 1]);
  }
  options.rest = rest;
  return options;
}

/** Stores one option; gives how many further words it took. */
function takeOption(
  specs: readonly OptionSpec[],
  options: Options,
  word: string,
  next: string | undefined,
): number {
  const equals = word.indexOf('=');
  const name = (equals < 0 ? word : word.slice(0, equals)).replace(/^--?/, '');
  const spec = word.startsWith('--')
    ? specs.find((one) => one.name === name)
    : specs.find((one) => one.short !== undefined && one.short === name);
  if (spec === undefined) throw new UsageError(unknownOption(specs, word, name));
  if (spec.value === undefined) {
    if (equals >= 0) throw new UsageError(`option --${spec.name} takes no value`);
    options.add(spec.name, '');
    return 0;
  }
  if (options.has(spec.name) && !spec.repeatable)
    throw new UsageError(`option --${spec.name} is given twice`);
  if (equals >= 0) {
    options.add(spec.name, word.slice(equals + 1));
    return 0;
  }
  if (next === undefined)
    throw new UsageError(`option --${spec.name} needs a value: --${spec.name} ${spec.value}`);
  options.add(spec.name, next);
  return 1;
}

function unknownOption(specs: readonly OptionSpec[], word: string, name: string): string {
  const similar = closest(
    name,
    specs.map((one) => one.name),
  );
  const shown = word.startsWith('--') ? `--${name}` : word;
  return `unknown option ${shown}${similar === undefined ? '' : ` (did you mean --${similar}?)`}`;
}

/** The candidate that is most like the word, if any is like it at all. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? candidates.find((candidate) => word.length > 2 && candidate.startsWith(word));
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, rows[i - 2][j - 2] + 1);
      }
      rows[i][j] = cost;
    }
  }
  return rows[a.length][b.length];
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1024,
  KB: 1000,
  KIB: 1024,
  M: 1024 ** 2,
  MB: 1000 ** 2,
  MIB: 1024 ** 2,
  G: 1024 ** 3,
  GB: 1000 ** 3,
  GIB: 1024 ** 3,
};
const TIME_UNITS: Readonly<Record<string, number>> = { '': 1000, MS: 1, S: 1000, M: 60_000, H: 3_600_000 };

function withUnit(
  option: string,
  text: string,
  units: Readonly<Record<string, number>>,
  example: string,
): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const unit = match && units[match[2].toUpperCase()];
  if (!unit) throw new UsageError(`--${option} ${text}: not understood; for example ${example}`);
  return Number(match[1]) * unit;
}

/** Bytes. */
export function parseSize(option: string, text: string): number {
  return Math.floor(withUnit(option, text, SIZE_UNITS, '64MiB'));
}
/** Milliseconds. */
export function parseDuration(option: string, text: string): number {
  return withUnit(option, text, TIME_UNITS, '500ms, 5s or 2m');
}
/** A whole number, as people write large ones: `1000000`, `1_000_000`, `1e6`, `2.5e9`. */
export function parseCount(option: string, text: string): number {
  const value = /^\d+(_\d+)*(\.\d+)?(e\d{1,2})?$/i.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`--${option} ${text}: not a whole number; for example 5000 or 1e6`);
  }
  return value;
}
