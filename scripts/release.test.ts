/** What a release is refused for, by the pure parts of `npm run release`. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './laws/files.ts';
import { testsOf } from './laws/hard-times.ts';
import {
  changelogSections,
  dated,
  describePack,
  judgeChangelog,
  judgeFiles,
  judgeTests,
  judgeTree,
  judgeVersion,
  successors,
  type TestResults,
} from './release/judge.ts';
import { GOLDEN_TESTS, stepsAfter } from './release/steps.ts';

const sectionsOf = (...headings: string[]) =>
  changelogSections(`# Changelog\n\n${headings.map((heading) => `## ${heading}\n\nNews.\n`).join('\n')}`);

describe('the changelog', () => {
  it('is read section by section', () => {
    expect(sectionsOf('1.1.0, not yet released', '1.0.0, 2026-01-31')).toEqual([
      { version: '1.1.0', date: undefined, body: 'News.' },
      { version: '1.0.0', date: '2026-01-31', body: 'News.' },
    ]);
    expect(() => sectionsOf('Unreleased')).toThrow("'## Unreleased': expected '## VERSION, DATE'");
    expect(() => sectionsOf('1.0.0, soon')).toThrow('expected');
    expect(() => sectionsOf('1.0, 2026-01-31')).toThrow('expected');
  });

  it('is ours', () => {
    const sections = changelogSections(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'));
    expect(sections.length).toBeGreaterThan(0);
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(judgeVersion(version, sections)).toEqual([]);
  });

  it.each([
    [['0.2.0, not yet released', '0.1.0, 2026-01-31'], undefined],
    [['0.1.1, not yet released', '0.1.0, 2026-01-31'], undefined],
    [['1.0.0, not yet released', '0.9.3, 2026-01-31'], undefined],
    [['1.0.0-rc.1, not yet released', '0.9.3, 2026-01-31'], undefined],
    [['1.0.0-rc.2, not yet released', '1.0.0-rc.1, 2026-01-31'], undefined],
    [['1.0.0, not yet released', '1.0.0-rc.2, 2026-01-31'], undefined],
    [['0.1.0, not yet released'], undefined],
    [[], 'has no section'],
    [
      ['0.3.0, not yet released', '0.1.0, 2026-01-31'],
      '0.3.0 does not follow 0.1.0: expected 0.1.1, 0.2.0, 1.0.0',
    ],
    [['0.1.0, not yet released', '0.2.0, 2026-01-31'], 'does not follow'],
    [['0.2.0, 2026-02-01', '0.1.0, 2026-01-31'], 'was released on 2026-02-01'],
    [['0.2.0, not yet released', '0.1.0, not yet released'], '0.1.0 is not released'],
    [['0.5.0, not yet released', '0.4.0, 2026-01-31'], 'a tag v0.5.0 already'],
  ])('of %j', (headings, complaint) => {
    const found = judgeChangelog(sectionsOf(...headings), ['v0.5.0']);
    if (complaint === undefined) expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(complaint);
  });

  it('must say something', () => {
    expect(judgeChangelog(changelogSections('## 0.2.0, not yet released\n'), [])).toEqual([
      'CHANGELOG.md: the section of 0.2.0 says nothing',
    ]);
  });

  it('gets its date, once', () => {
    const text = '## 0.2.0, not yet released\n\nIt is not yet released.\n';
    expect(dated(text, '2026-11-27')).toBe('## 0.2.0, 2026-11-27\n\nIt is not yet released.\n');
  });
});

it('versions follow each other', () => {
  expect(successors('1.2.3')).toEqual(['1.2.4', '1.3.0', '2.0.0']);
  expect(successors('2.0.0-beta.1')).toEqual(['2.0.0']);
  const sections = sectionsOf('0.2.0, not yet released', '0.1.0, 2026-01-31');
  expect(judgeVersion('0.2.0', sections)).toEqual([]);
  expect(judgeVersion('0.1.0', sections)).toEqual([]);
  expect(judgeVersion('0.3.0', sections)).toEqual([
    'package.json has version 0.3.0, CHANGELOG.md announces 0.2.0',
  ]);
});

it('the tree is clean, and the branch main', () => {
  expect(judgeTree('', 'main')).toEqual([]);
  expect(judgeTree(' M README.md\n?? new.ts\n', 'topic')).toEqual([
    'the work tree is not clean:\n     M README.md\n    ?? new.ts',
    'releases are made from branch main, not from topic',
  ]);
  expect(judgeTree('', '')[0]).toContain('no branch');
});

it('the tests have passed, on this commit', () => {
  const good: TestResults = {
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 1,
    startTime: 2000,
    testResults: [{ status: 'passed', name: 'a.test.ts' }],
  };
  expect(judgeTests(good, 1000)).toEqual([]);
  expect(judgeTests(undefined, 1000)).toEqual(['there is no result of the tests']);
  expect(judgeTests(good, 3000)).toEqual(['the last tests ran before the last commit']);
  expect(judgeTests({ ...good, numPassedTests: 0 }, 1000)).toEqual(['no test has passed']);
  // A file that does not load has no failed tests.
  const broken = [{ status: 'failed', name: 'b.test.ts' }];
  expect(judgeTests({ ...good, testResults: broken }, 1000)).toEqual(['0 tests failed, in b.test.ts']);
});

describe('the packed files', () => {
  const files = [
    'package.json',
    'README.md',
    'LICENSE',
    'NOTICE.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'dist/index.js',
  ];
  const texts = (file: string) =>
    file === 'dist/index.js' ? 'x();\n//# sourceMappingURL=index.js.map\n' : '';

  it('are complete, with the maps that they name', () => {
    expect(judgeFiles([...files, 'dist/index.js.map'], texts)).toEqual([]);
    expect(judgeFiles(files, texts)).toEqual([
      'dist/index.js names the map dist/index.js.map, which would not be packed',
    ]);
    expect(judgeFiles([...files.slice(1), 'dist/index.js.map'], texts)).toEqual([
      'package.json would not be in the package',
    ]);
  });

  it.each([
    'src/index.ts',
    'dist/types/src/a.test.d.ts',
    'dist/x.wasm',
    'tswasm-0.1.0.tgz',
    'node_modules/a/b.js',
  ])('%s is not among them', (file) => {
    expect(judgeFiles([...files, 'dist/index.js.map', file], texts).join()).toContain(
      `${file} would be packed`,
    );
  });

  it('are told of', () => {
    const told = describePack('tswasm', '0.1.0', {
      filename: 'tswasm-0.1.0.tgz',
      size: 1_500_000,
      unpackedSize: 5_250_000,
      shasum: 'abc',
      files: [
        { path: 'LICENSE', size: 1000 },
        { path: 'dist/index.d.ts', size: 20_000 },
        { path: 'dist/a.js', size: 2_000_000 },
        { path: 'dist/b.js', size: 3_000_000 },
      ],
    });
    expect(told).toEqual([
      'tswasm@0.1.0: 4 files, 1.50 MB packed, 5.25 MB unpacked, sha1 abc',
      '  .js: 2 files, 5.00 MB',
      '  .d.ts: 1 files, 0.02 MB',
      '  LICENSE: 1 files, 0.00 MB',
    ]);
  });
});

describe('the steps', () => {
  it('run what there is', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const { command } of stepsAfter(true)) {
      if (command[0] === 'npm') expect(Object.keys(scripts)).toContain(command.at(-1));
      else
        for (const file of command.slice(1))
          if (file !== 'run') expect(existsSync(path.join(root, file))).toBe(true);
    }
    expect(stepsAfter(false).map(({ name }) => name)).not.toContain('tests');
  });

  it('look at every golden file', () => {
    const places = ['src', 'embed', 'spec-tests', 'bench', 'scripts', 'examples', 'docs'];
    const golden = places
      .flatMap(testsOf)
      .filter((file) => readFileSync(path.join(root, file), 'utf8').includes('.toMatchFileSnapshot('));
    expect(golden.filter((file) => file !== 'scripts/release.test.ts').sort()).toEqual(
      [...GOLDEN_TESTS].sort(),
    );
  });
});
