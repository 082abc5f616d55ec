/** Functions that this tier leaves to the interpreter, and why. */
import { type ModuleData, V128, type ValType } from '../../decoder';
import { type Expr, isExceptional, type LoweredBody, type Statement } from '../../lowering';
import { bodyOf } from './bodies';
import { everyStatement } from './walk';

/** Blocks inside each other: parsers of engines nest calls for each. */
const MOST_NESTED = 250;
/** Slots of a frame: each is a variable or two. */
const MOST_SLOTS = 2000;
/** Statements and expressions of a body: engines do not compile functions that are very large, and parse them at once. */
const MOST_NODES = 40_000;

const known = new WeakMap<ModuleData, Map<number, string | undefined>>();

export function whyNot(module: ModuleData, funcidx: number): string | undefined {
  let all = known.get(module);
  if (all === undefined) {
    all = new Map();
    known.set(module, all);
  }
  if (!all.has(funcidx)) all.set(funcidx, whyNotBody(module, bodyOf(module, funcidx)));
  return all.get(funcidx);
}

function whyNotBody(module: ModuleData, body: LoweredBody): string | undefined {
  const { statements, usesExceptions, slots, size, locals, funcidx } = body;
  if (usesExceptions) return 'it throws or handles exceptions';
  if (slots > MOST_SLOTS) return `its frame has ${slots} slots, more than ${MOST_SLOTS}`;
  if (size > MOST_NODES) return `it has ${Math.round(size)} instructions, more than ${MOST_NODES}`;
  const { params, results } = module.types[module.funcTypes[funcidx]].composite.func;
  if ([...params, ...results, ...locals.groups.map(({ type }) => type)].includes(V128)) return VECTORS;
  let nesting = 0;
  let vectors = false;
  everyStatement(statements, (statement, depth) => {
    nesting = Math.max(nesting, depth);
    vectors ||= hasVectors(module, statement);
  });
  if (vectors) return VECTORS;
  return nesting > MOST_NESTED ? `blocks are nested ${nesting} deep, more than ${MOST_NESTED}` : undefined;
}

const VECTORS = 'it uses vectors';

function hasVectors(module: ModuleData, statement: Statement): boolean {
  const { types, funcTypes } = module;
  const isVector = (list: readonly ValType[]): boolean => list.includes(V128);
  if (isExceptional(statement)) return false;
  switch (statement.kind) {
    case 'set':
    case 'drop':
    case 'global.set':
      return readsVector(statement.value);
    case 'store':
      return readsVector(statement.address) || readsVector(statement.value);
    case 'vector.store':
      return true;
    case 'move':
      return isVector(statement.types);
    case 'if':
    case 'br_if':
      return readsVector(statement.condition);
    case 'br_table':
      return readsVector(statement.index);
    case 'call':
    case 'tail': {
      const { params, results } = types[funcTypes[statement.funcidx]].composite.func;
      return isVector(params) || isVector(results);
    }
    case 'call_indirect':
    case 'call_ref':
    case 'tail_indirect':
    case 'tail_ref': {
      const { params, results } = types[statement.typeidx].composite.func;
      return isVector(params) || isVector(results);
    }
    case 'effect':
    case 'bulk':
    case 'block':
    case 'loop':
    case 'br':
    case 'return':
    case 'unreachable':
      return false;
  }
}

/** Whether a vector, or a lane of one, is in the tree. */
function readsVector(expr: Expr): boolean {
  switch (expr.op) {
    case 'get':
      return expr.held === V128;
    case 'vector':
    case 'build':
      return true;
    case 'const':
    case 'global.get':
      return expr.type === V128;
    case 'select':
      return readsVector(expr.a) || readsVector(expr.b) || readsVector(expr.condition);
    default:
      return readsVector(expr.a) || ('b' in expr && expr.b !== undefined && readsVector(expr.b));
  }
}
