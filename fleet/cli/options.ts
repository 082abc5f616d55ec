/** The options of a command line: `--name value`, `--name=value`, flags; the rest are operands. Anything unknown is an error. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type OptionKind = 'text' | 'number' | 'flag';
export type OptionKinds = Readonly<Record<string, OptionKind>>;
type Given<K extends OptionKind> = K extends 'text' ? string : K extends 'number' ? number : boolean;

export interface Parsed<O extends OptionKinds> {
  readonly options: { readonly [K in keyof O]?: Given<O[K]> };
  readonly operands: readonly string[];
}

export function parseOptions<O extends OptionKinds>(args: readonly string[], kinds: O): Parsed<O> {
  const options: Record<string, string | number | boolean> = {};
  const operands: string[] = [];
  for (let k = 0; k < args.length; k++) {
    const word = args[k];
    if (word === '--') {
      operands.push(...args.slice(k + 1));
      break;
    }
    // A negative number is an operand.
    if (!word.startsWith('-') || /^-\.?\d/.test(word)) {
      operands.push(word);
      continue;
    }
    const [name, inline] = splitOption(word);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new UsageError(`there is no option ${word}`);
    if (kind === 'flag') {
      if (inline !== undefined) throw new UsageError(`--${name} takes no value`);
      options[name] = true;
      continue;
    }
    const value = inline ?? args[++k];
    if (value === undefined) throw new UsageError(`--${name} needs a value`);
    options[name] = kind === 'number' ? toNumber(name, value) : value;
  }
  return { options: options as Parsed<O>['options'], operands };
}

function splitOption(word: string): readonly [string, string | undefined] {
  const body = word.replace(/^--?/, '');
  const at = body.indexOf('=');
  return at < 0 ? [body, undefined] : [body.slice(0, at), body.slice(at + 1)];
}

function toNumber(name: string, value: string): number {
  const number = Number(value);
  if (value === '' || !Number.isFinite(number))
    throw new UsageError(`--${name} takes a number, not "${value}"`);
  return number;
}
