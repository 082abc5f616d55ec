/**
 * A fixture: a JSON file that carries modules, snapshot files and what became of the program. A folder holds what one version wrote;
 * folders of earlier versions are never written again.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Observation } from './observe';
import type { WorldSpec } from './world';

/** The folder of what the present version writes. A version that writes other bytes records a folder of its own. */
export const WRITTEN_NOW = 'v1';
const place = path.dirname(fileURLToPath(import.meta.url));

export type Kind =
  /** A standalone container of the draft. */
  | 'draft'
  /** A module that carries the snapshot in a custom section. */
  | 'module'
  /** A whole snapshot and deltas on it. */
  | 'series'
  /** Several linked instances, paused. */
  | 'store'
  /** The same, with no execution; it is called after the restore. */
  | 'store at rest'
  /** A dump, to be read only. */
  | 'postmortem'
  /** A file of the command line, resumed by the command line. */
  | 'cli';

/** One place where the program was stopped. */
export interface Point {
  /** In words, for people. */
  readonly stopped: string;
  /** `textOf` the files; a series has several. */
  readonly files: readonly string[];
  /** Name of the embedded snapshot. */
  readonly name?: string;
  /** The whole snapshots that a series amounts to at each of its files: SHA-256. */
  readonly wholes?: readonly string[];
  /** Whether the version that wrote this gave the same bytes when it captured again right after the restore. */
  readonly recaptures: boolean;
  /** Where it is restored, for WASI programs. */
  readonly world?: WorldSpec;
  readonly expected: Observation;
}

export interface Fixture {
  readonly kind: Kind;
  readonly about: string;
  /** The commit that wrote the snapshots. */
  readonly recordedBy: string;
  /** `textOf` them, in the order of instantiation. */
  readonly modules: readonly string[];
  readonly points: readonly Point[];
}

/** Bytes stand deflated in base64: memory images are mostly alike. */
export const bytesOf = (text: string): Uint8Array =>
  new Uint8Array(inflateRawSync(Buffer.from(text, 'base64')));
export const textOf = (bytes: Uint8Array): string => deflateRawSync(bytes, { level: 9 }).toString('base64');
export const sameFiles = (files: readonly string[], bytes: readonly Uint8Array[] | undefined): boolean =>
  bytes?.length === files.length && files.every((text, i) => Buffer.from(bytesOf(text)).equals(bytes[i]));

export function versions(): string[] {
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^v\d+$/.test(entry.name))
    .map((entry) => entry.name);
}

export function fixturesOf(version: string): { readonly name: string; readonly fixture: Fixture }[] {
  return readdirSync(path.join(place, version))
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      fixture: JSON.parse(readFileSync(path.join(place, version, file), 'utf8')) as Fixture,
    }));
}

export function writeFixture(name: string, fixture: Fixture): void {
  const text = JSON.stringify(fixture, undefined, 1);
  writeFileSync(path.join(place, WRITTEN_NOW, `${name}.json`), `${text}\n`);
}
