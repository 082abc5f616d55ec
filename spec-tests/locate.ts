/** Finds the official suite: $TSWASM_TESTSUITE, the copy in node_modules/.cache, else fetches the pinned commit with git. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = 'https://github.com/WebAssembly/testsuite';
const FETCH_TIMEOUT_MS = 60_000;

const here = path.dirname(fileURLToPath(import.meta.url));
const cached = path.join(path.dirname(here), 'node_modules', '.cache', 'tswasm-testsuite');

export function pinnedCommit(): string {
  return readFileSync(path.join(here, 'testsuite-commit.txt'), 'utf8').trim();
}

/** The cached copy names its commit in its directory, so a new pin fetches anew. */
function cachedCopy(): string {
  return path.join(cached, pinnedCommit());
}

export type Location = { readonly path: string } | { readonly missing: string };

function fetchPinned(): Location {
  const target = cachedCopy();
  const temporary = `${target}.${process.pid}`;
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', temporary, ...args], {
      timeout: FETCH_TIMEOUT_MS,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
  };
  try {
    // What lies there has no scripts in it.
    rmSync(target, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    git('init', '--quiet');
    git('fetch', '--quiet', '--depth', '1', REPOSITORY, pinnedCommit());
    git('checkout', '--quiet', 'FETCH_HEAD');
    renameSync(temporary, target);
    return { path: target };
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const reason = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1);
    return { missing: `git could not fetch ${REPOSITORY} at ${pinnedCommit()}: ${reason}` };
  }
}

/**
 * Where the suite is, or why it is nowhere. A given TSWASM_TESTSUITE that does not exist, or has no scripts in it, is an error, not a reason
 * to skip.
 */
export function locateTestsuite(): Location {
  const given = process.env['TSWASM_TESTSUITE'];
  if (given) {
    if (!existsSync(given)) throw new Error(`TSWASM_TESTSUITE does not exist: ${given}`);
    if (listScripts(given).length === 0) throw new Error(`TSWASM_TESTSUITE holds no .wast file: ${given}`);
    return { path: path.resolve(given) };
  }
  if (existsSync(cachedCopy()) && listScripts(cachedCopy()).length > 0) return { path: cachedCopy() };
  return fetchPinned();
}

/** What to print when there is no suite. Nobody should believe that conformance was tested. */
export function missingNotice(reason: string): string {
  const bar = '!'.repeat(100);
  return `\n${bar}\n!! THE OFFICIAL CONFORMANCE SUITE WAS NOT RUN\n!! ${reason}\n!! Set TSWASM_TESTSUITE to a checkout of ${REPOSITORY}.\n${bar}\n`;
}

/** All scripts below a directory, as sorted paths relative to it with forward slashes. */
export function listScripts(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wast') && !name.startsWith('.git'))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
}
