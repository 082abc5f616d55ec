// Builds fleet/dist: the command line, with tswasm's sources in it, so that `npx tswasm-fleet` needs nothing beside it.
//   node fleet/build.mjs [--if-needed] [--out FOLDER]
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { QUICKJS_PARTS, smallParts } from '../scripts/small-parts.mjs';
import { BROWSER_SOURCES, QUICKJS_SOURCES, SOURCES } from './sources.mjs';

const fleet = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(fleet);

const sourcesOf = (entries) => ({
  name: 'tswasm-sources',
  setup(b) {
    b.onResolve({ filter: /^tswasm($|\/)/ }, ({ path: entry }) =>
      Object.hasOwn(entries, entry) ? { path: path.join(root, entries[entry]) } : undefined,
    );
  },
});

export async function buildFleet(out = path.join(fleet, 'dist')) {
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: {
      main: path.join(fleet, 'cli/main.ts'),
      register: path.join(root, 'embed/node/register.ts'),
    },
    outdir: out,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    plugins: [sourcesOf(SOURCES)],
    logLevel: 'warning',
  });
  await build({
    entryPoints: {
      page: path.join(fleet, 'page/main.ts'),
      agent: path.join(fleet, 'page/agent.ts'),
      'agent-worker': path.join(fleet, 'browser/worker.ts'),
    },
    outdir: out,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    plugins: [sourcesOf(BROWSER_SOURCES)],
    logLevel: 'warning',
  });
  await buildGuests(out);
  copyFileSync(
    path.join(root, 'src/interpreter/factories-fresh.generated.json'),
    path.join(out, 'factories.json'),
  );
  copyFileSync(path.join(fleet, 'cli/launcher.mjs'), path.join(out, 'cli.js'));
  chmodSync(path.join(out, 'cli.js'), 0o755);
  return path.join(out, 'cli.js');
}

/** What QuickJS runs beside an agent: one module that imports nothing. */
export async function buildGuests(out) {
  const name = 'quickjs-guests';
  await build({
    entryPoints: { [name]: path.join(fleet, 'bridge/quickjs.ts') },
    outdir: out,
    bundle: true,
    minify: true,
    platform: 'neutral',
    target: 'es2020',
    supported: { 'class-field': true, 'class-static-field': true },
    format: 'esm',
    plugins: [smallParts(QUICKJS_PARTS), sourcesOf(QUICKJS_SOURCES)],
    logLevel: 'warning',
  });
  return path.join(out, `${name}.js`);
}

function newest(file) {
  const stat = statSync(file);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(file)
      .filter((name) => name !== 'dist' && name !== 'node_modules')
      .map((name) => newest(path.join(file, name))),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = path.join(fleet, 'dist/cli.js');
  const inputs = ['fleet', 'src', 'embed'].map((name) => newest(path.join(root, name)));
  const fresh = existsSync(built) && statSync(built).mtimeMs >= Math.max(...inputs);
  if (!(fresh && process.argv.includes('--if-needed'))) {
    await buildFleet();
    console.log('built fleet/dist');
  }
}
