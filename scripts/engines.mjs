// Other JavaScript engines, for tests: where they are found, and `node scripts/engines.mjs`, which brings them from npm
// (with `--nodes`: other versions of Node).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Kept out of the package's own dependencies: together they are half a gigabyte. */
const folder = path.join(root, 'node_modules/.cache/tswasm-engines');
/** Milliseconds to say a version. */
const PATIENCE = 30_000;

/** By name: the package, the variable that names another program, and where in `node_modules` the package has its own. */
export const ENGINES = {
  bun: { package: 'bun@1.2.20', variable: 'TSWASM_BUN', scope: '@oven', program: 'bin/bun' },
  deno: { package: 'deno@2.9.6', variable: 'TSWASM_DENO', scope: '@deno', program: 'deno' },
  hermes: {
    package: 'hermes-engine-cli@0.12.0',
    variable: 'TSWASM_HERMES',
    scope: 'hermes-engine-cli',
    program: 'hermes',
  },
};

/** Whether it is a program for this machine: packages come with those of several. */
function runs(program) {
  const { status, error } = spawnSync(program, ['--version'], { stdio: 'ignore', timeout: PATIENCE });
  return error === undefined && status === 0;
}

function downloaded({ scope, program }) {
  const packages = path.join(folder, 'node_modules', scope);
  if (!existsSync(packages)) return [];
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return readdirSync(packages)
    .map((name) => path.join(packages, name, program + suffix))
    .filter((file) => existsSync(file));
}

const found = new Map();

/** The program that a variable names, or the first of the others that runs. Undefined when there is none. */
function find(name, variable, others) {
  if (!found.has(name)) {
    const named = process.env[variable];
    if (named && !runs(named)) throw new Error(`${variable} names ${named}, which does not run`);
    found.set(name, named || others().find(runs));
  }
  return found.get(name);
}

/** The program of an engine: as its variable says, or what was downloaded, or what is in PATH. */
export function findEngine(name) {
  const engine = ENGINES[name];
  return find(name, engine.variable, () => [...downloaded(engine), name]);
}

/** Why tests of an engine are skipped, for people to read. */
export function noEngine(name) {
  return `no ${name} here: ${ENGINES[name].variable} may name one, and node scripts/engines.mjs brings one`;
}

/** Browsers, which the system has or has not: the variable that names one, and the names in PATH. */
const BROWSERS = {
  chromium: { variable: 'TSWASM_CHROMIUM', names: ['chromium', 'chromium-browser', 'google-chrome'] },
  firefox: { variable: 'TSWASM_FIREFOX', names: ['firefox', 'firefox-esr'] },
};
export const BROWSER_NAMES = Object.keys(BROWSERS);
export function findBrowser(name) {
  const { variable, names } = BROWSERS[name];
  return find(name, variable, () => names);
}
export function noBrowser(name) {
  const { variable, names } = BROWSERS[name];
  return `none of ${names.join(', ')} is in PATH: ${variable} may name one`;
}

/** Other versions of Node that the package is tried on: npm has a package of each for a platform. */
const NODES = ['22.23.3', '24.21.0', '26.12.1'];
const nodePackage = (version) => `node-${version.split('.')[0]}`;

/** Programs: those that TSWASM_NODES names (with `:` between them), or what `node scripts/engines.mjs --nodes` has brought. */
export function findNodes() {
  const named = process.env['TSWASM_NODES'];
  const programs = named
    ? named.split(':')
    : NODES.map((version) => path.join(folder, 'node_modules', nodePackage(version), 'bin/node'));
  const those = programs.filter(runs);
  if (named && those.length < programs.length) throw new Error(`TSWASM_NODES names one that does not run`);
  return those;
}

function bring(packages) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path.join(folder, 'package.json')))
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  // What a package would run to set itself up is not run: its program is where it lies.
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...packages];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--nodes')) {
    const platform = `node-${process.platform}-${process.arch}`;
    bring(NODES.map((version) => `${nodePackage(version)}@npm:${platform}@${version}`));
    const nodes = findNodes();
    for (const node of nodes) console.log(node);
    process.exit(nodes.length > 0 ? 0 : 1);
  }
  bring(Object.values(ENGINES).map((engine) => engine.package));
  const missing = Object.keys(ENGINES).filter((name) => findEngine(name) === undefined);
  for (const name of Object.keys(ENGINES)) console.log(`${name}: ${findEngine(name) ?? 'does not run here'}`);
  if (missing.length === Object.keys(ENGINES).length) process.exit(1);
}
