/** Walks over the statements of a lowered body. */
import { listsIn, type Statement } from '../../lowering';

/** Visits each statement, those in branches (moves) included. `depth` is how deep it is nested. */
export function everyStatement(
  statements: readonly Statement[],
  visit: (statement: Statement, depth: number) => void,
): void {
  const open: [list: readonly Statement[], depth: number][] = [[statements, 0]];
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    const [list, depth] = top;
    for (const statement of list) {
      visit(statement, depth);
      for (const moves of movesIn(statement)) for (const move of moves) visit(move, depth);
      for (const inner of listsIn(statement)) open.push([inner, depth + 1]);
    }
  }
}

/** The moves of the branches of a statement. */
function movesIn(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case 'br':
    case 'br_if':
      return [statement.branch.moves];
    case 'br_table':
      return [...new Set(statement.branches)].map(({ moves }) => moves);
    default:
      return [];
  }
}
