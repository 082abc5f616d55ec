/**
 * A row without a handler is a type error in every room that must handle it (DESIGN.md, law 3), and so is a statement of lowered code. Rows of
 * each sort are added to the instruction table, in the compiler's eyes only; the places where TypeScript then misses something are the places
 * that such an instruction touches, as CONTRIBUTING.md counts them.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { root, sourcesOf } from './files.ts';

/** The compiler reads all of `src`: seconds, and minutes where others compute. */
const TIMEOUT = 600_000;
const TABLE = 'src/decoder/instructions.ts';
const EXCEPTION_TABLE = 'src/decoder/exceptions.ts';
const STATEMENTS = 'src/lowering/statements.ts';

/** Rows, the keys that tables then lack, and the files with those tables besides the one with the rows. */
interface Fixture {
  readonly what: string;
  readonly row: string;
  readonly table?: typeof EXCEPTION_TABLE;
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
    row: "[0x182, 'i64.load_fixture', 'a:I', 'memarg', '', 8, true]",
    lacks: {
      'i64.load_fixture': ['src/compiler/javascript/memories.ts', 'src/interpreter/templates/access.ts'],
    },
  },
  {
    what: 'a store',
    row: "[0x183, 'i64.store_fixture', 'aI:', 'memarg', '', 8, true]",
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
    row: "[0x184, 'ref.fixture', '', '', 'referenceTypes']",
    lacks: {
      'ref.fixture': ['src/decoder/plain.ts', 'src/decoder/rules.ts', 'src/interpreter/effects.ts'],
    },
  },
  {
    what: 'a structured instruction with immediates of a new kind',
    row: "[0x185, 'fixture_table', '', 'fixtures']",
    lacks: {
      fixture_table: ['src/decoder/plain.ts', 'src/decoder/rules.ts', 'src/interpreter/effects.ts'],
      fixtures: ['src/decoder/immediates.ts'],
    },
  },
  {
    what: 'a structured instruction of a new proposal',
    row: "[0x188, 'fixture_block', '', 'block']",
    lacks: {
      fixture_block: [
        'src/compiler/native/rewriters.ts',
        'src/decoder/rules.ts',
        'src/decoder/walk.ts',
        'src/lowering/handlers.ts',
      ],
    },
  },
  {
    what: 'a structured instruction that handles exceptions',
    table: EXCEPTION_TABLE,
    row: "[0x189, 'try_fixture', '', 'block', 'exceptionHandling']",
    lacks: {
      try_fixture: [
        'src/compiler/native/rewriters.ts',
        'src/decoder/exception-rules.ts',
        'src/decoder/walk-exceptions.ts',
        'src/lowering/exceptions.ts',
      ],
    },
  },
];
/** Statements of lowered code that a control instruction may need, where they go, and the files that then miss a case. */
const ABOUT_EXCEPTIONS = {
  before: '\nexport type ExceptionStatement =',
  after: "\nexport type ExceptionStatement = { readonly kind: 'fixture_try' } |",
  missing: ['src/interpreter/flatten.ts', 'src/lowering/print.ts', STATEMENTS],
};
const ANOTHER = {
  before: '\nexport type Statement =',
  after: "\nexport type Statement = { readonly kind: 'fixture_other' }",
  missing: [
    'src/compiler/javascript/bits.ts',
    'src/compiler/javascript/payloads.ts',
    'src/compiler/javascript/refusals.ts',
    'src/compiler/javascript/statements.ts',
    'src/interpreter/flatten.ts',
    'src/lowering/print.ts',
    STATEMENTS,
  ],
};

/** A source file whose text the compiler sees changed. */
type Edits = Readonly<Record<string, string>>;

function edited(file: string, ...changes: readonly (readonly [before: string, after: string])[]): Edits {
  let text = readFileSync(path.join(root, file), 'utf8');
  for (const [before, after] of changes) {
    expect(text.split(before).length, `${before} in ${file}`).toBe(2);
    text = text.replace(before, () => after);
  }
  return { [file]: text };
}

/** The tables with more rows, and more kinds of immediates. */
function tablesWith(fixtures: readonly Fixture[], immediates: readonly string[]): Edits {
  const rowsOf = (table: string) =>
    fixtures
      .filter((fixture) => (fixture.table ?? TABLE) === table)
      .map(({ row }) => `  ${row},\n`)
      .join('');
  const kinds = immediates.map((kind) => `  | '${kind}'\n`).join('');
  return {
    ...edited(
      TABLE,
      ['] as const satisfies', `${rowsOf(TABLE)}] as const satisfies`],
      ["\n  | 'none'\n", `\n${kinds}  | 'none'\n`],
    ),
    ...edited(EXCEPTION_TABLE, ['] as const;', `${rowsOf(EXCEPTION_TABLE)}] as const;`]),
  };
}

/** What the compiler finds wrong in some folders with other texts of some files, by file. Files that no edit changes are read once. */
const unchanged = new Map<string, ts.SourceFile | undefined>();
function errorsWith(edits: Edits, folders: readonly string[]): Map<string, string> {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config.config, include: [], files: [TABLE] },
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, ...rest) => {
    const text = edits[path.relative(root, file)];
    if (text !== undefined) return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
    if (!unchanged.has(file)) unchanged.set(file, getSourceFile(file, ...rest));
    return unchanged.get(file);
  };
  const files = folders.flatMap(sourcesOf).map((file) => path.join(root, file));
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

/** Whether an error names the key, with or without quotes, elsewhere than among what a table has. */
const names = (text: string, key: string) =>
  new RegExp(`(?<![\\w.])${key}(?![\\w.])`).test(text.replace(/\{[^{}]*\}/g, ''));

describe('what nobody handles is a type error in every room that must handle it', () => {
  let errors: Map<string, string>;
  beforeAll(() => {
    const statement = edited(STATEMENTS, [ABOUT_EXCEPTIONS.before, ABOUT_EXCEPTIONS.after]);
    errors = errorsWith({ ...tablesWith(FIXTURES, ['fixtures']), ...statement }, ['src']);
  }, TIMEOUT);
  const filesWhere = (wanted: (text: string) => boolean) =>
    [...errors]
      .filter(([, text]) => wanted(text))
      .map(([file]) => file)
      .sort();

  it.each(FIXTURES)('$what', ({ lacks }) => {
    for (const [key, files] of Object.entries(lacks)) {
      expect([key, filesWhere((text) => names(text, key))]).toEqual([key, files]);
    }
  });

  it('a statement about exceptions, and nothing else is wrong', () => {
    const keys = FIXTURES.flatMap(({ lacks }) => Object.keys(lacks));
    const others = filesWhere((text) => !keys.some((key) => names(text, key)));
    expect(others).toEqual(ABOUT_EXCEPTIONS.missing);
  });

  it('another statement', { timeout: TIMEOUT }, () => {
    const found = errorsWith(edited(STATEMENTS, [ANOTHER.before, ANOTHER.after]), [
      'src/lowering',
      'src/interpreter',
      'src/compiler',
    ]);
    expect([...found.keys()].sort()).toEqual(ANOTHER.missing);
  });
});
