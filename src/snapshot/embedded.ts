/** Which snapshots a module carries in its custom sections (draft, "Embedded Custom Section"): `snapshot` is the default one, `snapshot.<name>` a named one. */
import type { ByteSource } from '../checks';
import { type ModuleSection, sectionsOf } from './identity';

const DEFAULT_SECTION = 'snapshot';
const NAMED_PREFIX = 'snapshot.';

/** A snapshot inside a module. */
export interface EmbeddedSnapshot {
  /** '' for the default one. */
  readonly name: string;
  /** More than one section carries this name: the module is valid, but none of them can be selected. */
  readonly duplicate: boolean;
  /** Bytes of its sections. */
  readonly size: number;
}

/** What a module carries, in the order of its sections. */
export function listSnapshots(wasm: ByteSource): EmbeddedSnapshot[] {
  const found: EmbeddedSnapshot[] = [];
  for (const section of sectionsOf(wasm)) {
    const name = snapshotName(section);
    if (name === undefined) continue;
    const twin = found.findIndex((other) => other.name === name);
    if (twin >= 0) found[twin] = { ...found[twin], duplicate: true };
    else found.push({ name, duplicate: false, size: section.end - section.bodyStart });
  }
  return found;
}

/** The snapshot's name, '' for the default, or undefined for any other section. */
export function snapshotName({ name }: ModuleSection): string | undefined {
  if (name === DEFAULT_SECTION) return '';
  if (name?.startsWith(NAMED_PREFIX) && name.length > NAMED_PREFIX.length)
    return name.slice(NAMED_PREFIX.length);
  return undefined;
}

export function sectionName(name: string): string {
  return name === '' ? DEFAULT_SECTION : NAMED_PREFIX + name;
}
