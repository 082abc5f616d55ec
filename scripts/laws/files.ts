import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** All files below folders, as paths from the root with `/`; packages and what is built are left out. */
export function filesOf(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file.replaceAll(path.sep, '/')}`)
      .filter((file) => !/\/(node_modules|dist)\//.test(file)),
  );
}

/**
 * Source files below a folder or the file itself, as paths from the root with `/`. Left out: tests, what only tests use
 * (`testing.ts`, `testing-*.ts`), generated files.
 */
export function sourcesOf(place: string): string[] {
  if (place.endsWith('.ts')) return [place];
  return readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !/\.(test|generated)\.|\.d\.ts$|(^|\/)testing(-\w+)?\.ts$/.test(f))
    .map((f) => `${place}/${f.replaceAll(path.sep, '/')}`)
    .sort();
}
