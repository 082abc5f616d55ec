/** `-W`, `--feature`: proposals that modules may use. */
import { DEFAULT_FEATURES, type Feature, type Features } from '../decoder';
import { closest, type OptionSpec, type Options, UsageError } from './options';

export const FEATURE: OptionSpec = {
  name: 'feature',
  short: 'W',
  value: 'NAME[=y|n],...',
  repeatable: true,
  help: 'allow or refuse a proposal, for example memory64=n, or all=n,multi-value',
};

const NAMES = Object.keys(DEFAULT_FEATURES) as Feature[];

/** `tailCalls` is `tail-calls` here; others write it `tail-call`. */
function dashed(feature: Feature): string {
  return feature.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
function featureNamed(text: string): Feature | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '').replace(/s$/, '');
  return NAMES.find((name) => plain(name) === plain(text));
}

/** In the order in which they are given, so that `all=n,simd` means simd alone. */
export function featuresOf(options: Options): Partial<Features> | undefined {
  const switches: Partial<Record<Feature, boolean>> = {};
  const words = options.all(FEATURE.name).flatMap((text) => text.split(','));
  for (const word of words) {
    const match = /^([\w-]+?)(?:=(y|yes|true|n|no|false))?$/i.exec(word);
    if (match === null) throw new UsageError(`-W ${word}: expected NAME, NAME=y or NAME=n`);
    const [, name, given = 'y'] = match;
    const value = /^[yt]/i.test(given);
    const feature = featureNamed(name);
    if (feature !== undefined) switches[feature] = value;
    else if (name === 'all') for (const one of NAMES) switches[one] = value;
    else throw new UsageError(`-W ${word}: ${unknown(name)}`);
  }
  return words.length === 0 ? undefined : switches;
}

function unknown(name: string): string {
  const names = NAMES.map(dashed);
  const similar = closest(name, names);
  const hint = similar === undefined ? `there are all, ${names.join(', ')}` : `did you mean ${similar}?`;
  return `there is no such feature (${hint})`;
}
