// Whether dist/ is what the sources give: none of them is newer than the last build.
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['src', 'embed', 'examples', 'package.json', 'tsconfig.json', 'scripts'];

function newest(file) {
  if (!existsSync(file)) return 0;
  const stat = statSync(file);
  if (!stat.isDirectory()) return /\.test\.ts$|\.generated\.|\.md$/.test(file) ? 0 : stat.mtimeMs;
  return Math.max(0, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

/** `dist/.built` is as old as the beginning of the build. */
export function isBuilt() {
  const stamp = path.join(root, 'dist/.built');
  if (!existsSync(stamp)) return false;
  return statSync(stamp).mtimeMs >= Math.max(...SOURCES.map((name) => newest(path.join(root, name))));
}
