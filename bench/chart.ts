/** The chart of speed in the README, drawn from CoreMark's table in results.md: `node scripts/run-ts.mjs bench/chart.ts`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/laws/files.ts';

/** Columns of the longest bar. */
const WIDTH = 51;

interface Row {
  readonly engine: string;
  readonly score: number;
}

/** Rows of the first table below a heading, whose first two columns are an engine and its score. */
export function scoresBelow(heading: string, text: string): Row[] {
  const from = text.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`no heading ${heading}`);
  const lines = text.slice(from + heading.length + 2).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const behind = lines.findIndex((line, k) => k > first && !line.startsWith('|'));
  const rows = lines.slice(first + 2, behind).map((line) => {
    const [, engine, score] = line.split('|').map((cell) => cell.trim());
    return { engine, score: Number.parseFloat(score) };
  });
  if (rows.length === 0 || rows.some(({ score }) => Number.isNaN(score)))
    throw new Error('no table of scores');
  return rows;
}

/** Bars, the fastest first, as multiples of the engine `base`. */
export function chart(rows: readonly Row[], base: string): string {
  const unit = rows.find(({ engine }) => engine === base)?.score;
  if (unit === undefined) throw new Error(`no row of ${base}`);
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const width = Math.max(...rows.map(({ engine }) => engine.length));
  const lines = sorted.map(({ engine, score }) => {
    const times = score / unit;
    const bar = '█'.repeat(Math.round((WIDTH * score) / sorted[0].score));
    return `${engine.padEnd(width)}  ${times.toFixed(times < 0.1 ? 2 : 1).padStart(4)}  ${bar}`.trimEnd();
  });
  return lines.join('\n');
}

export function readmeChart(): string {
  return chart(
    scoresBelow('## CoreMark', readFileSync(path.join(root, 'bench/results.md'), 'utf8')),
    'wasm3, in C',
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(readmeChart());
