/**
 * Statements of the parts of structured instructions that are open, in one list. A part is cut off where it ends, with no room to spare: a list
 * that grows by one keeps room for sixteen, and most parts hold one or two.
 */
import type { Statement } from './statements';

/** What is not there, or still to come. */
export const NOTHING: readonly Statement[] = [];

export class Sequences {
  private readonly statements: (Statement | undefined)[] = [];
  private readonly starts: number[] = [];
  /** Behind the last statement of the innermost open part. */
  end = 0;
  /** Whether any has been left out. */
  private hasHoles = false;

  open(): void {
    this.starts.push(this.end);
  }

  add(statement: Statement): void {
    this.statements[this.end++] = statement;
  }

  /** Leaves out one that has been added, by its index, while its part is open. */
  remove(index: number): void {
    this.statements[index] = undefined;
    this.hasHoles = true;
  }

  /** The innermost open part, which ends. */
  close(): readonly Statement[] {
    const { statements, end } = this;
    const start = this.starts.pop()!;
    this.end = start;
    if (start === end) return NOTHING;
    const part = statements.slice(start, end);
    return this.hasHoles ? part.filter((statement) => statement !== undefined) : (part as Statement[]);
  }
}
