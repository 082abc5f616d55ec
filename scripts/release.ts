/**
 * `npm run release -- [--dry-run] [--fresh-tests]`: everything between the last commit and the publishing of a version, in this order. What
 * only looks is done first, all of it, so that one run tells of all that is missing; what takes minutes follows only when nothing was.
 * With `--dry-run` nothing is written but caches and the build; without, the changelog gets its date, the manifest its version, and there
 * are a commit, a tag and a packed file. Publishing itself is the one command that is printed at the end.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInShell, runSteps, type Step } from './check-full/run.ts';
import { root } from './laws/files.ts';
import { optionsOf } from './options.ts';
import {
  changelogSections,
  dated,
  describePack,
  judgeChangelog,
  judgeFiles,
  judgeTests,
  judgeTree,
  judgeVersion,
  type Pack,
  type Section,
  type TestResults,
} from './release/judge.ts';
import { stepsAfter, TEST_RESULTS } from './release/steps.ts';

const CHANGELOG = path.join(root, 'CHANGELOG.md');
const MANIFEST = path.join(root, 'package.json');

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
const say = (line: string) => console.log(line);

interface Manifest {
  readonly name: string;
  readonly version: string;
}
function manifest(): Manifest {
  return JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest;
}

function lastTests(): TestResults | undefined {
  return existsSync(TEST_RESULTS)
    ? (JSON.parse(readFileSync(TEST_RESULTS, 'utf8')) as TestResults)
    : undefined;
}

/** When the last commit was made, in milliseconds since 1970. */
function committed(): number {
  return 1000 * Number(git('log', '-1', '--format=%ct'));
}

/** What is missing that can be seen at a glance. */
function glance(sections: readonly Section[]): string[] {
  return [
    ...judgeChangelog(sections, git('tag').split('\n')),
    ...judgeVersion(manifest().version, sections),
    ...judgeTree(git('status', '--porcelain'), git('branch', '--show-current').trim()),
  ];
}

function pack(...options: string[]): Pack {
  const text = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...options], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(text) as Pack[])[0];
}

/** Writes version and date, commits and tags. */
function record({ version }: Section): void {
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(CHANGELOG, dated(readFileSync(CHANGELOG, 'utf8'), today));
  if (manifest().version !== version) {
    execFileSync('npm', ['version', version, '--no-git-tag-version', '--ignore-scripts'], { cwd: root });
  }
  git('commit', '-qam', `scripts: release ${version}`);
  git('tag', '-a', `v${version}`, '-m', `version ${version}`);
  say(`committed and tagged v${version}; not pushed`);
}

function refuse(found: readonly string[]): number {
  for (const complaint of found) console.error(`REFUSED: ${complaint}`);
  return 1;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = optionsOf(import.meta.url, {
    args: [...args],
    options: {
      'dry-run': { type: 'boolean', default: false },
      'fresh-tests': { type: 'boolean', default: false },
    },
  });
  const isDry = values['dry-run'];
  const sections = changelogSections(readFileSync(CHANGELOG, 'utf8'));
  const missing = glance(sections);
  if (missing.length > 0) return refuse(missing);
  const [next] = sections;
  say(`version ${next.version}; what CHANGELOG.md says of it:\n\n${next.body}\n`);

  const stale = values['fresh-tests'] ? ['they are asked for'] : judgeTests(lastTests(), committed());
  say(stale.length === 0 ? 'the tests have passed on this commit' : `the tests run: ${stale.join('; ')}`);
  const steps: readonly Step[] = stepsAfter(stale.length > 0);
  const logs = path.join(root, 'node_modules/.cache/tswasm-release');
  mkdirSync(logs, { recursive: true });
  if ((await runSteps(steps, { run: runInShell(logs), print: say })) !== 0)
    return refuse(['a check failed; its output is above, and in the file that is named there']);
  const failed = judgeTests(lastTests(), committed());
  if (failed.length > 0) return refuse(failed);

  const planned = pack('--dry-run');
  const wrong = judgeFiles(
    planned.files.map((file) => file.path),
    (file) => readFileSync(path.join(root, file), 'utf8'),
  );
  if (wrong.length > 0) return refuse(wrong);
  if (isDry) {
    for (const line of describePack(manifest().name, next.version, planned)) say(line);
    for (const { path: file } of planned.files) say(`    ${file}`);
    say(
      'dry run: nothing is written. Without --dry-run: commit, tag and packed file, and the command that publishes.',
    );
    return 0;
  }
  record(next);
  const packed = pack();
  for (const line of describePack(manifest().name, next.version, packed)) say(line);
  say(
    `all is ready. The one thing left to do:\n\n    git push --follow-tags && npm publish ${packed.filename}\n`,
  );
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.chdir(root);
  process.exitCode = await main(process.argv.slice(2));
}
