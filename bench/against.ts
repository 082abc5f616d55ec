/**
 * The working tree against another commit, in processor time for fixed work:
 *   npm run bench:against -- REF [--rounds N] [--quick] [--only GROUP,...] [--programs NAME,...] [--limit 1.05] [--tier interpret] [--json FILE]
 * Groups: programs, jitless, coremark and quickjs (TSWASM_COREMARK names it), startup (TSWASM_MODULES names more modules), cli. Exit code 1: slower than
 * the limit.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { misused, optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { allItems, type Item, type Worked } from './against-work.ts';
import { root } from './paths.ts';
import { type Estimate, estimate, type Pair, randomSource } from './statistics.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '20' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      programs: { type: 'string' },
      limit: { type: 'string' },
      tier: { type: 'string' },
      json: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  },
  { rounds: 1, limit: 0, seed: 0 },
);

/** Processor time that a measured run of a program shall take. */
const RUN_MS = 400;
const WARM_SHARE = 0.5;

function usage(message: string): never {
  misused(import.meta.url, message);
}

/** The commit's own build, kept by its hash, with its own packages where it asks for others than we do. It does not lie in our node_modules. */
function distOf(ref: string): string {
  const git = ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`];
  const { stdout, status } = spawnSync('git', git, { cwd: root, encoding: 'utf8' });
  if (status !== 0) usage(`${ref}: no such commit`);
  const place = path.join(root, '.cache', 'against', stdout.trim());
  if (existsSync(path.join(place, 'dist', '.built'))) return path.join(place, 'dist');
  rmSync(place, { recursive: true, force: true });
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const archive = execFileSync('git', ['archive', stdout.trim()], { cwd: root, maxBuffer: 1 << 30 });
  execFileSync('tar', ['-x', '-C', partial], { input: archive });
  if (packagesOf(partial) === packagesOf(root)) {
    symlinkSync(path.join(root, 'node_modules'), path.join(partial, 'node_modules'));
  } else {
    const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', install, { cwd: partial, stdio: ['ignore', 2, 2] });
  }
  renameSync(partial, place);
  build(place, []);
  return path.join(place, 'dist');
}
function packagesOf(place: string): string {
  const text = readFileSync(path.join(place, 'package.json'), 'utf8');
  return JSON.stringify((JSON.parse(text) as { devDependencies?: object }).devDependencies);
}
function build(place: string, words: readonly string[]): void {
  console.error(`building ${place}`);
  execFileSync(process.execPath, ['scripts/build.mjs', ...words], {
    cwd: place,
    stdio: ['ignore', 2, 2],
  });
}

const child = await bundleTs(path.join(root, 'bench', 'against-child.ts'));
function measure(item: Item, dist: string): Worked {
  const words = [...item.flags, child, JSON.stringify(item.work)];
  if (options.tier !== undefined) words.push(options.tier);
  const env = { ...process.env, TSWASM_DIST: dist };
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
  const line = stdout.trim().split('\n').pop() ?? '';
  if (status !== 0 || !line.startsWith('{')) {
    throw new Error(`${item.name}, ${dist}: exit code ${status}\n${stderr.slice(0, 2000)}`);
  }
  return JSON.parse(line) as Worked;
}

/** A commit may be older than a feature that a program needs: there is nothing to compare it with. */
function accepted(item: Item, dist: string): boolean {
  const { work } = item;
  if (work.kind !== 'program') return true;
  const { checksum } = measure({ ...item, work: { kind: 'accepted', file: work.file } }, dist);
  if (checksum === 0) console.error(`LEFT OUT ${item.name}: ${ref} does not take the module`);
  return checksum === 1;
}

/** Finds how much a program shall do, by the old state; both then do that. */
function sized(item: Item, dist: string): Item {
  const { work } = item;
  if (work.kind !== 'program') return item;
  for (let n = 16; ; n *= 4) {
    const { ms } = measure({ ...item, work: { ...work, warm: n, n } }, dist);
    if (ms < RUN_MS / 4) continue;
    const all = Math.max(1, Math.round((n * RUN_MS) / ms));
    const warm = Math.max(1, Math.round(all * WARM_SHARE));
    return { ...item, work: { ...work, warm, n: all } };
  }
}

/** Rounds come in twos, A B and B A in some order, so that neither state is always the first. */
function compare(items: readonly Item[], before: string, rounds: number, seed: number): Map<string, Pair[]> {
  const random = randomSource(seed);
  const pairs = new Map<string, Pair[]>(items.map(({ name }) => [name, []]));
  const after = path.join(root, 'dist');
  const oldFirst = new Map<string, boolean>();
  for (let round = 0; round < rounds; round++) {
    const shuffled = items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key);
    for (const { item } of shuffled) {
      const first = round % 2 === 0 ? random() < 0.5 : !oldFirst.get(item.name);
      oldFirst.set(item.name, first);
      const dists = first ? [before, after] : [after, before];
      const worked = dists.map((dist) => measure(item, dist));
      const [old, present] = first ? worked : worked.reverse();
      if (old!.checksum !== present!.checksum) {
        throw new Error(`${item.name}: computes ${present!.checksum}, before ${old!.checksum}`);
      }
      pairs.get(item.name)!.push({ before: old!.ms, after: present!.ms });
    }
    console.error(`round ${round + 1}/${rounds}`);
  }
  return pairs;
}

const text = ({ ratio, low, high }: Estimate) =>
  `${ratio.toFixed(3)}  (${low.toFixed(3)} .. ${high.toFixed(3)})`;

const [ref, ...others] = positionals;
if (ref === undefined || others.length > 0) usage('one commit is compared with the working tree');
const rounds = options.quick ? 3 : Number(options.rounds);
const seed = Number(options.seed);
const limit = options.limit === undefined ? undefined : Number(options.limit);
const groups = options.only?.split(',');
const names = options.programs?.split(',');
const everything = await allItems();
const known = new Set<string>(everything.flatMap(({ group, name }) => [group, name]));
for (const word of [...(groups ?? []), ...(names ?? [])]) {
  if (!known.has(word)) usage(`${word}: not here; there are ${[...known].join(', ')}`);
}
const chosen = everything.filter(
  ({ name, group }) => (groups?.includes(group) ?? true) && (names?.includes(name) ?? true),
);
if (chosen.length === 0) usage('nothing is left to compare');
const before = distOf(ref);
build(root, ['--if-needed']);
const items = chosen.filter((item) => accepted(item, before)).map((item) => sized(item, before));
const pairs = compare(items, before, rounds, seed);
const results = items.map(({ name, group }) => {
  return { name, group, ...estimate([pairs.get(name)!], seed), pairs: pairs.get(name)! };
});
const total = estimate([...pairs.values()], seed);
console.log(
  `Node ${process.version}, ${rounds} rounds; processor time of the working tree / ${ref}, 95% intervals`,
);
for (const one of results) console.log(`${one.name.padEnd(40)} ${text(one)}`);
for (const group of new Set(items.map((item) => item.group))) {
  const members = results.filter((one) => one.group === group);
  console.log(
    `${`geometric mean, ${group}`.padEnd(40)} ${text(
      estimate(
        members.map((m) => m.pairs),
        seed,
      ),
    )}`,
  );
}
console.log(`${'geometric mean'.padEnd(40)} ${text(total)}`);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ ref, rounds, total, results }, undefined, 1)}\n`);
if (limit !== undefined && total.high > limit) {
  console.error(`the upper end ${total.high.toFixed(3)} is above ${limit}`);
  process.exitCode = 1;
}
