/**
 * Engines side by side on the bench programs, in interleaved rounds.
 *   npm run bench -- [--rounds N] [--engines a,b] [--groups a,b] [--quick] [--json FILE] [program...]
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Engine, engines, type Timing } from './engines.ts';
import { buildProgram, isBuildable, PROGRAMS } from './programs.ts';
import { type Rounds, report, summarize } from './report.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    engines: { type: 'string' },
    groups: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const timing: Timing = options.quick
  ? { warmUpMs: 100, sampleMs: 30, samples: 3 }
  : { warmUpMs: 800, sampleMs: 150, samples: 5 };

function measureInto(rounds: Rounds, engine: Engine, program: string, file: string): void {
  const measurement = engine.measure(file, timing);
  if (measurement === undefined) return;
  const byProgram = rounds.get(engine.name) ?? new Map();
  rounds.set(engine.name, byProgram);
  byProgram.set(program, [...(byProgram.get(program) ?? []), measurement]);
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
const chosen = PROGRAMS.filter(
  (p) =>
    isBuildable(p) &&
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
const files = new Map<string, string>();
const many = PROGRAMS.filter(({ name }) => name === 'many');
for (const program of new Set([...chosen, ...many])) files.set(program.name, await buildProgram(program));

const wanted = options.engines?.split(',');
const list = engines(files.get('many')!).filter((e) => wanted === undefined || wanted.includes(e.name));
const names = chosen.map((p) => p.name);
const rounds: Rounds = new Map();
const count = options.quick ? 1 : Number(options.rounds);
for (let round = 0; round < count; round++) {
  for (const program of names) {
    // The order turns with the round, so that no engine is always the one that runs after a heavy one.
    for (let i = 0; i < list.length; i++) {
      measureInto(rounds, list[(i + round) % list.length]!, program, files.get(program)!);
    }
    process.stderr.write(`round ${round + 1}/${count}: ${program}\n`);
  }
}
checkAgreement(rounds, names);
const summaries = summarize(rounds, chosen);
const present = list.map((e) => e.name).filter((name) => rounds.has(name));
console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${count} rounds`);
console.log(report(summaries, present));
if (options.json) {
  const raw = Object.fromEntries(
    [...rounds].map(([engine, byProgram]) => [engine, Object.fromEntries(byProgram)]),
  );
  writeFileSync(
    options.json,
    `${JSON.stringify({ node: process.version, timing, summaries, raw }, undefined, 1)}\n`,
  );
}
