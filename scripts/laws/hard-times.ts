/**
 * Finds assertions that a busy machine can break: an upper bound, in a test, on something measured with a clock. Work is counted in tests
 * instead, and time is measured in bench/. Lower bounds (a sleep that is no shorter than it should be) are right on every machine.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

export function testsOf(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file.replaceAll(path.sep, '/')}`)
    .sort();
}

const CLOCK = /^(performance\.now|Date\.now|process\.hrtime(\.bigint)?|process\.cpuUsage)$/;
const UPPER_BOUNDS = new Set(['toBeLessThan', 'toBeLessThanOrEqual', 'toBeCloseTo']);

/** Places as `file:line`. */
export function hardTimes(files: readonly string[]): string[] {
  const program = ts.createProgram(
    files.map((file) => path.join(root, file)),
    { noResolve: true, noLib: true, types: [], target: ts.ScriptTarget.ES2022 },
  );
  return files.flatMap((file) => {
    const source = program.getSourceFile(path.join(root, file))!;
    return findings(source, program.getTypeChecker()).map((node) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      return `${file}:${line + 1}`;
    });
  });
}

function findings(source: ts.SourceFile, checker: ts.TypeChecker): ts.Node[] {
  const measured = measuredSymbols(source, checker);
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (boundedFromAbove(node, (part) => isMeasured(part, measured, checker))) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `expect(time).toBeLessThan(...)`, or a comparison of a time with a number that is written there. */
function boundedFromAbove(node: ts.Node, isTime: (node: ts.Node) => boolean): boolean {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    return (
      UPPER_BOUNDS.has(name.text) && ts.isCallExpression(expression) && expression.arguments.some(isTime)
    );
  }
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  const greater = kind === ts.SyntaxKind.GreaterThanToken || kind === ts.SyntaxKind.GreaterThanEqualsToken;
  const less = kind === ts.SyntaxKind.LessThanToken || kind === ts.SyntaxKind.LessThanEqualsToken;
  if (!greater && !less) return false;
  const [time, bound] = ts.isNumericLiteral(node.left) ? [node.right, node.left] : [node.left, node.right];
  return ts.isNumericLiteral(bound) && isTime(time);
}

/** Whether a clock is read in it, or one of these is used. A function inside is not run there. */
function isMeasured(node: ts.Node, measured: ReadonlySet<ts.Symbol>, checker: ts.TypeChecker): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) && CLOCK.test(node.expression.getText())) return true;
  if (ts.isIdentifier(node)) {
    const symbol = checker.getSymbolAtLocation(node);
    return symbol !== undefined && measured.has(symbol);
  }
  return ts.forEachChild(node, (child) => isMeasured(child, measured, checker) || undefined) ?? false;
}

/** Variables that get a value measured with a clock, arrays that get one, and functions that return one. */
function measuredSymbols(source: ts.SourceFile, checker: ts.TypeChecker): Set<ts.Symbol> {
  const measured = new Set<ts.Symbol>();
  const isTime = (node: ts.Node | undefined) => node !== undefined && isMeasured(node, measured, checker);
  const add = (name: ts.Node | undefined): void => {
    if (name && (ts.isArrayBindingPattern(name) || ts.isObjectBindingPattern(name))) {
      for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name);
    }
    const symbol = name && checker.getSymbolAtLocation(name);
    if (symbol !== undefined) measured.add(symbol);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && isTime(node.initializer)) add(node.name);
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      if (isTime(node.right)) add(node.left);
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      if (node.expression.name.text === 'push' && node.arguments.some(isTime))
        add(node.expression.expression);
    }
    if (ts.isReturnStatement(node) && isTime(node.expression)) add(nameOfFunction(node));
    if (ts.isArrowFunction(node) && isTime(node.body)) add(nameOfFunction(node.body));
    ts.forEachChild(node, visit);
  };
  // Until nothing is found any more: a function may be used above where it is written.
  for (let before = -1; before < measured.size; ) {
    before = measured.size;
    visit(source);
  }
  return measured;
}

function nameOfFunction(inside: ts.Node): ts.Node | undefined {
  const { parent } = inside;
  if (!ts.isFunctionLike(parent)) return ts.isSourceFile(parent) ? undefined : nameOfFunction(parent);
  if (parent.name !== undefined) return parent.name;
  return ts.isVariableDeclaration(parent.parent) ? parent.parent.name : undefined;
}
