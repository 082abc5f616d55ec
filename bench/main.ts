/**
 * Engines side by side on the bench programs, in interleaved rounds.
 * The package is built first where it is not.
 *   npm run bench -- [--rounds N] [--engines a,b] [--groups a,b] [--quick] [--json FILE] [--no-write] [program...]
 * Writes the head of results.md and of the README's part about speed, unless only some programs or engines are asked for.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { type Engine, engines, missingEngines, type Timing } from './engines.ts';
import { type Run, writeHead } from './head.ts';
import { dist, root } from './paths.ts';
import { buildProgram, hasClang, isBuildable, PROGRAMS, type Program } from './programs.ts';
import { ANCHORS, type Rounds, report, type Summary, summarize } from './report.ts';
import { friedman } from './statistics.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '2' },
      engines: { type: 'string' },
      groups: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      'no-write': { type: 'boolean', default: false },
    },
  },
  { rounds: 1 },
);

const timing: Timing = options.quick
  ? { warmUpMs: 100, sampleMs: 30, samples: 3 }
  : { warmUpMs: 400, sampleMs: 100, samples: 5 };

/** No program is begun later, builds of programs included: a glance ends within three minutes, whatever the machine. */
const LONGEST_MS = options.quick ? 150_000 : 37 * 60_000;

/** What the first engine needs for a cold run, besides its start. */
const COLD_MS = options.quick ? 50 : 100;

/** `cold`: repetitions of a cold run; the first engine's speed says how many that are. */
async function measureInto(
  rounds: Rounds,
  engine: Engine,
  program: string,
  file: string,
  cold: number | undefined,
): Promise<number | undefined> {
  const measured = await engine.measure(file, timing);
  if (measured === undefined) return cold;
  const repetitions = cold ?? Math.max(1, Math.ceil(COLD_MS / measured.repMs));
  const measurement = { ...measured, coldMs: await engine.cold(file, repetitions) };
  const byProgram = rounds.get(engine.name) ?? new Map();
  rounds.set(engine.name, byProgram);
  byProgram.set(program, [...(byProgram.get(program) ?? []), measurement]);
  return repetitions;
}

/** Every engine must compute what the first one does. polywasm, which trades correctness for size, is only told on. */
function checkAgreement(rounds: Rounds, programs: readonly string[]): void {
  for (const program of programs) {
    let expected: number | undefined;
    for (const [engine, byProgram] of rounds) {
      const checksum = byProgram.get(program)?.[0]?.checksum;
      expected ??= checksum;
      if (checksum === undefined || checksum === expected) continue;
      console.error(`${program}: ${engine} computes ${checksum} instead of ${expected}`);
      if (engine !== 'polywasm') process.exitCode = 1;
    }
  }
}

const groups = options.groups?.split(',');
const isAsked = positionals.length > 0 || groups !== undefined;
/** A glance has every third kernel. */
const isGlanced = (k: number, group: string) => group === 'basic' || k % 3 === 0;
const chosen = PROGRAMS.filter(
  (p, k) =>
    isBuildable(p) &&
    (!options.quick || isAsked || isGlanced(k, p.group)) &&
    (positionals.length === 0 || positionals.includes(p.name)) &&
    (groups === undefined || groups.includes(p.group)),
);
const unknown = positionals.filter((name) => !PROGRAMS.some((p) => p.name === name));
if (unknown.length > 0) {
  console.error(
    `no such program: ${unknown.join(', ')}\nprograms: ${PROGRAMS.map((p) => p.name).join(', ')}`,
  );
  process.exit(2);
}
/** One of each group in turn: when time is short, all groups have been measured. */
function inTurns(programs: readonly Program[]): Program[] {
  const seen = new Map<string, number>();
  const places = programs.map((program) => {
    const place = seen.get(program.group) ?? 0;
    seen.set(program.group, place + 1);
    return { program, place };
  });
  return places.sort((a, b) => a.place - b.place).map(({ program }) => program);
}

