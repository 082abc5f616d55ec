/**
 * Lowered code as text, a statement a line: for `tswasm inspect --lowered`, for tests that compare, for whoever wants to know what became
 * of a function. Places are named as in the specification: `local n` and `operand k`. Labels are numbers, `@0` the function's; what stands
 * behind `safepoint` is the offset of the instruction in the code entry. No execution stops at a quiet one.
 */
import { funcTypeName, type ModuleData, slotsOf, type ValType, valTypeName, valTypeNameIn } from '../decoder';
import { type TypeList, typesOf } from '../decoder/typelist';
import { InternalError } from '../errors';
import type { Build, Const, Expr, Get, Vector } from './expr';
import type { Locals } from './frame';
import {
  type Branch,
  type Clause,
  callPointOf,
  type LoweredBody,
  listsIn,
  type Safepoint,
  type Statement,
  safepointOf,
} from './statements';

/** What is still to be printed: a line, or the rest of a sequence. */
interface Task {
  readonly depth: number;
  readonly line: string;
  readonly statements: readonly Statement[];
  next: number;
}

/** Lines without their ends. Deep nesting costs no host stack. */
export function* printLowered(module: ModuleData, body: LoweredBody): Generator<string> {
  const { locals, funcidx } = body;
  const type = module.types[module.funcTypes[funcidx]].composite.func;
  const { offset, quiet } = body.entry;
  yield `(func ${funcidx} ${funcTypeName(type, module.types)} slots ${body.slots} entry ${hex(offset)}${quiet ? ' quiet' : ''}`;
  for (const { type: of, count, localidx } of locals.groups) {
    const first = Math.max(localidx, locals.params);
    const more = localidx + count - first;
    if (more > 0)
      yield `  (local ${first} ${valTypeNameIn(of, module.types)}${more > 1 ? ` x ${more}` : ''})`;
  }
  const tasks: Task[] = [];
  const sequence = (depth: number, statements: readonly Statement[]) =>
    tasks.push({ depth, line: '', statements, next: 0 });
  const line = (depth: number, text: string) => tasks.push({ depth, line: text, statements: [], next: 0 });
  sequence(1, body.statements);
  while (tasks.length > 0) {
    const task = tasks[tasks.length - 1];
    const { depth, statements } = task;
    if (task.next === statements.length) {
      tasks.pop();
      if (task.line !== '') yield '  '.repeat(depth) + task.line;
      continue;
    }
    const statement = statements[task.next++];
    for (const text of describe(statement, locals)) yield '  '.repeat(depth) + text;
    // What comes first is put on last.
    const parts = partsOf(statement, locals);
    if (parts.length > 0) line(depth, 'end');
    for (const { head, statements: part } of parts.reverse()) {
      sequence(depth + 1, part);
      if (head !== '') line(depth, head);
    }
  }
  yield ')';
}

/** The lists that a statement holds, each with the line that stands before it; the first one stands behind the statement's own. */
function partsOf(
  statement: Statement,
  locals: Locals,
): { readonly head: string; readonly statements: readonly Statement[] }[] {
  const heads = headsOf(statement, locals);
  const parts = listsIn(statement).map((statements, k) => ({
    head: k === 0 ? '' : heads[k - 1],
    statements,
  }));
  return parts.filter(({ head, statements }) => head !== 'else' || statements.length > 0);
}

/** The lines before the lists, but for the first one. */
function headsOf(statement: Statement, locals: Locals): string[] {
  if (statement.kind === 'if') return ['else'];
  if (statement.kind !== 'try') return [];
  const bodies = statement.clauses.filter(({ to }) => !('label' in to));
  return bodies.map((clause) => clauseText(clause, locals));
}

function clauseText({ tagidx, slot, ref, to }: Clause, locals: Locals): string {
  const name = `catch${tagidx < 0 ? '_all' : ` ${tagidx}`}`;
  const order = { none: '', behind: ' and the exception behind', before: ' with the exception before' }[ref];
  const target = 'label' in to ? ` ${branchText(to, locals)}` : '';
  return `${name} at ${placeText(slot, locals)}${order}${target}`;
}

