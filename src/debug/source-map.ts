/** Source maps (ECMA-426): compilers without DWARF, AssemblyScript for one, name one in the section `sourceMappingURL`. */
import type { LineRow } from './line-program';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A map's rows as one sequence: a module is a single line, whose columns are byte offsets. None if it cannot be read. */
export function mapRows(text: string): LineRow[] {
  let map: unknown;
  try {
    // A prefix that keeps the text from running as a script.
    map = JSON.parse(text.replace(/^\)\]\}'[^\n]*\n/, ''));
  } catch {
    return [];
  }
  const { mappings, sources, sourceRoot } = (map ?? {}) as Record<string, unknown>;
  if (typeof mappings !== 'string' || !Array.isArray(sources)) return [];
  const root = typeof sourceRoot === 'string' && sourceRoot !== '' ? `${sourceRoot.replace(/\/$/, '')}/` : '';
  return rowsOf(mappings.split(';', 1)[0], (k) => `${root}${String(sources[k] ?? '?')}`);
}

function rowsOf(mappings: string, fileOf: (source: number) => string): LineRow[] {
  const rows: LineRow[] = [];
  let [address, source, line, column] = [0, 0, 0, 0];
  for (const segment of mappings.split(',')) {
    const numbers = variableLength(segment);
    if (numbers === undefined) break;
    address += numbers[0] ?? 0;
    if (numbers.length >= 4) {
      source += numbers[1];
      line += numbers[2];
      column += numbers[3];
      rows.push({ address, file: fileOf(source), line: line + 1, column: column + 1 });
    } else if (numbers.length > 0) rows.push({ address, file: '?', line: 0, column: 0 });
  }
  rows.sort((a, b) => a.address - b.address);
  if (rows.length > 0) rows.push({ address: Number.POSITIVE_INFINITY, file: '?', line: 0, column: 0 });
  return rows;
}

/** Base 64 VLQ. */
function variableLength(segment: string): number[] | undefined {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    if (bits < 0) return undefined;
    value += (bits & 31) * 2 ** shift;
    shift += 5;
    if (bits >= 32) continue;
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    [value, shift] = [0, 0];
  }
  return shift === 0 ? numbers : undefined;
}
