/**
 * Writes src/compiler/javascript/ahead/parts.generated.ts: each function of src/runtime/numerics.ts and of ahead/parts/ as a text in
 * ECMAScript 5, with the names that it needs. Functions of `Math` become names too (`imul` for `Math.imul`), which a dialect defines.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import ts from 'typescript';

const FOLDER = 'src/compiler/javascript/ahead/parts';
const SOURCES = ['src/runtime/numerics.ts', ...readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`)];
const TARGET = 'src/compiler/javascript/ahead/parts.generated.ts';
/** What numerics.ts calls otherwise. */
const RENAMED: Readonly<Record<string, string>> = { words: 'W' };
/** Of numerics.ts: shared.ts has `W`. */
const LEFT_OUT = ['var Words =', 'var W = new Words('];
const BUILT_IN: Readonly<Record<string, string>> = {
  'Number.isNaN': 'isNaN',
  'Object.is': 'is',
  'Number.NaN': 'NaN',
};
/** Functions of `Math` that every engine has, and has right. */
const COMMON_MATH = new Set(['floor', 'ceil', 'abs']);

/** Names that a dialect gives a meaning (ahead/file.ts). */
const GIVEN = ['imul', 'clz32', 'fround', 'trunc', 'min', 'max', 'sqrt', 'messages', 'toI64', 'fromI64'];

interface Found {
  readonly name: string;
  readonly text: string;
}

/** `Math.imul` and others as names, and renamed names. */
const asNames: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const whole = `${node.expression.text}.${node.name.text}`;
      const name = BUILT_IN[whole];
      if (name !== undefined) return ts.factory.createIdentifier(name);
      const isOwn = file.fileName.startsWith(FOLDER);
      if (node.expression.text === 'Math' && !isOwn && !COMMON_MATH.has(node.name.text)) {
        return ts.factory.createIdentifier(node.name.text);
      }
    }
    if (ts.isIdentifier(node) && RENAMED[node.text] !== undefined) {
      return ts.factory.createIdentifier(RENAMED[node.text]);
    }
    return ts.visitEachChild(node, visit, context);
  };
  return ts.visitNode(file, visit) as ts.SourceFile;
};

function declarations(source: string): Found[] {
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: { target: ts.ScriptTarget.ES5, module: ts.ModuleKind.ESNext, removeComments: true },
    transformers: { before: [asNames] },
  });
  const file = ts.createSourceFile('parts.js', outputText, ts.ScriptTarget.ES5, true);
  const found: Found[] = [];
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) continue;
    const text = statement.getText(file).replace(/^export /, '');
    if (ts.isFunctionDeclaration(statement)) found.push({ name: statement.name!.text, text });
    else if (ts.isVariableStatement(statement)) {
      const [declaration] = statement.declarationList.declarations;
      found.push({ name: (declaration.name as ts.Identifier).text, text });
    } else throw new Error(`${source}: neither a function nor a variable: ${text}`);
  }
  return found.filter(({ text }) => !LEFT_OUT.some((start) => text.startsWith(start)));
}

/** Names that a text uses and others define. */
function needsOf({ name, text }: Found): string[] {
  const needs = new Set<string>();
  const file = ts.createSourceFile('part.js', text, ts.ScriptTarget.ES5, true);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      if (!isProperty && node.text !== name) needs.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...needs];
}

const all = SOURCES.flatMap(declarations);
const names = new Set(all.map(({ name }) => name));
if (names.size !== all.length) throw new Error('two parts have one name');
for (const name of GIVEN) names.add(name);
const rows = all.map((found) => {
  const { code } = transformSync(found.text, { minify: true, target: 'es5', charset: 'ascii' });
  const needs = needsOf({ name: found.name, text: code }).filter((name) => names.has(name));
  return `  ${JSON.stringify(found.name)}: { text: ${JSON.stringify(code.trim())}, needs: ${JSON.stringify(needs)} },\n`;
});
writeFileSync(
  TARGET,
  `/** Written by scripts/parts.ts. */\nexport const PARTS: Readonly<Record<string, { readonly text: string; readonly needs: readonly string[] }>> = {\n${rows.join('')}};\n`,
);
