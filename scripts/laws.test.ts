/** What the design promises and a test can check. The laws are those of the README's section "How it is built". */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingEntries } from './complete-lock.mjs';
import { publicApi } from './laws/api.ts';
import { packagesIn, unusedDependencies } from './laws/dependencies.ts';
import { undocumented } from './laws/documented.ts';
import { filesOf, root, sourcesOf } from './laws/files.ts';
import { hardTimes, testsOf } from './laws/hard-times.ts';
import { hostGlobals } from './laws/host-globals.ts';
import { forbiddenImports, importCircles } from './laws/imports.ts';
import { lostFiles, unnamedFiles } from './laws/readmes.ts';
import { FACTORIES, LIBRARY, QUICKJS } from './library.mjs';
import { complaints, FEATURE_SETS, KB, measure, type Size, showSizes } from './size.ts';

const CORE = [
  'src/errors.ts',
  'src/summary.ts',
  'src/summary.min.ts',
  'src/decoder',
  'src/runtime',
  'src/lowering',
  'src/interpreter',
  'src/snapshot',
  'src/wasi',
  'src/wasi-nn',
];
const isBuildTime = (file: string) => file.startsWith('src/interpreter/templates/');
const coreFiles = CORE.flatMap(sourcesOf).filter((f) => !isBuildTime(f));

/** Folders whose tests count work. */
const TESTED = ['src', 'embed', 'spec-tests', 'bench', 'scripts', 'examples'];

describe('the core names no host', () => {
  it('uses no host global, and BigInt only at the JavaScript boundary', () => {
    expect(hostGlobals(coreFiles, ['src/runtime/values.ts', 'src/wasi-nn/onnx.ts'])).toEqual([]);
  });

  it('finds what it looks for', () => {
    const found = hostGlobals(['scripts/laws/host-globals.example.ts'], []).map(({ what }) => what);
    expect(found.sort()).toEqual(
      [
        ...['10n (BigInt)', 'BigInt', 'Buffer', 'DataView.getBigInt64', 'Date', 'Function', 'Math.random'],
        ...['TextDecoder', 'console', 'globalThis', 'import()', 'import.meta', 'performance', 'process'],
        ...['setTimeout', 'type bigint'],
      ].sort(),
    );
  });

  it('ships factories that name no host either', () => {
    const generated = readFileSync(path.join(root, 'src/interpreter/factories-full.generated.js'), 'utf8');
    const banned =
      /\b(process|require|Buffer|console|Date|crypto|performance|WebAssembly|eval|BigInt|new Function)\b/;
    expect(generated).not.toMatch(banned);
  });
});

it('imports point one way', () => {
  expect(forbiddenImports([...sourcesOf('src'), ...sourcesOf('embed')].filter(isProgram))).toEqual([]);
});

it('no file is in a circle of imports, those of types included', () => {
  const files = ['src', 'embed', 'spec-tests', 'bench', 'fleet'].flatMap((folder) => sourcesOf(folder));
  expect(importCircles(files)).toEqual([]);
});

it('finds a circle', () => {
  const circle = ['scripts/laws/fixtures/circle-a.ts', 'scripts/laws/fixtures/circle-b.ts'];
  expect(importCircles(circle)).toEqual([circle]);
});
/** Programs that tests run, and their harnesses, are no part of the package. */
function isProgram(file: string): boolean {
  return !/^embed\/[^/]+\/[^/]*(tests|drop-in)\//.test(file);
}

describe('the size budgets', () => {
  let sizes: Size[];
  beforeAll(async () => {
    sizes = await Promise.all(FEATURE_SETS.map(measure));
    console.log(showSizes(sizes));
  });

  it('hold for every feature set, without any dependency at run time', () => {
    expect(sizes.flatMap(complaints)).toEqual([]);
  });

  it('are not far above what they allow', () => {
    // A budget that nothing comes near lets everything in.
    const loose = sizes.filter(({ set, gzip }) => set.gzip * KB > gzip * 1.15 + KB);
    expect(loose.map(({ set }) => set.name)).toEqual([]);
  });

  it('find what they look for', () => {
    const [set] = FEATURE_SETS;
    const strict = { ...set, raw: 1 };
    const size = { set: strict, raw: 1001, gzip: set.gzip * KB + 1, external: ['left-pad'] };
    expect(complaints(size)).toEqual([
      `${set.name}: imports left-pad, and the package has no dependencies`,
      `${set.name}: ${set.gzip * KB + 1} bytes of gzip, more than ${set.gzip} KB`,
      `${set.name}: 1001 bytes of text, more than 1 KB`,
    ]);
    expect(complaints({ ...size, raw: 1000, gzip: set.gzip * KB, external: [] })).toEqual([]);
  });
});

