/** Numbers for whoever watches over a fleet, as Prometheus reads them (text format 0.0.4). */
import { Hono } from 'hono';
import { only } from '../security/gate';

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric {
  /** Without the prefix `tswasm_fleet_`. What only grows ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join('');
}

function metricText({ name, help, samples }: Metric): string {
  const full = `tswasm_fleet_${name}`;
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  const head = `# HELP ${full} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${full} ${type}\n`;
  return head + samples.map(({ labels, value }) => `${full}${labelsText(labels)} ${value}\n`).join('');
}

function labelsText(labels: Sample['labels'] = {}): string {
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** How many there are of each kind. */
export function counted(label: string, kinds: readonly string[], found: Iterable<string>): Sample[] {
  const counts = new Map(kinds.map((kind) => [kind, 0]));
  for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, value]) => ({ labels: { [label]: kind }, value }));
}

/** `GET /metrics`, for operators and observers. */
export function metricsRoutes(collect: () => readonly Metric[]): Hono {
  const app = new Hono();
  app.get('/metrics', only('operator', 'observer'), (c) =>
    c.body(metricsText(collect()), 200, { 'content-type': METRICS_TYPE }),
  );
  return app;
}
