/**
 * `npm run trial`: packs the package, installs it into an empty folder for each user, and follows the docs there. Needs a build. Exit code 1
 * when something is not as the docs say, or takes longer than five minutes.
 *   npm run trial -- [part of a user's name...]
 */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './laws/files.ts';
import { misused, optionsOf } from './options.ts';
import { follow } from './trial/follow.ts';
import { THERE, WABT } from './trial/there.ts';

const USERS: Readonly<Record<string, readonly string[]>> = {
  'a reader of the README': ['README.md'],
  'a plug-in that must be stopped': ['docs/plugins.md', 'docs/metering.md', 'docs/from-native.md'],
  'C on a Pi, with simulated GPIO': ['docs/quickjs.md', 'docs/wasi-host.md'],
  'a checkpoint, and another process that goes on': ['docs/checkpoint.md', 'docs/migration.md'],
  'Node without a JIT': ['docs/node-without-jit.md', 'docs/react-native.md'],
};
/** Seconds for each. */
const MOST = 300;

const { positionals } = optionsOf(import.meta.url, { allowPositionals: true });
const chosen = Object.entries(USERS).filter(
  ([user]) => positionals.length === 0 || positionals.some((part) => user.includes(part)),
);
if (chosen.length === 0) misused(import.meta.url, `no user has ${positionals.join(' or ')} in the name`);

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-trial-'));
process.on('exit', () => rmSync(place, { recursive: true, force: true }));
const npm = (cwd: string, ...args: string[]) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

npm(root, 'pack', '--ignore-scripts', '--silent', '--pack-destination', place);
const tarball = readdirSync(place).find((name) => name.endsWith('.tgz'));
if (tarball === undefined) throw new Error('npm pack wrote no file');

let failed = false;
for (const [k, [user, guides]] of chosen.entries()) {
  const begun = performance.now();
  const folder = path.join(place, `user-${k}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', '--silent', path.join(place, tarball));
  // As `npm install wabt` would leave it.
  if (THERE.wabt) symlinkSync(WABT, path.join(folder, 'node_modules', 'wabt'));
  try {
    const counts = guides.map((guide) =>
      follow(guide, readFileSync(path.join(root, guide), 'utf8'), folder, THERE),
    );
    const seconds = (performance.now() - begun) / 1000;
    const commands = counts.reduce((sum, count) => sum + count, 0);
    console.log(`${user}: ${commands} commands as ${guides.join(' and ')} say, ${seconds.toFixed(0)} s`);
    if (seconds > MOST) throw new Error(`more than ${MOST} s`);
  } catch (error) {
    failed = true;
    console.error(`FAILED for ${user}: ${(error as Error).message}`);
  }
}
process.exitCode = failed ? 1 : 0;
