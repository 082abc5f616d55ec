/**
 * `x === undefined` as `!x` where the compiler's types say that `x` is an object, if it is anything, and as `x == null` where they say that it is
 * not `null`: seven letters and two spaces less each, or three, and QuickJS has less to do. The first is not for what pages call: a value that
 * comes from there may be `null` in spite of its type.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { SyntaxKind, TypeFlags } = ts;

/** What is to be replaced in each file of a program, from its end to its beginning: [start, end, text]. */
export function presences(program) {
  const checker = program.getTypeChecker();
  const primitives = [
    ...[checker.getStringType(), checker.getNumberType(), checker.getBooleanType()],
    ...[checker.getBigIntType(), checker.getESSymbolType()],
  ];
  const isObject = (type) =>
    (type.flags & TypeFlags.Object) !== 0 && !primitives.some((one) => checker.isTypeAssignableTo(one, type));
  const isAbsent = (type) => (type.flags & TypeFlags.Undefined) !== 0;
  const partsOf = (type) => (type.isUnion() ? type.types : [type]);
  const isObjectOrAbsent = (type) => {
    const objects = partsOf(type).filter((one) => !isAbsent(one));
    return objects.length > 0 && objects.every(isObject);
  };
  const isNeverNull = (type) => partsOf(type).every((one) => (one.flags & MAY_BE_NULL) === 0);
  const editsOf = (file) => {
    const edits = [];
    const visit = (node) => {
      const asks =
        ts.isBinaryExpression(node) && isUndefined(node.right) && QUESTIONS.get(node.operatorToken.kind);
      const type = asks && checker.getTypeAtLocation(node.left);
      const { left } = node;
      if (asks && !isObjectOrAbsent(type) && isNeverNull(type)) {
        edits.push([left.getEnd(), node.getEnd(), asks.ofNull]);
      } else if (asks && isObjectOrAbsent(type)) {
        const start = left.getStart(file);
        edits.push(
          [start, start, isCondition(node) ? asks.condition : asks.value],
          [left.getEnd(), node.getEnd(), ')'],
        );
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return edits.sort(([a], [b]) => b - a);
  };
  const found = {};
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    const edits = editsOf(file);
    if (edits.length > 0) found[path.relative(root, file.fileName)] = edits;
  }
  return found;
}

const QUESTIONS = new Map([
  [SyntaxKind.EqualsEqualsEqualsToken, { condition: '!(', value: '!(', ofNull: ' == null' }],
  [SyntaxKind.ExclamationEqualsEqualsToken, { condition: '(', value: '!!(', ofNull: ' != null' }],
]);
const MAY_BE_NULL =
  TypeFlags.Null | TypeFlags.Void | TypeFlags.Any | TypeFlags.Unknown | TypeFlags.Instantiable;
const isUndefined = (node) => ts.isIdentifier(node) && node.text === 'undefined';

/** Whether nothing sees more of the value than whether it is true. */
function isCondition(node) {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return isCondition(parent);
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent)) return true;
  if (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === SyntaxKind.ExclamationToken;
  if (!ts.isBinaryExpression(parent)) return false;
  const { kind } = parent.operatorToken;
  const joins = kind === SyntaxKind.AmpersandAmpersandToken || kind === SyntaxKind.BarBarToken;
  return joins && isCondition(parent);
}

/** A plugin for esbuild that replaces them. */
export function withPresences(found) {
  return {
    name: 'presences',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        let contents = readFileSync(file, 'utf8');
        for (const [start, end, text] of found[path.relative(root, file)] ?? [])
          contents = contents.slice(0, start) + text + contents.slice(end);
        return { contents, loader: 'ts' };
      });
    },
  };
}
