/**
 * Statements of the parts of structured instructions that are open, in one list. A part is cut off where it ends, with no room to spare: a list
 * that grows by one keeps room for sixteen, and most parts hold one or two.
 */
import type { Statement } from './statements';

/** What is not there, or still to come. */
export const NOTHING: readonly Statement[] = [];

export class Sequences {
  private readonly statements: Statement[] = [];
  private readonly starts: number[] = [];
  private end = 0;

  open(): void {
    this.starts.push(this.end);
  }

  add(statement: Statement): void {
    this.statements[this.end++] = statement;
  }

  /** The innermost open part, which ends. */
  close(): readonly Statement[] {
    const { statements, end } = this;
    const start = this.starts.pop()!;
    this.end = start;
    return start === end ? NOTHING : statements.slice(start, end);
  }
}
