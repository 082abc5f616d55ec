/**
 * The templates that closures are made of (src/interpreter/templates), cut into pieces: what an instruction computes is said once for all
 * back ends.
 */
import { TEMPLATES, type Template } from '../../interpreter/templates/table';
import type { ComputeOp } from '../../lowering';

/** An operand (or a word of one), the template's own variable, the byte offset, a function of numerics.ts or of `Math`, or text. */
export type Piece =
  | { readonly kind: 'operand'; readonly operand: 0 | 1; readonly high: boolean }
  | { readonly kind: 'variable' | 'offset' | 'highWord' }
  | { readonly kind: 'numeric' | 'math'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

export interface CutTemplate extends Pick<Template, 'operands' | 'result'> {
  /** The value, or the low word of an i64. */
  readonly low: readonly Piece[];
  /** The high word of an i64, computed behind the low one. */
  readonly high: readonly Piece[] | undefined;
  /** It is 1 or 0 by this condition. */
  readonly condition: readonly Piece[] | undefined;
  /** The template's variable is the low word. */
  readonly keepsLow: boolean;
  /** How often each operand's words occur. */
  readonly counts: readonly Readonly<{ low: number; high: number }>[];
}

const NAMES = /\b(?:[AB][LH]?|t|at|[NW]\.\w+|Math\.\w+)\b/g;

function pieceOf(name: string): Piece {
  if (name === 't') return { kind: 'variable' };
  if (name === 'at') return { kind: 'offset' };
  if (name === 'W.hi') return { kind: 'highWord' };
  const dot = name.indexOf('.');
  if (dot > 0) return { kind: name[0] === 'N' ? 'numeric' : 'math', name: name.slice(dot + 1) };
  return { kind: 'operand', operand: name[0] === 'A' ? 0 : 1, high: name[1] === 'H' };
}

function cut(code: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of code.matchAll(NAMES)) {
    if (match.index > from) pieces.push({ kind: 'text', text: code.slice(from, match.index) });
    pieces.push(pieceOf(match[0]));
    from = match.index + match[0].length;
  }
  if (from < code.length) pieces.push({ kind: 'text', text: code.slice(from) });
  return pieces;
}

const KEPT = '(t=';

function cutTemplate({ code, test, operands, result }: Template): CutTemplate {
  const [first, second] = code.split(';');
  const keepsLow = second !== undefined && first.startsWith(KEPT);
  const low = cut(keepsLow ? first.slice(KEPT.length, -1) : first);
  const high = second === undefined ? undefined : cut(second);
  const all = [...low, ...(high ?? [])];
  const count = (operand: number, isHigh: boolean): number =>
    all.filter((p) => p.kind === 'operand' && p.operand === operand && p.high === isHigh).length;
  return {
    operands,
    result,
    low,
    high,
    condition: test === undefined ? undefined : cut(test),
    keepsLow,
    counts: operands.map((_, k) => ({ low: count(k, false), high: count(k, true) })),
  };
}

const cutTemplates = new Map<ComputeOp, CutTemplate>();

export function templateOf(op: ComputeOp): CutTemplate {
  let template = cutTemplates.get(op);
  if (template === undefined) {
    template = cutTemplate(TEMPLATES.get(op)!);
    cutTemplates.set(op, template);
  }
  return template;
}
