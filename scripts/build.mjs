// Builds dist/: generated sources, the library and the command line with esbuild, their types, the small files, the example programs.
//   node scripts/build.mjs [--if-needed]     --if-needed: only when a source is newer than the last build
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDeclarations } from './declarations.mjs';
import { isBuilt } from './is-built.mjs';
import { buildLibrary, FACTORIES, LIBRARY, QUICKJS } from './library.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!(process.argv.includes('--if-needed') && isBuilt())) {
  const started = Date.now();
  // Built beside and moved at the end: whoever uses dist/ meanwhile sees the old one whole.
  const out = `node_modules/.cache/tswasm-build-${process.pid}`;
  process.on('exit', () => rmSync(out, { recursive: true, force: true }));
  mkdirSync(out, { recursive: true });
  run('scripts/generate.mjs');
  await buildLibrary(out, writeFileSync);
  chmodSync(`${out}/cli.cjs`, 0o755);
  buildDeclarations(out, { ...LIBRARY, ...FACTORIES, 'quickjs/tswasm': QUICKJS['quickjs/tswasm'] });
  copyFileSync('src/interpreter/factories-fresh.generated.json', `${out}/factories.json`);
  run('scripts/run-ts.mjs', 'scripts/small-files.ts', out);
  run('scripts/examples.mjs', `${out}/examples`);
  writeFileSync(path.join(out, '.built'), '');
  // A source that changed meanwhile is newer than the build.
  utimesSync(path.join(out, '.built'), new Date(started), new Date(started));
  rmSync('dist', { recursive: true, force: true });
  renameSync(out, 'dist');
  console.log(`built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
