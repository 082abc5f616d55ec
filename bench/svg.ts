/** A chart of how many times as long as the host's own engine others take: a row an engine, a bar a measure, on a logarithmic scale. */

/** What is drawn of an engine: a ratio for each of the measures, where it has one. */
export interface Bars {
  readonly engine: string;
  readonly ratios: readonly (number | undefined)[];
}

/** Colours that can be told apart on light and dark pages. */
const COLOURS = ['#2a7de1', '#e8890c', '#6aa84f'];
const TEXT = '#808080';
const NAMES = 150;
const WIDTH = 560;
const BAR = 12;
const GAP = 10;
const HEAD = 44;
const FOOT = 10;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const shown = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0)}×`;

function textAt(x: number, y: number, text: string, more = ''): string {
  return `<text x="${x}" y="${y}" fill="${TEXT}"${more}>${escaped(text)}</text>`;
}

/** Powers of ten in the span, and their halves of it where there are few. */
function ticks(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of [1, 3]) {
      const tick = factor * 10 ** power;
      if (tick >= low && tick <= high) found.push(tick);
    }
  }
  return found;
}

export function ratioChart(title: string, measures: readonly string[], rows: readonly Bars[]): string {
  const all = rows.flatMap(({ ratios }) => ratios.filter((ratio) => ratio !== undefined));
  const low = Math.min(1, ...all) / 1.2;
  const high = Math.max(2, ...all) * 1.5;
  const along = (ratio: number): number => (WIDTH * Math.log(ratio / low)) / Math.log(high / low);
  const rowHeight = measures.length * BAR + GAP;
  const height = HEAD + rows.length * rowHeight + FOOT;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${NAMES + WIDTH + 60}" height="${height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escaped(title)}</title>`,
  ];
  measures.forEach((measure, k) => {
    const x = NAMES + k * 240;
    parts.push(
      `<rect x="${x}" y="4" width="10" height="10" fill="${COLOURS[k]}"/>`,
      textAt(x + 14, 13, measure),
    );
  });
  for (const tick of ticks(low, high)) {
    const x = NAMES + along(tick);
    parts.push(
      `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${HEAD - 8}" y2="${height - FOOT}" stroke="${TEXT}" stroke-width="${tick === 1 ? 1.5 : 0.3}"/>`,
      textAt(Number(x.toFixed(1)), HEAD - 12, `${tick}×`, ' text-anchor="middle"'),
    );
  }
  rows.forEach(({ engine, ratios }, row) => {
    const top = HEAD + row * rowHeight;
    parts.push(textAt(NAMES - 8, top + (measures.length * BAR) / 2 + 4, engine, ' text-anchor="end"'));
    ratios.forEach((ratio, k) => {
      if (ratio === undefined) return;
      const [from, to] = [along(1), along(ratio)].sort((a, b) => a - b);
      const y = top + k * BAR;
      parts.push(
        `<rect x="${(NAMES + from!).toFixed(1)}" y="${y}" width="${Math.max(1, to! - from!).toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[k]}"/>`,
        textAt(Number((NAMES + Math.max(from!, to!) + 4).toFixed(1)), y + BAR - 3, shown(ratio)),
      );
    });
  });
  parts.push('</svg>', '');
  return parts.join('\n');
}