/** The lines of one statement, without what it holds. */
function describe(statement: Statement, locals: Locals): string[] {
  const text = (expr: Expr) => exprText(expr, locals);
  const place = (slot: number) => placeText(slot, locals);
  switch (statement.kind) {
    case 'set':
      return [`${place(statement.slot)} = ${text(statement.value)}`];
    case 'move': {
      const { to, from, count } = statement;
      return [`${place(to)} = ${place(from)}, ${count} slots`];
    }
    case 'drop':
      return [`drop ${text(statement.value)}`];
    case 'store': {
      const { op, address, memoryOffset, memidx, value, offset } = statement;
      const where = accessText(text(address), memoryOffset, memidx);
      return [`${op} ${where} = ${text(value)}${trapText(offset)}`];
    }
    case 'vector.store': {
      const { op, address, memoryOffset, memidx, value, lane, offset } = statement;
      const what = op === 'v128.store' ? text(value) : `lane ${lane} of ${text(value)}`;
      return [`${op} ${accessText(text(address), memoryOffset, memidx)} = ${what}${trapText(offset)}`];
    }
    case 'global.set':
      return [`global ${statement.globalidx} = ${text(statement.value)}`];
    case 'effect':
      return [`${statement.op} ${statement.x} at ${place(statement.slot)}${trapText(statement.offset)}`];
    case 'bulk': {
      const { op, x, y, slot, offset, operands } = statement;
      return [`${op} ${x} ${y} at ${place(slot)}${trapText(offset)} ${typesText(operands)}`];
    }
    case 'call':
      return [
        `call ${statement.funcidx} at ${place(statement.slot)}${safepointText(callPointOf(statement))}`,
      ];
    case 'call_indirect': {
      const { typeidx, tableidx, index, slot, offset } = statement;
      const callee = `table ${tableidx} [${text(index)}] type ${typeidx}`;
      return [
        `call_indirect ${callee} at ${place(slot)}${trapText(offset)}${safepointText(callPointOf(statement))}`,
      ];
    }
    case 'call_ref': {
      const { callee, slot, offset } = statement;
      const point = safepointText(callPointOf(statement));
      return [`call_ref ${place(callee)} at ${place(slot)}${trapText(offset)}${point}`];
    }
    case 'tail':
      return [`return_call ${statement.funcidx} with ${statement.count} slots from ${place(statement.slot)}`];
    case 'tail_indirect': {
      const { typeidx, tableidx, slot, count, offset } = statement;
      const callee = `table ${tableidx} [${place(slot + count)}] type ${typeidx}`;
      return [`return_call_indirect ${callee} with ${count} slots from ${place(slot)}${trapText(offset)}`];
    }
    case 'tail_ref': {
      const { slot, count, offset } = statement;
      const callee = place(slot + count);
      return [`return_call_ref ${callee} with ${count} slots from ${place(slot)}${trapText(offset)}`];
    }
    case 'block':
      return [`block @${statement.label.id}`];
    case 'try': {
      const { label, clauses, delegate } = statement;
      const to = delegate === undefined ? '' : ` delegate @${delegate.id}`;
      const branches = clauses.filter((clause) => 'label' in clause.to);
      return [`try @${label.id}${to}`, ...branches.map((clause) => `  ${clauseText(clause, locals)}`)];
    }
    case 'throw':
      return [`throw ${statement.tagidx} at ${place(statement.slot)}${trapText(statement.offset)}`];
    case 'throw_ref':
      return [`throw_ref ${place(statement.slot)}${trapText(statement.offset)}`];
    case 'loop':
      return [`loop @${statement.label.id} ${hex(statement.label.offset)}`];
    case 'if':
      return [`if @${statement.label.id} ${text(statement.condition)}`];
    case 'br':
      return [`br ${branchText(statement.branch, locals)}`];
    case 'br_if':
      return [`br_if ${text(statement.condition)} ${branchText(statement.branch, locals)}`];
    case 'br_table':
      return [
        `br_table ${text(statement.index)}`,
        ...statement.branches.map((branch, k) => {
          const isDefault = k === statement.branches.length - 1;
          return `  ${isDefault ? 'default' : k}: ${branchText(branch, locals)}`;
        }),
      ];
    case 'return':
      return ['return'];
    case 'unreachable':
      return [`unreachable${trapText(statement.offset)}`];
  }
}