describe('tests count work', () => {
  it('and set no limit to what a clock says', () => {
    // `workOf` of count-work.ts counts; bench/ measures.
    expect(hardTimes(TESTED.flatMap(testsOf))).toEqual([]);
  });

  it('and a time limit would be found', () => {
    const file = 'scripts/laws/hard-times.example.ts';
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    const marked = lines.flatMap((line, k) => {
      const place = `${file}:${k + 1}`;
      return line.includes('// found twice') ? [place, place] : line.includes('// found') ? [place] : [];
    });
    expect(marked.length).toBeGreaterThan(6);
    expect(hardTimes([file])).toEqual(marked);
  });
});

it('has the public API that api.txt lists', async () => {
  // After a change on purpose: npx vitest run scripts -u
  await expect(publicApi()).toMatchFileSnapshot('./api.txt');
});

it('says of everything public what it is', () => {
  expect(undocumented(Object.values<string>({ ...LIBRARY, ...FACTORIES, ...QUICKJS }))).toEqual([]);
});

it('and sees what has no words', () => {
  expect(undocumented(['scripts/laws/fixtures/undocumented.ts'])).toEqual(
    ['Class', 'Class.method', 'Class.value', 'Shape', 'Shape.side', 'constant', 'run'].map(
      (name) => `scripts/laws/fixtures/undocumented.ts: ${name}`,
    ),
  );
});

/** Tools that no file names, and what for. */
const UNSEEN: Readonly<Record<string, string>> = {
  '@types/node': 'the types of Node, by "types" in tsconfig.json',
  axios: 'a program that embed/node/register.test.ts writes imports it',
  polywasm: 'bench/namespace.ts imports it by the name of the engine',
};

describe('the package', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies?: object;
    devDependencies: Record<string, string>;
    exports: Record<string, object | string>;
    scripts: Record<string, string>;
    typesVersions: { '*': Record<string, string[]> };
  };

  it('has no dependencies at run time and exact versions of its tools', () => {
    expect(manifest.dependencies).toBeUndefined();
    for (const [name, version] of Object.entries(manifest.devDependencies)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('has types for each way in, also where `exports` is not read', () => {
    const entries = Object.keys(manifest.exports).filter((name) => !/^[.]$|[.]json$/.test(name));
    expect(Object.keys(manifest.typesVersions['*']).sort()).toEqual(entries.map((e) => e.slice(2)).sort());
  });

  it('uses each of its tools', () => {
    expect(unusedDependencies()).toEqual(Object.keys(UNSEEN));
  });

  it('and knows a use when it sees one', () => {
    const text = `
      import a from 'one'; import type { B } from '@two/b/deep'; export { c } from 'three/c.js';
      await import('four'); require('five'); import.meta.resolve('six/wasm'); createRequire(here)('seven');
      await import(\`ten/\${file}.js\`);
      const file = 'node_modules/eight/bin.js', PACKAGE: string = '@nine/hidden/part';
      import './own'; import 'node:path'; const other = 'eleven';`;
    const found = [...packagesIn('text.ts', text)].filter((name) => name !== 'node');
    expect(found).toEqual([
      'one',
      '@two/b',
      'three',
      'four',
      'five',
      'six',
      'seven',
      'ten',
      'eight',
      '@nine/hidden',
    ]);
  });

  it('has commands that tell how they are used, and refuse what they do not know', () => {
    const commands = Object.values(manifest.scripts).flatMap(
      (line) => /^node scripts\/run-ts\.mjs (\S+)$/.exec(line)?.[1] ?? [],
    );
    expect(commands.length).toBeGreaterThan(20);
    // What a file says of itself first is what `--help` prints.
    const tells = /^\/\*\*.*\b(optionsOf|benchOptions)\(\s*import\.meta\.url/s;
    expect(commands.filter((file) => !tells.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
  });

  it('locks the optional packages of every platform', () => {
    // After a change of dependencies: npm run lock
    const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
    expect(Object.keys(missingEntries(packages))).toEqual([]);
  });

  it('explains every room', () => {
    const folders = (place: string) =>
      readdirSync(path.join(root, place), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${place}/${entry.name}`);
    const rooms = [...folders('src'), ...folders('embed'), 'spec-tests', 'bench', 'examples', 'scripts'];
    expect(rooms.filter((room) => !existsSync(path.join(root, room, 'README.md')))).toEqual([]);
    // By the name of each file, or of a folder that it is in; and no README names a file that there is not.
    expect(rooms.flatMap(unnamedFiles)).toEqual([]);
    const all = filesOf(['src', 'embed', 'spec-tests', 'bench', 'examples', 'scripts', 'docs', 'fleet']);
    expect(rooms.flatMap((room) => lostFiles(room, all))).toEqual([]);
  });

  it('tracks no binaries and none of the official suite', () => {
    const inGit = existsSync(path.join(root, '.git'));
    const tracked = inGit
      ? execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n')
      : [];
    expect(tracked.filter((f) => f.endsWith('.wasm'))).toEqual([]);
    expect(tracked.filter((f) => f.endsWith('.wast') && !f.startsWith('spec-tests/own/'))).toEqual([]);
  });
});
