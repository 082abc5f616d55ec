/**
 * A row without a handler is a type error in every room that must handle it (DESIGN.md, law 3). Rows of each sort are added to the instruction
 * table, in the compiler's eyes only; the places where TypeScript then misses something are the places that such an instruction touches,
 * as CONTRIBUTING.md counts them.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root, sourcesOf } from './files.ts';

const TABLE = 'src/decoder/instructions.ts';
const ROOMS = ['src/decoder', 'src/lowering', 'src/interpreter'];

/** A row, the key that tables then lack, and the files with those tables besides the instruction table. */
interface Fixture {
  readonly what: string;
  readonly row: string;
  readonly lacks: Readonly<Record<string, readonly string[]>>;
}

const FIXTURES: readonly Fixture[] = [
  {
    what: 'a numeric instruction',
    row: "[0x180, 'i32.fixture', 'ii:i']",
    lacks: { 'i32.fixture': ['src/interpreter/templates/table.ts'] },
  },
  {
    what: 'one with two results',
    row: "[0x181, 'i64.fixture128', 'IIII:II']",
    lacks: {
      'i64.fixture128': ['src/interpreter/templates/table.ts'],
      'IIII:II': ['src/lowering/numbers.ts'],
    },
  },
  {
    what: 'a load',
    row: "[0x182, 'i64.load_fixture', 'a:I', 'memarg', 'mvp', 8, 'traps']",
    lacks: { 'i64.load_fixture': ['src/interpreter/templates/access.ts'] },
  },
  {
    what: 'a store',
    row: "[0x183, 'i64.store_fixture', 'aI:', 'memarg', 'mvp', 8, 'traps']",
    lacks: { 'i64.store_fixture': ['src/lowering/numbers.ts'] },
  },
  {
    what: 'a SIMD instruction',
    row: "[0x186, 'i32x4.fixture', 'vv:v', 'none', 'simd']",
    lacks: { 'i32x4.fixture': ['src/interpreter/templates/vectors.ts'] },
  },
  {
    what: 'a SIMD instruction of a new shape',
    row: "[0x187, 'i64x2.fixture', 'vvvv:v', 'none', 'simd']",
    lacks: {
      'i64x2.fixture': ['src/interpreter/templates/vectors.ts'],
      'vvvv:v none': ['src/lowering/vectors.ts'],
    },
  },
  {
    what: 'a reference instruction',
    row: "[0x184, 'ref.fixture', '', 'none', 'referenceTypes']",
    lacks: {
      'ref.fixture': [
        'src/decoder/rules.ts',
        'src/decoder/walk.ts',
        'src/interpreter/effects.ts',
        'src/lowering/handlers.ts',
      ],
    },
  },
  {
    what: 'a structured instruction with immediates of a new kind',
    row: "[0x185, 'fixture_table', '', 'fixtures']",
    lacks: {
      fixture_table: [
        'src/decoder/rules.ts',
        'src/decoder/walk.ts',
        'src/interpreter/effects.ts',
        'src/lowering/handlers.ts',
      ],
      fixtures: ['src/decoder/immediates.ts'],
    },
  },
];

function edited(text: string, before: string, after: string): string {
  expect(text.split(before).length, `${before} in ${TABLE}`).toBe(2);
  return text.replace(before, after);
}

/** The table with more rows, and more kinds of immediates. */
function tableWith(rows: readonly string[], immediates: readonly string[]): string {
  const text = readFileSync(path.join(root, TABLE), 'utf8');
  const more = rows.map((row) => `  ${row},\n`).join('');
  const kinds = immediates.map((kind) => `  | '${kind}'\n`).join('');
  return edited(
    edited(text, '] as const satisfies', `${more}] as const satisfies`),
    "\n  | 'none'\n",
    `\n${kinds}  | 'none'\n`,
  );
}

/** What is wrong in the rooms with another text of the table, by file. */
function errorsWith(table: string): Map<string, string> {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config.config, include: [], files: [TABLE] },
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const { readFile, getSourceFile } = host;
  const isTable = (file: string) => path.relative(root, file) === TABLE;
  host.readFile = (file) => (isTable(file) ? table : readFile(file));
  host.getSourceFile = (file, ...rest) =>
    isTable(file) ? ts.createSourceFile(file, table, ts.ScriptTarget.ES2022) : getSourceFile(file, ...rest);
  const files = ROOMS.flatMap(sourcesOf).map((file) => path.join(root, file));
  const program = ts.createProgram(files, options, host);
  const errors = new Map<string, string>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`${file} is not in the program`);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    const texts = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    if (texts.length > 0) errors.set(path.relative(root, file), texts.join('\n'));
  }
  return errors;
}

describe('a row that nobody handles', () => {
  const errors = errorsWith(
    tableWith(
      FIXTURES.map(({ row }) => row),
      ['fixtures'],
    ),
  );
  /** Files that miss the key, which TypeScript names with or without quotes. */
  const lacking = (key: string) =>
    [...errors]
      .filter(([, text]) => new RegExp(`(?<![\\w.])${key}(?![\\w.])`).test(text))
      .map(([file]) => file)
      .sort();

  for (const { what, lacks } of FIXTURES) {
    it(`is a type error in every room that must handle it: ${what}`, () => {
      for (const [key, files] of Object.entries(lacks)) expect([key, lacking(key)]).toEqual([key, files]);
    });
  }

  it('and the table as it is is none', () => {
    expect([...errorsWith(tableWith([], []))]).toEqual([]);
  });
});