function branchText(branch: Branch, locals: Locals): string {
  const { label, moves } = branch;
  const safepoint = safepointOf(branch);
  const moved = moves.map((move) => describe(move, locals).join('')).join(', ');
  return `@${label.id}${moved === '' ? '' : ` {${moved}}`}${safepoint === undefined ? '' : safepointText(safepoint)}`;
}

function safepointText({ offset, operands, quiet }: Safepoint): string {
  return ` ${quiet ? 'quiet ' : ''}safepoint ${hex(offset)} ${typesText(operands)}`;
}

function typesText(operands: TypeList | undefined): string {
  return `[${typesOf(operands).map(valTypeName).join(' ')}]`;
}

function trapText(offset: number): string {
  return ` (0x${offset.toString(16)})`;
}

function placeText(slot: number, locals: Locals): string {
  if (slot >= locals.slots) return `operand ${slot - locals.slots}`;
  const group = locals.groups.filter((candidate) => candidate.slot <= slot).pop()!;
  const size = slotsOf(group.type);
  const localidx = group.localidx + Math.floor((slot - group.slot) / size);
  return `local ${localidx}${(slot - group.slot) % size > 0 ? ' + 1' : ''}`;
}

/** A lane of a vector may be in the upper half of a slot. */
function getText({ slot, half }: Get, locals: Locals): string {
  return placeText(slot, locals) + (half > 0 ? ' upper' : '');
}

function vectorText({ instruction, operands, immediates, access, isRaw }: Vector, locals: Locals): string {
  const list = operands.map((operand) => exprText(operand, locals));
  if (access !== undefined) list[0] = accessText(list[0], access.memoryOffset, access.memidx);
  const numbers = immediates.map((k) => (instruction === 'v128.const' ? hexWord(k) : k));
  return `${isRaw ? 'raw ' : ''}${[instruction, ...numbers].join(' ')}(${list.join(', ')})`;
}

function buildText({ width, base, lanes }: Build, locals: Locals): string {
  const list = lanes.map(({ lane, value }) => `${lane}: ${exprText(value, locals)}`);
  return `build ${width}(${exprText(base, locals)}, ${list.join(', ')})`;
}

function accessText(address: string, memoryOffset: number, memidx: number): string {
  return `[${address}${memoryOffset === 0 ? '' : ` + ${memoryOffset}`}]${memidx === 0 ? '' : ` of memory ${memidx}`}`;
}

/** Trees are small (operands.ts), so this may call itself. */
function exprText(expr: Expr, locals: Locals): string {
  const text = (operand: Expr) => exprText(operand, locals);
  switch (expr.op) {
    case 'get':
      return getText(expr, locals);
    case 'const':
      return constText(expr);
    case 'global.get':
      return `global ${expr.globalidx}${floatBits(expr.type)}`;
    case 'select':
      return `select(${text(expr.a)}, ${text(expr.b)}, ${text(expr.condition)})`;
    case 'is_null':
      return `is_null(${text(expr.a)})`;
    case 'vector':
      return vectorText(expr, locals);
    case 'build':
      return buildText(expr, locals);
    case 'narrow':
      return `narrow(${text(expr.a)})`;
    case 'address':
      return `address(${text(expr.a)} + ${expr.memoryOffset >>> 0}, ${expr.bytes} bytes of memory ${expr.memidx})`;
  }
  if ('memidx' in expr) return `${expr.op} ${accessText(text(expr.a), expr.memoryOffset, expr.memidx)}`;
  return `${expr.op}(${text(expr.a)}${expr.b === undefined ? '' : `, ${text(expr.b)}`})`;
}

/** Reading a global as a float and reading its bits are two things. */
function floatBits(type: ValType): string {
  return ` as ${valTypeName(type)}`;
}

/** Floats as their bits, which say what a NaN holds. */
function constText({ kind, low, high }: Const): string {
  switch (kind) {
    case 'i':
      return `${low}`;
    case 'f':
      return `f32 bits 0x${hexWord(low)}`;
    case 'F':
      return `f64 bits 0x${hexWord(high)}${hexWord(low)}`;
    case 'I':
      return `0x${hexWord(high)}${hexWord(low)}`;
    case 'r':
    case 'v':
      throw new InternalError('no reference is a constant, and vectors are instructions');
  }
}

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function hex(offset: number): string {
  return `+0x${offset.toString(16)}`;
}
