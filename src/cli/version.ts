/** The version of the package that this file is a part of. */
import { existsSync, readFileSync } from 'node:fs';

/** Read when it is asked for. */
export function version(): string {
  // One folder up from dist/, two from src/cli/.
  for (const place of ['../package.json', '../../package.json']) {
    const file = new URL(place, import.meta.url);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
