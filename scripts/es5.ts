/**
 * Programs in ECMAScript 5, but for BigInt and what a library can add (typed arrays, Map, WeakMap, Symbol, Promise): Hermes parses no
 * classes. The TypeScript compiler lowers the syntax, esbuild puts the files together and minifies.
 */
import { type BuildOptions, transform } from 'esbuild';
import ts from 'typescript';
import { bundle } from './min.ts';
import { smaller } from './smaller.mjs';

/** In ES5 a class that extends Error makes errors of class Error: `Error()` gives another object. This one does not. */
const BASE_ERROR = `function tswasmBaseError(message, options) {
  if (message !== undefined) {
    Object.defineProperty(this, 'message', { value: String(message), writable: true, configurable: true });
  }
  if (options !== undefined && 'cause' in options) {
    Object.defineProperty(this, 'cause', { value: options.cause, writable: true, configurable: true });
  }
  if (Error.captureStackTrace) Error.captureStackTrace(this);
  else Object.defineProperty(this, 'stack', { value: new Error(message).stack, writable: true, configurable: true });
}
tswasmBaseError.prototype = Error.prototype;
`;

/** The one method of ECMAScript 2022 that the core calls and Hermes 0.12 lacks. */
const AT = `[Array, String, Object.getPrototypeOf(Uint8Array.prototype).constructor].forEach(function (type) {
  if (type.prototype.at) return;
  Object.defineProperty(type.prototype, 'at', {
    value: function (index) { return this[index < 0 ? this.length + index : index]; },
    writable: true,
    configurable: true,
  });
});
`;

/** Classes extend `tswasmBaseError` where they extended Error. */
const onBaseError: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isExpressionWithTypeArguments(node) && ts.isHeritageClause(node.parent)) {
      const { expression, typeArguments } = node;
      if (ts.isIdentifier(expression) && expression.text === 'Error') {
        const base = ts.factory.createIdentifier('tswasmBaseError');
        return ts.factory.updateExpressionWithTypeArguments(node, base, typeArguments);
      }
    }
    return ts.visitEachChild(node, visit, context);
  };
  return ts.visitEachChild(file, visit, context);
};

/** A script in ES5, minified, from one in newer ECMAScript. esbuild refuses what is not ES5. */
export async function toEs5(script: string): Promise<string> {
  const { outputText } = ts.transpileModule(script, {
    compilerOptions: { target: ts.ScriptTarget.ES5, module: ts.ModuleKind.None, downlevelIteration: true },
    transformers: { before: [onBaseError] },
  });
  const { code } = await transform(AT + BASE_ERROR + outputText, {
    target: 'es5',
    supported: { bigint: true },
    minify: true,
  });
  return smaller(code, 'es5');
}

/** A script whose global `name` is what these files export. */
export async function bundleScript(
  files: readonly string[],
  name: string,
  options: BuildOptions = {},
): Promise<string> {
  return (await bundle(files, { ...options, minify: false, format: 'iife', globalName: name })).text;
}
