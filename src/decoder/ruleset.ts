/** Rules by opcode, for function bodies and for constant expressions. */
import { invalid } from '../errors';
import type { Feature } from './features';
import type { Instruction, OpName, SpecialOp } from './instructions';
import { instructionOf, PREFIX_BASE } from './instructions';
import { readFunction, SPECIAL, signatureRule } from './rules';
import { refTo } from './types';
import { unsupported, unsupportedAt } from './unsupported';
import type { Rule, Rules, Validator } from './validator';

/** One more than the greatest dense id of any proposal. */
const INSTRUCTION_IDS = 0x600;

/** What constant expressions may hold as it is, what only extended ones may, and what they may under stricter rules. */
const CONSTANT: readonly OpName[] = [
  'i32.const',
  'i64.const',
  'f32.const',
  'f64.const',
  'v128.const',
  'ref.null',
  'end',
];
const EXTENDED: readonly OpName[] = ['i32.add', 'i32.sub', 'i32.mul', 'i64.add', 'i64.sub', 'i64.mul'];
const STRICTER: { readonly [K in OpName]?: Rule } = {
  'global.get': constantGlobal,
  'ref.func': constantFunc,
};
const NOT_CONSTANT = 'constant expression required';

function notConstant(v: Validator): never {
  throw invalid(NOT_CONSTANT, v.at);
}

/** Only globals before the one being defined are in the context. */
function constantGlobal(v: Validator): void {
  const global = v.index('global', v.context.globals);
  if (global.mutable) notConstant(v);
  v.push(global.value);
}

/** A `ref.func` outside of functions declares its operand. */
function constantFunc(v: Validator): void {
  const funcidx = readFunction(v);
  v.context.declare(funcidx);
  v.push(refTo(v.context.types[v.context.funcTypes[funcidx]]));
}

function needing(feature: 'mvp' | Feature, rule: Rule, clause = ''): Rule {
  if (feature === 'mvp') return rule;
  return (v) => {
    v.context.need(feature, v.at, clause);
    rule(v);
  };
}

function codeRule(row: Instruction): Rule {
  return needing(row.feature, row.sig === '' ? SPECIAL[row.name as SpecialOp] : signatureRule(row));
}
function constantRule(row: Instruction): Rule {
  const { name, feature } = row;
  if (CONSTANT.includes(name)) return codeRule(row);
  if (EXTENDED.includes(name)) return needing('extendedConst', codeRule(row), `${NOT_CONSTANT}: `);
  return needing(feature, STRICTER[name] ?? notConstant);
}

/** Each rule is made when a module has its instruction: a program has few of them, and every start would pay for all. */
function rulesBy(rule: (row: Instruction) => Rule): Rules {
  const first: Rule = (v) => {
    const { op } = v;
    const row = instructionOf[op];
    const proposal = unsupportedAt(op);
    if (row !== undefined) rules[op] = rule(row);
    else if (op in PREFIX_BASE) rules[op] = (w) => w.prefixed(rules);
    else if (proposal === undefined) throw v.illegal();
    else throw unsupported(proposal, v.at);
    rules[op](v);
  };
  const rules = new Array<Rule>(INSTRUCTION_IDS).fill(first);
  return rules;
}

export const CODE_RULES: Rules = rulesBy(codeRule);
export const CONSTANT_RULES: Rules = rulesBy(constantRule);
