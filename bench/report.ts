/** The tables of the bench: times in microseconds for one repetition, and ratios of speeds. */
import { geomean, type Measurement, median } from './protocol.ts';

/** engine -> program -> one measurement a round. */
export type Rounds = Map<string, Map<string, Measurement[]>>;

export interface Summary {
  readonly program: string;
  /** engine -> median microseconds for a repetition. */
  readonly us: Record<string, number>;
  readonly firstMs: Record<string, number>;
}

/** A column of ratios: how many times faster `of` is than `than`. */
interface Ratio {
  readonly title: string;
  readonly of: string;
  readonly than: string;
}

const RATIOS: readonly Ratio[] = [
  { title: 'tswasm/wasm3', of: 'tswasm', than: 'wasm3' },
  { title: 'tswasm/native', of: 'tswasm', than: 'native' },
  { title: 'tswasm/polywasm', of: 'tswasm', than: 'polywasm' },
  { title: 'warm/tswasm', of: 'tswasm-warm', than: 'tswasm' },
];

export function summarize(rounds: Rounds, programs: readonly string[]): Summary[] {
  return programs.map((program) => {
    const us: Record<string, number> = {};
    const firstMs: Record<string, number> = {};
    for (const [engine, byProgram] of rounds) {
      const all = byProgram.get(program) ?? [];
      if (all.length === 0) continue;
      us[engine] = median(all.map((m) => m.repMs)) * 1000;
      const first = all.flatMap((m) => (m.firstMs === undefined ? [] : [m.firstMs]));
      if (first.length > 0) firstMs[engine] = median(first);
    }
    return { program, us, firstMs };
  });
}

function ratio(row: Summary, { of, than }: Ratio): number | undefined {
  const a = row.us[of];
  const b = row.us[than];
  return a === undefined || b === undefined ? undefined : b / a;
}

function cell(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((w, i) => (i === 0 ? '-'.repeat(w + 2) : `${'-'.repeat(w + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function report(summaries: readonly Summary[], engines: readonly string[]): string {
  const ratios = RATIOS.filter((r) => engines.includes(r.of) && engines.includes(r.than));
  const head = ['program', ...engines, ...ratios.map((r) => r.title)];
  const rows = summaries.map((s) => [
    s.program,
    ...engines.map((e) => cell(s.us[e])),
    ...ratios.map((r) => cell(ratio(s, r))),
  ]);
  const means = ratios.map((r) => {
    const values = summaries.flatMap((s) => ratio(s, r) ?? []);
    return cell(values.length > 0 ? geomean(values) : undefined);
  });
  rows.push(['geometric mean', ...engines.map(() => ''), ...means]);
  const firsts = engines.filter((e) => summaries.some((s) => s.firstMs[e] !== undefined));
  return [
    'Microseconds for one repetition (less is better); ratios of speed (more is better).',
    '',
    markdown(head, rows),
    '',
    'First call, run(2), in milliseconds: translation and cold code included.',
    '',
    markdown(
      ['program', ...firsts],
      summaries.map((s) => [s.program, ...firsts.map((e) => cell(s.firstMs[e]))]),
    ),
  ].join('\n');
}
