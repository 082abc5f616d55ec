import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/**
 * Source files below a folder or the file itself, as paths from the root with `/`. Left out: tests, what only tests use
 * (`testing.ts`), generated files.
 */
export function sourcesOf(place: string): string[] {
  if (place.endsWith('.ts')) return [place];
  return readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !/\.(test|generated)\.|\.d\.ts$|(^|\/)testing\.ts$/.test(f))
    .map((f) => `${place}/${f.replaceAll(path.sep, '/')}`)
    .sort();
}
