/** For tests: the safepoints of a lowered body. */
import {
  type Branch,
  callPointOf,
  type LoweredBody,
  type Safepoint,
  type Statement,
  safepointOf,
} from './statements';

export function safepointsOfBody(body: LoweredBody): Safepoint[] {
  const found: Safepoint[] = [];
  const open: (readonly Statement[])[] = [body.statements];
  const branch = (to: Branch) => {
    const safepoint = safepointOf(to);
    if (safepoint !== undefined) found.push(safepoint);
  };
  for (let statements = open.pop(); statements !== undefined; statements = open.pop()) {
    for (const statement of statements) {
      switch (statement.kind) {
        case 'block':
        case 'loop':
          open.push(statement.body);
          break;
        case 'try':
          open.push(statement.body);
          for (const { to } of statement.clauses) {
            if ('label' in to) branch(to);
            else open.push(to);
          }
          break;
        case 'if':
          open.push(statement.body, statement.otherwise);
          break;
        case 'br':
        case 'br_if':
          branch(statement.branch);
          break;
        case 'br_table':
          for (const each of statement.branches) branch(each);
          break;
        case 'call':
        case 'call_indirect':
        case 'call_ref':
          found.push(callPointOf(statement));
          break;
      }
    }
  }
  return found;
}

/** Of calls their offsets, of branches back the loops that they go to; each once, in order. */
export function offsetsOf(safepoints: readonly Safepoint[], kind: 'call' | 'loop'): number[] {
  const offsets = safepoints
    .filter((safepoint) => safepoint.kind === kind)
    .map(({ offset, targetLoop }) => (kind === 'call' ? offset : targetLoop));
  return [...new Set(offsets)].sort((a, b) => a - b);
}
