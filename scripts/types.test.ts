/**
 * The package's types as its users meet them: strict, with `skipLibCheck` off, under each way to resolve modules, with and without the DOM; and
 * the examples and the code of the README with them.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './laws/files.ts';

const place = path.join(root, 'node_modules/.cache/tswasm-types');
const consumer = path.join(place, 'consumer');

/** An installed package: its manifest and declarations, away from this repository's own packages. */
beforeAll(() => {
  rmSync(place, { recursive: true, force: true });
  const installed = path.join(consumer, 'node_modules/tswasm');
  mkdirSync(installed, { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
  cpSync(path.join(root, 'dist'), path.join(installed, 'dist'), {
    recursive: true,
    filter: (from) => !/\.(c?js|map|wasm)$/.test(from),
  });
  mkdirSync(path.join(consumer, 'node_modules/@types'));
  // A package without types of its own.
  writeFileSync(path.join(consumer, 'sql.d.ts'), "declare module 'sql.js';\n");
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(consumer, 'node_modules', name));
  }
  const source = (name: string) => readFileSync(path.join(root, 'scripts/types', name), 'utf8');
  for (const name of ['consumer', 'dom']) {
    for (const ending of ['mts', 'cts'])
      writeFileSync(path.join(consumer, `${name}.${ending}`), source(`${name}.ts`));
  }
  writeFileSync(path.join(consumer, 'min.mts'), source('min.ts'));
  writeFileSync(path.join(consumer, 'package.json'), '{ "type": "module" }');
  readme().forEach((text, k) => {
    writeFileSync(path.join(consumer, `readme-${k}.mts`), text);
  });
  const examples = path.join(root, 'examples');
  for (const name of readdirSync(examples).filter((one) => one.endsWith('.mjs'))) {
    cpSync(path.join(examples, name), path.join(consumer, name));
  }
});

/** The JavaScript and TypeScript of the README. */
function readme(): string[] {
  const text = readFileSync(path.join(root, 'README.md'), 'utf8');
  return [...text.matchAll(/^```[jt]s(?: [^\n]*)?\n(.*?)^```$/gms)].map(([, code]) => code);
}

/** Source files of the compiler's own libraries and of @types by format and name, read once. */
const shared = new Map<string, ts.SourceFile | undefined>();

const FOREIGN = /\/(typescript\/lib|@types\/node|undici-types)\//;

function problems(files: readonly string[], options: ts.CompilerOptions): string[] {
  const settings: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    allowJs: true,
    checkJs: true,
    ...options,
  };
  const host = ts.createCompilerHost(settings);
  const { getSourceFile } = host;
  host.getCurrentDirectory = () => consumer;
  host.getSourceFile = (name, version, ...rest) => {
    if (!FOREIGN.test(name)) return getSourceFile(name, version, ...rest);
    const format = typeof version === 'object' ? version.impliedNodeFormat : undefined;
    const key = `${format} ${name}`;
    if (!shared.has(key)) shared.set(key, getSourceFile(name, version, ...rest));
    return shared.get(key);
  };
  const program = ts.createProgram(
    files.map((file) => path.join(consumer, file)),
    settings,
    host,
  );
  // Of the compiler's own libraries and of Node's types only what they say about ours: a name that is there twice is wrong at both places.
  const ours = program.getSourceFiles().filter(({ fileName }) => !FOREIGN.test(fileName));
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  return found.map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const name = file && path.relative(consumer, file.fileName);
    return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const { ModuleKind, ModuleResolutionKind } = ts;
interface Way {
  readonly options: ts.CompilerOptions;
  /** With the DOM, and without it: as who resolves in this way has it. */
  readonly dom: readonly boolean[];
}
const way = (
  module: ts.ModuleKind,
  moduleResolution: ts.ModuleResolutionKind,
  dom: readonly boolean[],
): Way => ({ options: { module, moduleResolution }, dom });
const WAYS = {
  node16: way(ModuleKind.Node16, ModuleResolutionKind.Node16, [false, true]),
  nodenext: way(ModuleKind.NodeNext, ModuleResolutionKind.NodeNext, [false]),
  bundler: way(ModuleKind.ESNext, ModuleResolutionKind.Bundler, [true]),
};
const WITHOUT_DOM = ['lib.es2022.d.ts'];
const WITH_DOM = ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'];

/** Compiling all of it again takes a few seconds when nothing else runs here. */
const PATIENCE = 300_000;

describe.each(Object.entries(WAYS))('with %s', (name, { options, dom }) => {
  const formats = name === 'bundler' ? ['mts'] : ['mts', 'cts'];
  const files = (isDom: boolean) => [
    ...formats.map((format) => `consumer.${format}`),
    'min.mts',
    ...readdirSync(consumer).filter((file) => /^readme-|\.mjs$|^sql/.test(file)),
    ...(isDom ? formats.map((format) => `dom.${format}`) : []),
  ];

  it.each(dom)('the API, the README and the examples compile, DOM: %s', { timeout: PATIENCE }, (isDom) => {
    expect(files(isDom).length).toBeGreaterThan(6);
    expect(problems(files(isDom), { ...options, lib: isDom ? WITH_DOM : WITHOUT_DOM })).toEqual([]);
  });
});

it('node10 finds the entries', { timeout: PATIENCE }, () => {
  const node10 = {
    module: ModuleKind.CommonJS,
    moduleResolution: ModuleResolutionKind.Node10,
    lib: WITHOUT_DOM,
  };
  expect(problems(['consumer.cts'], node10)).toEqual([]);
});

it('the check finds what it looks for', { timeout: PATIENCE }, () => {
  writeFileSync(
    path.join(consumer, 'wrong.mts'),
    "import { nothing } from 'tswasm';\nexport default nothing;\n",
  );
  expect(problems(['wrong.mts'], { ...WAYS.node16.options, lib: WITHOUT_DOM })).toEqual([
    `wrong.mts:1: Module '"tswasm"' has no exported member 'nothing'.`,
  ]);
});