if (!existsSync(path.join(dist, 'webassembly.node.js'))) {
  process.stderr.write('building the package, which is measured as it ships\n');
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
}
const start = performance.now();
const isLate = () => performance.now() - start > LONGEST_MS;
const wanted = options.engines?.split(',');
const isMeasured = ({ name, reach }: Engine) =>
  wanted === undefined ? !options.quick || reach === 'glance' : wanted.includes(name);
/** A slow engine measures what somebody asks for, else the basic programs. */
const takes = ({ reach }: Engine, { group }: Program) =>
  isAsked || wanted !== undefined || reach !== 'basic' || group === 'basic';
const list = engines(() => buildProgram(PROGRAMS.find(({ name }) => name === 'many')!)).filter(isMeasured);
const rounds: Rounds = new Map();
const count = options.quick ? 1 : Number(options.rounds);
const repetitions = new Map<string, number | undefined>();
const measured = new Set<Program>();
let wholeRounds = 0;
for (let round = 0; round < count; round++) {
  let isWhole = true;
  for (const program of inTurns(chosen)) {
    if (isLate()) {
      isWhole = false;
      break;
    }
    const { name } = program;
    const file = await buildProgram(program);
    // The order turns with the round, so that no engine is always the one that runs after a heavy one.
    for (let i = 0; i < list.length; i++) {
      const engine = list[(i + round) % list.length]!;
      if (!takes(engine, program)) continue;
      try {
        repetitions.set(name, await measureInto(rounds, engine, name, file, repetitions.get(name)));
      } catch (error) {
        // What the others need half an hour for is not lost.
        console.error(`${name}, ${engine.name}: ${error instanceof Error ? error.message : error}`);
        process.exitCode = 1;
      }
    }
    measured.add(program);
    process.stderr.write(`round ${round + 1}/${count}: ${name}\n`);
  }
  if (isWhole) wholeRounds++;
}
const programs = chosen.filter((program) => measured.has(program));
checkAgreement(
  rounds,
  programs.map(({ name }) => name),
);
const summaries = summarize(rounds, programs);
const present = list.map((e) => e.name).filter((name) => rounds.has(name));
console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${count} rounds`);
console.log(report(summaries, present));

/** Ranks of the engines that have a figure for every program. */
function ranking(all: readonly Summary[], names: readonly string[]): Run['ranking'] {
  const whole = names.filter((name) => all.every(({ us }) => us[name] !== undefined));
  if (whole.length < 2) return undefined;
  return friedman(
    whole,
    all.map(({ us }) => whole.map((name) => us[name]!)),
  );
}

if (!isAsked && wanted === undefined && !options['no-write']) {
  const anchor = ANCHORS.find((name) => present.includes(name)) ?? present[0]!;
  const order = [anchor, ...present.filter((name) => name !== anchor)];
  const missing = [
    ...missingEngines(),
    ...list.filter(({ name }) => !present.includes(name)).map(({ name }) => `${name} (it ran nothing)`),
    ...(hasClang() ? [] : ['programs in C (no clang)']),
    ...(options.quick ? ['two kernels of three, and slow engines (--quick)'] : ['kernels without a JIT']),
    ...(programs.length < chosen.length ? [`${chosen.length - programs.length} programs (no time)`] : []),
  ];
  const conditions = `Node ${process.version}, ${cpus()[0]?.model.trim()}, whole rounds: ${wholeRounds}`;
  const run = { conditions, summaries, engines: order, missing, ranking: ranking(summaries, present) };
  console.log(`written: ${writeHead(run).join(', ')}`);
}
if (options.json) {
  const raw = Object.fromEntries(
    [...rounds].map(([engine, byProgram]) => [engine, Object.fromEntries(byProgram)]),
  );
  writeFileSync(
    options.json,
    `${JSON.stringify({ node: process.version, timing, summaries, raw }, undefined, 1)}\n`,
  );
}
