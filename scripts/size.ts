/** Size of `dist/tswasm.min.js`, the core and the drop-in namespace: `npm run size`. Fails above the budget. */
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildMin } from './min.ts';

const KB = 1024;
export const BUDGET = 96 * KB;

export interface Size {
  readonly bytes: number;
  readonly gzipped: number;
  /** Imports that the bundle leaves to its host: a core without run-time dependencies has none. */
  readonly external: readonly string[];
}

export async function measureSize(): Promise<Size> {
  const { text, external } = await buildMin();
  const contents = new TextEncoder().encode(text);
  return { bytes: contents.length, gzipped: gzipSync(contents).length, external };
}

export function showSize({ bytes, gzipped }: Size): string {
  const show = (n: number) => `${(n / KB).toFixed(1)} KB`;
  return `core + drop-in, minified: ${show(bytes)} of ${show(BUDGET)} (${show(gzipped)} gzipped)`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const size = await measureSize();
  console.log(showSize(size));
  if (size.bytes > BUDGET) process.exit(1);
}
