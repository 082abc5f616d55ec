/** What each development dependency is for: which files import it, or which script runs it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

const PLACES = ['.ci', 'bench', 'docs', 'embed', 'examples', 'fleet', 'scripts', 'spec-tests', 'src'];
const IS_CODE = /\.[cm]?[jt]sx?$/;

/** Code of the repository, from its root with `/`, configuration files at the root included. */
function codeFiles(): string[] {
  const files = PLACES.flatMap((place) =>
    readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' }).map(
      (file) => `${place}/${file.replaceAll(path.sep, '/')}`,
    ),
  );
  const configs = readdirSync(root).filter((file) => file.includes('.config.'));
  return [...files, ...configs].filter(
    (file) => IS_CODE.test(file) && !/\.generated\.|node_modules\//.test(file),
  );
}

/** `name` or `@scope/name` of a specifier. */
export function packageOf(specifier: string): string | undefined {
  return /^(@[\w.-]+\/)?[a-z0-9][\w.-]*(?=$|\/)/i.exec(specifier)?.[0];
}

/** Calls that load what their first argument names: `require`, `require.resolve`, `import.meta.resolve`, `createRequire(...)`. */
function isLoad(call: ts.CallExpression): boolean {
  const { expression } = call;
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(expression)) return /^(require|resolve|load\w*)$/.test(expression.text);
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text === 'resolve';
  return ts.isCallExpression(expression);
}

/**
 * Packages that a text names as what it loads: in imports, in calls that load, as a path below `node_modules`, and as a constant that is
 * typed `string`, which is how an import is hidden from bundlers.
 */
export function packagesIn(name: string, text: string): Set<string> {
  const found = new Set<string>();
  const add = (specifier: string): void => {
    const known = packageOf(specifier);
    if (known !== undefined) found.add(known);
  };
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
      add((node.moduleSpecifier as ts.StringLiteral).text);
    else if (ts.isCallExpression(node) && isLoad(node)) {
      const [first] = node.arguments;
      if (first !== undefined && ts.isStringLiteralLike(first)) add(first.text);
      // The file in the package is chosen later.
      else if (first !== undefined && ts.isTemplateExpression(first)) add(first.head.text);
    } else if (ts.isVariableDeclaration(node) && node.type?.kind === ts.SyntaxKind.StringKeyword) {
      if (node.initializer !== undefined && ts.isStringLiteralLike(node.initializer))
        add(node.initializer.text);
    }
    if (ts.isStringLiteralLike(node)) {
      const below = /(?:^|\/)node_modules\/(.+)/.exec(node.text);
      if (below !== null) add(below[1]);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true));
  return found;
}

/** Packages whose programs the scripts of the manifest and `.ci/run` start. */
function packagesRun(names: readonly string[]): Set<string> {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const lines = [...Object.values(scripts), readFileSync(path.join(root, '.ci/run'), 'utf8')];
  const words = new Set(lines.flatMap((line) => line.split(/[\s&|;()]+/)));
  return new Set(
    names.filter((name) => {
      const { bin } = JSON.parse(
        readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8'),
      ) as { bin?: string | Record<string, string> };
      const bins = typeof bin === 'string' ? [name.split('/').at(-1)!] : Object.keys(bin ?? {});
      return bins.some((one) => words.has(one));
    }),
  );
}

/** The dependencies that nothing imports or runs. */
export function unusedDependencies(): string[] {
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const names = Object.keys(devDependencies);
  const used = packagesRun(names);
  for (const file of codeFiles()) {
    const text = readFileSync(path.join(root, file), 'utf8');
    // Parsing all files would take a minute: those that could tell of another tool are few.
    if (!names.some((name) => !used.has(name) && text.includes(name))) continue;
    for (const name of packagesIn(file, text)) used.add(name);
  }
  return names.filter((name) => !used.has(name));
}
