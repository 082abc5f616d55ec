// Builds dist/: generated sources, then the library and the command line with tsup, then the example programs.
//   node scripts/build.mjs [--if-needed]     --if-needed: only when a source is newer than the last build
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const stamp = 'dist/.built';

function newest(file) {
  if (!existsSync(file)) return 0;
  const stat = statSync(file);
  if (!stat.isDirectory()) return /\.test\.ts$|\.generated\.|\.md$/.test(file) ? 0 : stat.mtimeMs;
  return Math.max(0, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const sources = ['src', 'embed', 'examples', 'package.json', 'tsup.config.ts', 'tsconfig.json', 'scripts'];
const upToDate = existsSync(stamp) && statSync(stamp).mtimeMs >= Math.max(...sources.map(newest));
if (!(process.argv.includes('--if-needed') && upToDate)) {
  const started = Date.now();
  rmSync('dist', { recursive: true, force: true });
  mkdirSync('dist');
  run('scripts/generate.mjs');
  if (existsSync('src/index.ts')) run('node_modules/tsup/dist/cli-default.js');
  if (existsSync('scripts/examples.mjs')) run('scripts/examples.mjs');
  writeFileSync(stamp, '');
  console.log(`built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
