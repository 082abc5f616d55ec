import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { I64, Module } from '../../../decoder';
import { TRAP_MESSAGES, type TrapCode } from '../../../errors';
import { WebAssembly } from '../../../webassembly';
import { compileFile, TARGETS } from '.';
import { DIALECTS, type Target } from './dialects';
import { loadFile } from './testing';
import { bytesOf, type Call, PROGRAMS } from './testing-programs';

type Exports = Readonly<Record<string, (...args: unknown[]) => unknown>>;
/** What a call comes to, in words. */
function outcome(call: () => unknown): string {
  try {
    return shown(call());
  } catch (error) {
    if (error instanceof RangeError) return `trap: ${TRAP_MESSAGES.callStackExhausted}`;
    if (error instanceof WebAssembly.RuntimeError) return `trap: ${error.message}`;
    const { code } = error as { code?: string };
    if (code === undefined || !(code in TRAP_MESSAGES)) throw error;
    return `trap: ${TRAP_MESSAGES[code as TrapCode]}`;
  }
}
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join();
  return Object.is(value, -0) ? '-0' : String(value);
}

const log = (a: number, b: unknown, c: number): number => a * 2 + Number(b) + c;
const pairOf = (value: bigint): number[] => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
];
const fromPair = ([low, high]: number[]): bigint => BigInt(high) * 2n ** 32n + BigInt(low >>> 0);

function expected(bytes: Uint8Array, calls: readonly Call[]): string[] {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { log, base: 37 } })
    .exports as Exports;
  return calls.map(([name, ...args]) => outcome(() => exports[name](...args)));
}

function compiled(bytes: Uint8Array, target: Target): string {
  const made = compileFile(Module.decode(bytes), { target });
  if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
  return made.text;
}

/** As `expected`, of a file; an i64 that is an array of two words is one number again. */
function found(bytes: Uint8Array, calls: readonly Call[], target: Target): string[] {
  const { bigInts } = DIALECTS[target];
  const given = bigInts
    ? log
    : (a: number, b: unknown, c: number): number => log(a, fromPair(b as number[]), c);
  const { exports } = loadFile(compiled(bytes, target), target).instantiate({
    env: { log: given, base: 37 },
  });
  const wide = Module.decode(bytes);
  return calls.map(([name, ...args]) => {
    const values = args.map((arg) => (bigInts || typeof arg !== 'bigint' ? arg : pairOf(arg)));
    const { index } = wide.exports.find((entry) => entry.name === name)!;
    const { results } = wide.types[wide.funcTypes[index]].composite.func;
    const isPair = !bigInts && results.length === 1 && results[0] === I64;
    return outcome(() => {
      const result = (exports as Exports)[name](...values);
      return isPair ? fromPair(result as number[]) : result;
    });
  });
}

describe.each(TARGETS)('a file for %s', (target) => {
  it.each(Object.keys(PROGRAMS))('does what the interpreter does: %s', (name) => {
    const { wat: text, calls } = PROGRAMS[name];
    const skips = name.startsWith('NaNs') && !DIALECTS[target].keepsBits;
    const bytes = bytesOf(text);
    const right = expected(bytes, calls);
    if (skips) expect(found(bytes, calls.slice(-1), target)).toEqual(right.slice(-1));
    else expect(found(bytes, calls, target)).toEqual(right);
  });

  it('is the same each time, and says what it lacks', () => {
    const bytes = bytesOf(PROGRAMS['globals, start and imports'].wat);
    expect(compiled(bytes, target)).toBe(compiled(bytes, target));
    const { instantiate } = loadFile(compiled(bytes, target), target);
    expect(() => instantiate({})).toThrow('import env.log is missing');
    expect(() => instantiate({ env: { log: 3, base: 1 } })).toThrow('import env.log is no function');
    const vectors = bytesOf('(func (param v128))');
    expect(compileFile(Module.decode(vectors), { target })).toEqual({
      kind: 'refused',
      reasons: ['function 0: it uses vectors'],
    });
  });

  it('traps where a segment does not fit', () => {
    const bytes = bytesOf('(memory 1) (data (i32.const 65535) "ab")');
    expect(outcome(() => loadFile(compiled(bytes, target), target).instantiate({}))).toBe(
      'trap: out of bounds memory access',
    );
  });
});

/** What the parser of Espruino does not know, or takes for something else. */
const UNKNOWN_TO_ESPRUINO: readonly [what: string, is: (node: ts.Node) => boolean][] = [
  [
    'a label',
    (node) =>
      ts.isLabeledStatement(node) || (ts.isBreakOrContinueStatement(node) && node.label !== undefined),
  ],
  ['a switch', ts.isSwitchStatement],
  [
    'let or const',
    (node) => ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) !== 0,
  ],
  [
    'an arrow function, a class or a template',
    (node) => ts.isArrowFunction(node) || ts.isClassLike(node) || ts.isTemplateExpression(node),
  ],
  [
    'a spread, a default or destructuring',
    (node) =>
      ts.isSpreadElement(node) ||
      ts.isObjectBindingPattern(node) ||
      (ts.isParameter(node) && node.initializer !== undefined),
  ],
  [
    '?? or **',
    (node) =>
      ts.isBinaryExpression(node) &&
      [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.AsteriskAsteriskToken].includes(
        node.operatorToken.kind,
      ),
  ],
  [
    'a BigInt or a regular expression',
    (node) => ts.isBigIntLiteral(node) || ts.isRegularExpressionLiteral(node),
  ],
  ['a number that it would round', (node) => ts.isNumericLiteral(node) && Number(node.text) > 2 ** 32],
  ['continue in a do', (node) => ts.isContinueStatement(node) && ts.isDoStatement(loopAround(node))],
];

function loopAround(node: ts.Node): ts.Node {
  let around = node.parent;
  while (!ts.isIterationStatement(around, false) && !ts.isFunctionLike(around)) around = around.parent;
  return around;
}

function problemsOf(text: string): string[] {
  const file = ts.createSourceFile('file.js', text, ts.ScriptTarget.ES5, true);
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    for (const [what, is] of UNKNOWN_TO_ESPRUINO)
      if (is(node)) problems.push(`${what}: ${node.getText(file).slice(0, 60)}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return problems;
}

describe('the grammar of Espruino', () => {
  it.each(Object.keys(PROGRAMS))('%s', (name) => {
    const bytes = bytesOf(PROGRAMS[name].wat);
    expect(problemsOf(compiled(bytes, 'espruino'))).toEqual([]);
    const pausing = compileFile(Module.decode(bytes), { target: 'espruino', pausable: true });
    expect(problemsOf(pausing.kind === 'file' ? pausing.text : '?')).toEqual([]);
  });

  it('finds what it looks for', () => {
    const bytes = bytesOf(PROGRAMS['jumps out of blocks, loops and tables of branches'].wat);
    expect(problemsOf(compiled(bytes, 'node')).length).toBeGreaterThan(5);
    expect(problemsOf('for(;;){do{continue}while(0)}')).toHaveLength(1);
  });
});
