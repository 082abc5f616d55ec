/** Rules by opcode, for function bodies and for constant expressions. */
import { invalid } from '../errors';
import type { Feature } from './features';
import type { OpName, SpecialOp } from './instructions';
import { INSTRUCTIONS, PREFIX_BASE } from './instructions';
import { readFunction, SPECIAL, signatureRule } from './rules';
import { refTo } from './types';
import { eachUnsupported, unsupported } from './unsupported';
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

const illegal: Rule = (v) => {
  throw v.illegal();
};

const code: Rule[] = new Array<Rule>(INSTRUCTION_IDS).fill(illegal);
eachUnsupported((op, proposal) => {
  code[op] = (v) => {
    throw unsupported(proposal, v.at);
  };
});
const constant = code.slice();
for (const prefix of Object.keys(PREFIX_BASE)) {
  code[Number(prefix)] = (v) => v.prefixed(code);
  constant[Number(prefix)] = (v) => v.prefixed(constant);
}

for (const row of INSTRUCTIONS) {
  const { op, name, feature } = row;
  const rule = row.sig === '' ? SPECIAL[name as SpecialOp] : signatureRule(row);
  code[op] = needing(feature, rule);
  if (CONSTANT.includes(name)) constant[op] = code[op];
  else if (EXTENDED.includes(name)) constant[op] = needing('extendedConst', rule, `${NOT_CONSTANT}: `);
  else constant[op] = needing(feature, STRICTER[name] ?? notConstant);
}

export const CODE_RULES: Rules = code;
export const CONSTANT_RULES: Rules = constant;
