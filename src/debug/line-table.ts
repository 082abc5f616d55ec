/** All lines of a module, sorted for looking up. */
import type { SourcePosition } from '../index';
import type { LineRow } from './line-program';

/** Bytes that a sequence of rows covers, from its first row to its last. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly LineRow[];
}

/** Source positions by addresses of the code section, from DWARF's `.debug_line`. */
export class LineTable {
  private readonly spans: Span[] = [];

  constructor(sequences: Iterable<LineRow[]>) {
    for (const rows of sequences) {
      const start = rows[0].address;
      const end = rows[rows.length - 1].address;
      if (end > start) this.spans.push({ start, end, rows });
    }
    this.spans.sort((a, b) => a.start - b.start);
  }

  /** Whether no address has a position. */
  get isEmpty(): boolean {
    return this.spans.length === 0;
  }

  /** The position of an address; undefined where none is known. */
  find(address: number): SourcePosition | undefined {
    const span = this.spans[lastAtMost(this.spans, (one) => one.start, address)];
    if (span === undefined || address >= span.end) return undefined;
    const k = lastAtMost(span.rows, (row) => row.address, address);
    // What a compiler made up itself has line 0: the line before is nearest.
    for (let row = k; row >= 0; row--) {
      const { file, line, column } = span.rows[row];
      if (line > 0) return { file, line, column };
    }
    return undefined;
  }

  /** Every position that has code. */
  *positions(): Generator<SourcePosition & { readonly address: number }> {
    for (const { rows } of this.spans) for (const row of rows) if (row.line > 0) yield row;
  }
}

/** Index of the last entry whose key is at most `wanted`, of entries sorted by their keys; -1 if there is none. */
export function lastAtMost<T>(entries: readonly T[], key: (entry: T) => number, wanted: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(entries[middle]) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
