/** Imports point one way. Each room lists the rooms it may import from; the list is the design's section 3. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

interface Rule {
  /** Rooms that may be imported. */
  readonly from: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types?: readonly string[];
  /** Packages and Node modules that may be imported; none by default. */
  readonly packages?: RegExp;
}

const ENTRIES = [
  'src/core.ts',
  'src/index.ts',
  'src/webassembly.ts',
  'src/webassembly-snapshot.ts',
  'src/snapshot',
  'src/node.ts',
  'src/debug',
];

/** Rooms by path, the longest prefix first found counts. */
const RULES: Record<string, Rule> = {
  'src/errors.ts': { from: [] },
  'src/checks.ts': { from: [] },
  'src/summary.ts': { from: [] },
  'src/summary.min.ts': { from: [] },
  'src/decoder': { from: ['src/errors.ts', 'src/checks.ts', 'src/summary.ts'] },
  'src/runtime': { from: ['src/errors.ts', 'src/checks.ts', 'src/summary.ts', 'src/decoder'] },
  'src/lowering': { from: ['src/errors.ts', 'src/decoder'] },
  // The generator runs at build time, in Node.
  'src/interpreter/templates': {
    from: ['src/interpreter', 'src/decoder', 'src/lowering'],
    packages: /^node:/,
  },
  'src/interpreter': {
    from: ['src/errors.ts', 'src/checks.ts', 'src/summary.ts', 'src/decoder', 'src/runtime', 'src/lowering'],
  },
  // It runs no code of the interpreter's: it is given the machine, by the tier interface.
  'src/compiler/native': {
    from: ['src/errors.ts', 'src/decoder', 'src/runtime', 'src/compiler/limits.ts'],
    types: ['src/interpreter', 'src/lowering'],
  },
  // The same, but for the templates, which say what instructions compute for all who make JavaScript of them.
  'src/compiler/javascript': {
    from: [
      'src/errors.ts',
      'src/decoder',
      'src/runtime',
      'src/lowering',
      'src/interpreter/fuel.ts',
      'src/interpreter/templates',
      'src/compiler/limits.ts',
    ],
    types: ['src/interpreter'],
  },
  'src/compiler/limits.ts': { from: ['src/decoder'], types: ['src/interpreter'] },
  // Files that pause write and read snapshots.
  'src/compiler/javascript/ahead': {
    from: [
      'src/errors.ts',
      'src/decoder',
      'src/runtime',
      'src/lowering',
      'src/interpreter/fuel.ts',
      'src/compiler/javascript',
      'src/snapshot',
    ],
  },
  'src/snapshot': {
    from: ['src/errors.ts', 'src/checks.ts', 'src/decoder', 'src/runtime', 'src/interpreter'],
  },
  // WASI sees memory and host-function types, how imports are looked up, where to say that calls never wait, and the hand-written UTF-8.
  'src/wasi': {
    from: [
      'src/errors.ts',
      'src/checks.ts',
      'src/decoder',
      'src/runtime/lookup.ts',
      'src/runtime/prompts.ts',
    ],
    types: ['src/runtime'],
  },
  // It uses of WASI what any interface beside it would: the guest's memory, digests, the codec of states.
  'src/wasi-nn': {
    from: ['src/errors.ts', 'src/checks.ts', 'src/decoder', 'src/wasi'],
  },
  'src/js-api': {
    from: ['src/errors.ts', 'src/checks.ts', 'src/decoder', 'src/runtime', 'src/interpreter', 'src/snapshot'],
  },
  'src/core.ts': {
    from: ['src/errors.ts', 'src/checks.ts', 'src/decoder', 'src/runtime', 'src/interpreter'],
  },
  'src/index.ts': { from: ['src/core.ts', 'src/runtime', 'src/interpreter'] },
  'src/debug': { from: ['src/errors.ts', 'src/decoder', 'src/index.ts'] },
  'src/factories.ts': { from: ['src/interpreter'] },
  'src/webassembly.ts': { from: ['src/js-api', 'src/errors.ts'] },
  'src/webassembly-snapshot.ts': { from: ['src/js-api', 'src/errors.ts'] },
  'src/node.ts': {
    from: [...ENTRIES, 'src/checks.ts', 'src/wasi', 'src/js-api', 'embed/node', 'embed/loop'],
    packages: /^node:/,
  },
  'src/cli': {
    from: [
      ...ENTRIES,
      'src/errors.ts',
      'src/wasi',
      'src/wasi-nn',
      'src/decoder',
      'src/lowering',
      'src/interpreter',
      'src/compiler/javascript/ahead',
      'embed/node',
      'embed/loop',
      // `tswasm wast` runs scripts with the runner of our own tests.
      'spec-tests',
    ],
    packages: /^(node:|wabt$)/,
  },
  'embed/quickjs': { from: [...ENTRIES, 'src/factories.ts', 'src/wasi'] },
  // What hosts with an event loop have in common.
  'embed/loop': { from: [...ENTRIES, 'src/checks.ts', 'src/wasi', 'src/js-api/turns.ts'] },
  'embed/node': {
    from: [
      ...ENTRIES,
      'src/checks.ts',
      'src/wasi',
      'src/js-api',
      'embed/loop',
      'src/compiler',
      // What it keeps between processes.
      'src/decoder/known-bodies.ts',
      'src/decoder/parts.ts',
    ],
    types: ['src/decoder'],
    packages: /^node:/,
  },
  'src/browser.ts': { from: [...ENTRIES, 'src/checks.ts', 'src/wasi', 'src/js-api', 'embed/loop'] },
};

