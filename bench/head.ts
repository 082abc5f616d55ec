/** The head of results.md, and its part of the README: one table, one chart, and what was not measured. `npm run bench` writes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './paths.ts';
import { geomean } from './protocol.ts';
import { cell, markdown, type Summary } from './report.ts';
import type { Ranking } from './statistics.ts';
import { type Bars, ratioChart } from './svg.ts';

const BEGIN = '<!-- npm run bench writes what follows -->';
const END = '<!-- to here -->';
export const CHART = 'bench/ratios.svg';

export interface Run {
  /** Node, processor, rounds: what the figures hold for. */
  readonly conditions: string;
  readonly summaries: readonly Summary[];
  /** The anchor first. */
  readonly engines: readonly string[];
  readonly missing: readonly string[];
  readonly ranking: Ranking | undefined;
}

type Measure = 'us' | 'coldMs';
const MEASURES: readonly { readonly measure: Measure; readonly title: string }[] = [
  { measure: 'us', title: 'warm: one repetition' },
  { measure: 'coldMs', title: 'cold: a whole process' },
];

/** The geometric mean over programs of an engine's time as a multiple of the anchor's. */
function meanOf({ summaries }: Run, engine: string, anchor: string, measure: Measure): number | undefined {
  const ratios = summaries.flatMap((summary) => {
    const [time, base] = [summary[measure][engine], summary[measure][anchor]];
    return time === undefined || base === undefined ? [] : [time / base];
  });
  return ratios.length === 0 ? undefined : geomean(ratios);
}

function worstOf({ summaries }: Run, engine: string, anchor: string): string {
  const ratios = summaries.flatMap(({ us, program }) => {
    const [time, base] = [us[engine], us[anchor]];
    return time === undefined || base === undefined ? [] : [{ program, ratio: time / base }];
  });
  const [worst] = ratios.sort((a, b) => b.ratio - a.ratio);
  return worst === undefined ? '-' : `${cell(worst.ratio)} (${worst.program})`;
}

export function table(run: Run): string {
  const [anchor, ...others] = run.engines;
  const rows = others.map((engine) => [
    engine,
    ...MEASURES.map(({ measure }) => cell(meanOf(run, engine, anchor!, measure))),
    worstOf(run, engine, anchor!),
    String(run.summaries.filter(({ us }) => us[engine] !== undefined).length),
  ]);
  return markdown([`time / ${anchor}`, 'warm', 'cold', 'warm, at worst', 'programs'], rows);
}

export function chartOf(run: Run): string {
  const [anchor, ...others] = run.engines;
  const rows = others.map(
    (engine): Bars => ({
      engine,
      ratios: MEASURES.map(({ measure }) => meanOf(run, engine, anchor!, measure)),
    }),
  );
  return ratioChart(
    `Time as a multiple of ${anchor}'s, geometric means`,
    MEASURES.map(({ title }) => title),
    rows,
  );
}

function ranked(ranking: Ranking | undefined): string {
  if (ranking === undefined) return '';
  const order = ranking.order.map(({ name, meanRank }) => `${name} ${meanRank.toFixed(2)}`).join(', ');
  const p = ranking.p < 1e-4 ? 'p < 0.0001' : `p = ${ranking.p.toFixed(4)}`;
  return `Mean ranks over the programs, the fastest first: ${order} (Friedman, ${p}).`;
}

/** What stands between the marks; `chart`: where the chart is, from the file's folder. */
export function headOf(run: Run, chart: string): string {
  return [
    `Time as a multiple of the host's own engine, geometric means over ${run.summaries.length} programs; less is better. ${run.conditions}.`,
    '',
    `![The table's means as bars](${chart})`,
    '',
    table(run),
    '',
    ...[ranked(run.ranking), run.missing.length > 0 ? `Not measured: ${run.missing.join('; ')}.` : ''].filter(
      Boolean,
    ),
  ].join('\n');
}

/** The text with another one between its marks. */
export function replaced(text: string, inner: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`expected ${BEGIN} and ${END}`);
  return `${text.slice(0, from + BEGIN.length)}\n\n${inner.trimEnd()}\n\n${text.slice(to)}`;
}

/** Writes the report's head to results.md and the README, and the chart. */
export function writeHead(run: Run): readonly string[] {
  const files = [
    { file: 'bench/results.md', chart: path.basename(CHART) },
    { file: 'README.md', chart: CHART },
  ];
  writeFileSync(path.join(root, CHART), chartOf(run));
  for (const { file, chart } of files) {
    const name = path.join(root, file);
    writeFileSync(name, replaced(readFileSync(name, 'utf8'), headOf(run, chart)));
  }
  return [CHART, ...files.map(({ file }) => file)];
}
