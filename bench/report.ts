/** The tables of the bench: times in microseconds for one repetition, and ratios of speeds. */
import { geomean, type Measurement, median } from './protocol.ts';

/** engine -> program -> one measurement a round. */
export type Rounds = Map<string, Map<string, Measurement[]>>;

export interface Summary {
  readonly program: string;
  readonly group: string;
  /** engine -> median microseconds for a repetition. */
  readonly us: Record<string, number>;
  readonly firstMs: Record<string, number>;
  /** engine -> median milliseconds of a process that does what the anchor needs `COLD_MS` for. */
  readonly coldMs: Record<string, number>;
}

/** What the others are compared with: the first of these that is present. */
export const ANCHORS = ['native', 'tswasm'];

interface Named {
  readonly name: string;
  readonly group: string;
}

export function summarize(rounds: Rounds, programs: readonly Named[]): Summary[] {
  return programs.map(({ name: program, group }) => {
    const us: Record<string, number> = {};
    const firstMs: Record<string, number> = {};
    const coldMs: Record<string, number> = {};
    for (const [engine, byProgram] of rounds) {
      const all = byProgram.get(program) ?? [];
      if (all.length === 0) continue;
      us[engine] = median(all.map((m) => m.repMs)) * 1000;
      const first = all.flatMap((m) => (m.firstMs === undefined ? [] : [m.firstMs]));
      if (first.length > 0) firstMs[engine] = median(first);
      const cold = all.flatMap((m) => m.coldMs ?? []);
      if (cold.length > 0) coldMs[engine] = median(cold);
    }
    return { program, group, us, firstMs, coldMs };
  });
}

/** How many times as long as the anchor an engine takes. */
function ratio({ us }: Summary, engine: string, anchor: string): number | undefined {
  const time = us[engine];
  const base = us[anchor];
  return time === undefined || base === undefined ? undefined : time / base;
}

export function cell(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((w, i) => (i === 0 ? '-'.repeat(w + 2) : `${'-'.repeat(w + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Geometric means by group: a row an engine. Engines that miss a program are compared in those that they have. */
function means(summaries: readonly Summary[], engines: readonly string[], anchor: string): string {
  const groups = [...new Set(summaries.map(({ group }) => group))];
  const columns = groups.length > 1 ? [...groups, 'all'] : groups;
  const of = (engine: string, column: string): number | undefined => {
    const rows = summaries.filter(({ group }) => column === 'all' || group === column);
    const ratios = rows.flatMap((row) => ratio(row, engine, anchor) ?? []);
    return ratios.length > 0 ? geomean(ratios) : undefined;
  };
  return markdown(
    [`time / ${anchor}`, ...columns],
    engines.map((engine) => [engine, ...columns.map((column) => cell(of(engine, column)))]),
  );
}

export function report(summaries: readonly Summary[], engines: readonly string[]): string {
  const anchor = ANCHORS.find((name) => engines.includes(name)) ?? engines[0]!;
  const others = engines.filter((name) => name !== anchor);
  const rows = summaries.map((s) => [
    s.program,
    cell(s.us[anchor]),
    ...others.map((engine) => cell(ratio(s, engine, anchor))),
  ]);
  const firsts = engines.filter((e) => summaries.some((s) => s.firstMs[e] !== undefined));
  return [
    `Steady state: time of an engine as a multiple of ${anchor}'s (less is better), geometric means.`,
    '',
    means(summaries, engines, anchor),
    '',
    `${anchor}: microseconds for one repetition; the others: multiples of that.`,
    '',
    markdown(['program', anchor, ...others], rows),
    '',
    'First call, run(2), in milliseconds: translation and cold code included.',
    '',
    markdown(
      ['program', ...firsts],
      summaries.map((s) => [s.program, ...firsts.map((e) => cell(s.firstMs[e]))]),
    ),
  ].join('\n');
}
