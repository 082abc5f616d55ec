/** S-expressions of the text format: just enough lexing to find the commands of a script and the extent of each module's text. */

import { encodeUtf8 } from '../../src/decoder/utf8';

export interface Atom {
  readonly kind: 'atom';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}
export interface Text {
  readonly kind: 'string';
  /** Raw bytes: a string of the text format need not be UTF-8. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}
export interface List {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly start: number;
  readonly end: number;
}
export type Node = Atom | Text | List;

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const DELIMITERS = /[\s()";]/;
const ESCAPES: Record<string, number> = { t: 9, n: 10, r: 13, '"': 34, "'": 39, '\\': 92 };

class Lexer {
  pos = 0;
  constructor(readonly source: string) {}

  /** Skips blanks, comments and annotations. */
  skip(): void {
    const { source } = this;
    for (;;) {
      const c = source[this.pos];
      if (c === ' ' || c === '\n' || c === '\t' || c === '\r') this.pos++;
      else if (c === ';' && source[this.pos + 1] === ';') this.lineComment();
      else if (c === '(' && source[this.pos + 1] === ';') this.blockComment();
      else if (c === '(' && source[this.pos + 1] === '@') this.annotation();
      else return;
    }
  }

  private lineComment(): void {
    const { source } = this;
    while (this.pos < source.length && source[this.pos] !== '\n' && source[this.pos] !== '\r') this.pos++;
  }

  private blockComment(): void {
    const start = this.pos;
    let depth = 0;
    do {
      const two = this.source.slice(this.pos, this.pos + 2);
      if (two === '(;') depth++;
      if (two === ';)') depth--;
      this.pos += two === '(;' || two === ';)' ? 2 : 1;
      if (this.pos > this.source.length) throw new ScriptError('unclosed comment', start);
    } while (depth > 0);
  }

  /** An annotation may hold any tokens: only parentheses, strings and comments have structure there. */
  private annotation(): void {
    const start = this.pos;
    let depth = 0;
    do {
      const c = this.source[this.pos];
      const next = this.source[this.pos + 1];
      if (c === undefined) throw new ScriptError('unclosed annotation', start);
      if (c === '"') this.string();
      else if (c === ';' && next === ';') this.lineComment();
      else if (c === '(' && next === ';') this.blockComment();
      else {
        if (c === '(') depth++;
        if (c === ')') depth--;
        this.pos++;
      }
    } while (depth > 0);
  }

  string(): Text {
    const { source } = this;
    const start = this.pos++;
    const bytes: number[] = [];
    for (;;) {
      const code = source.codePointAt(this.pos);
      if (code === undefined) throw new ScriptError('unclosed string', start);
      const char = String.fromCodePoint(code);
      this.pos += char.length;
      if (char === '"') break;
      if (char === '\\') bytes.push(...this.escape());
      else if (code < 0x80) bytes.push(code);
      else bytes.push(...encodeUtf8(char));
    }
    return { kind: 'string', bytes: Uint8Array.from(bytes), start, end: this.pos };
  }

  private escape(): Iterable<number> {
    const rest = this.source.slice(this.pos, this.pos + 16);
    const simple = ESCAPES[rest[0]];
    if (simple !== undefined) {
      this.pos++;
      return [simple];
    }
    const hex = /^(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F_]+)\})/.exec(rest);
    if (!hex) throw new ScriptError('illegal escape', this.pos);
    this.pos += hex[0].length;
    if (hex[1]) return [Number.parseInt(hex[1], 16)];
    return encodeUtf8(String.fromCodePoint(Number.parseInt(hex[2].replaceAll('_', ''), 16)));
  }

  atom(): Atom {
    const start = this.pos;
    // A quoted identifier ($"...") is one atom.
    if (this.source.startsWith('$"', start)) {
      this.pos++;
      this.string();
    } else while (this.pos < this.source.length && !DELIMITERS.test(this.source[this.pos])) this.pos++;
    if (this.pos === start) throw new ScriptError(`unexpected character ${this.source[start]}`, start);
    return { kind: 'atom', text: this.source.slice(start, this.pos), start, end: this.pos };
  }

  nodes(open: number): Node[] {
    const items: Node[] = [];
    for (;;) {
      this.skip();
      const c = this.source[this.pos];
      if (c === undefined) {
        if (open >= 0) throw new ScriptError('unclosed parenthesis', open);
        return items;
      }
      if (c === ')') {
        if (open < 0) throw new ScriptError('unmatched )', this.pos);
        return items;
      }
      if (c === '(') {
        const start = this.pos++;
        const inner = this.nodes(start);
        this.pos++;
        items.push({ kind: 'list', items: inner, start, end: this.pos });
      } else items.push(c === '"' ? this.string() : this.atom());
    }
  }
}

/** Reads all top-level nodes. Throws ScriptError. */
export function parseSexprs(source: string): Node[] {
  return new Lexer(source).nodes(-1);
}

/** The keyword a list starts with, or '' when there is none. */
export function headOf(node: Node): string {
  if (node.kind !== 'list' || node.items.length === 0) return '';
  const first = node.items[0];
  return first.kind === 'atom' ? first.text : '';
}