export function roomOf(file: string): string | undefined {
  return Object.keys(RULES)
    .sort((a, b) => b.length - a.length)
    .find((room) => file === room || file.startsWith(`${room}/`));
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(root, file), 'utf8'),
    ts.ScriptTarget.ES2022,
  );
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const typeOnly = ts.isImportDeclaration(node)
        ? node.importClause !== undefined && isTypeOnly(node.importClause)
        : node.isTypeOnly;
      found.push({ specifier: (node.moduleSpecifier as ts.StringLiteral).text, typeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypeOnly(clause: ts.ImportClause): boolean {
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings } = clause;
  if (clause.name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((e) => e.isTypeOnly);
}

function isAllowed(file: string, room: string, { specifier, typeOnly }: Import): boolean {
  const { from, types = [], packages } = RULES[room]!;
  if (!specifier.startsWith('.')) return packages?.test(specifier) ?? false;
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const inside = (place: string) =>
    [place, place.replace(/\.ts$/, ''), place.replace(/\/index\.ts$/, '')].includes(target) ||
    target.startsWith(`${place}/`);
  return inside(room) || from.some(inside) || (typeOnly && types.some(inside));
}

/** Imports of `files` that their room may not make. */
export function forbiddenImports(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const room = roomOf(file);
    if (room === undefined) return [`${file} is in no room that scripts/laws/imports.ts knows`];
    return importsOf(file)
      .filter((i) => !isAllowed(file, room, i))
      .map((i) => `${file} imports ${i.typeOnly ? 'types of ' : ''}${i.specifier}`);
  });
}

/** The file that a relative specifier names. */
function resolved(file: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  return [target, `${target}.ts`, `${target}/index.ts`].find((candidate) => known.has(candidate));
}

/** Circles of imports among files, those of types included: each as its files, sorted. */
export function importCircles(files: readonly string[]): string[][] {
  const known = new Set(files);
  const edges = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .map(({ specifier }) => (specifier.startsWith('.') ? resolved(file, specifier, known) : undefined))
        .filter((target) => target !== undefined),
    ]),
  );
  // Tarjan's strongly connected components.
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    open.push(file);
    for (const target of edges.get(file)!) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== order.get(file)) return;
    const members = open.splice(open.indexOf(file));
    if (members.length > 1 || edges.get(file)!.includes(file)) circles.push(members.sort());
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return circles;
}
