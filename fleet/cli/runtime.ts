/** What this program is, to the byte: the digest by which an orchestrator knows the runtime of a device. */
import { readFile } from 'node:fs/promises';
import { sha256Hex } from '../security/digest';
import { UsageError } from './options';

/** All that runs on a device, as fleet/build.mjs puts it into one folder. */
const FILES = ['cli.js', 'main.js', 'register.js', 'factories.json', 'quickjs-guests.js'] as const;

/** SHA-256 over the names and digests of its files; undefined where it has not been built. */
export async function ownRuntime(): Promise<string | undefined> {
  const lines: string[] = [];
  for (const name of FILES) {
    const bytes = await readFile(new URL(name, import.meta.url)).catch(() => undefined);
    if (bytes === undefined) return undefined;
    lines.push(`${await sha256Hex(bytes)} ${name}\n`);
  }
  return sha256Hex(new TextEncoder().encode(lines.join('')));
}

/** The runtimes that an orchestrator knows: its own, and those that it is told. */
export async function knownRuntimes(told: string | undefined): Promise<ReadonlySet<string>> {
  const own = await ownRuntime();
  const others = told === undefined ? [] : told.split(',').map((one) => one.replace(/^sha256:/, ''));
  for (const one of others)
    if (!/^[0-9a-f]{64}$/.test(one))
      throw new UsageError(
        `--runtimes takes digests (sha256:...), as agents tell them at their start, not "${one}"`,
      );
  return new Set([...(own === undefined ? [] : [own]), ...others]);
}
