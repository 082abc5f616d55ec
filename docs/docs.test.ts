/**
 * The guides and the README's examples, followed literally: files and commands are taken out of the text. A block's first line says what it
 * is: `js host.mjs` is a file of that name, `sh` are commands, and `output` what the commands before it print. Commands that need what not
 * every machine has say so (`sh needs=wasi-libc`), and are skipped aloud.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { hasClang } from '../embed/node/wasi-tests/clang';

const docs = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(docs);
const place = mkdtempSync(path.join(tmpdir(), 'tswasm-docs-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Block {
  readonly language: string;
  /** The file's name, or `needs=...`. */
  readonly about: string;
  readonly text: string;
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)(?: ([^\n]*))?\n(.*?)^```$/gms)].map(
    ([, language, about = '', body]) => ({
      language,
      about,
      text: body,
    }),
  );
}

function has(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
/** What commands may need. A device is nowhere. */
const THERE: Readonly<Record<string, boolean>> = {
  wabt: has('wabt'),
  'wasi-libc': hasClang,
  device: false,
};

/** A folder as `npm install tswasm wabt` leaves it. */
function folderFor(name: string): string {
  const folder = path.join(place, name);
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  symlinkSync(root, path.join(modules, 'tswasm'));
  if (THERE['wabt']) symlinkSync(path.join(root, 'node_modules', 'wabt'), path.join(modules, 'wabt'));
  symlinkSync(path.join(root, 'dist', 'cli.js'), path.join(modules, '.bin', 'tswasm'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

function follow(name: string, blocks: readonly Block[]): void {
  const folder = folderFor(name);
  for (const { about, text } of blocks) {
    if (about !== '' && !about.startsWith('needs=')) writeFileSync(path.join(folder, about), text);
  }
  let printed = '';
  for (const [k, { language, about, text }] of blocks.entries()) {
    if (language === 'output') {
      if (!skips(blocks[k - 1])) expect(printed.trimEnd()).toBe(text.trimEnd());
      printed = '';
    }
    if (language !== 'sh') continue;
    if (skips({ language, about, text })) {
      console.warn(`docs/${name}: SKIPPED, because there is no ${about.slice('needs='.length)}:\n${text}`);
      continue;
    }
    printed = '';
    for (const command of text.trim().split('\n')) {
      const env = {
        ...process.env,
        NODE_OPTIONS: '',
        PATH: `${folder}/node_modules/.bin:${process.env['PATH']}`,
      };
      const run = spawnSync('sh', ['-c', command.replace(/^npx /, '')], {
        cwd: folder,
        env,
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect(run.status, `${name}: ${command}\n${run.stderr}`).toBe(0);
      printed += run.stdout;
    }
  }
}

function skips({ about }: Block): boolean {
  return about.startsWith('needs=') && !THERE[about.slice('needs='.length)];
}

const guides = readdirSync(docs).filter((file) => file.endsWith('.md'));

describe.skipIf(!existsSync(path.join(root, 'dist', 'cli.js')))('guides', () => {
  const texts = [...guides.map((guide) => `docs/${guide}`), 'README.md'];
  it.each(texts)('%s', (file) => {
    follow(file.replace('/', '-'), blocksOf(readFileSync(path.join(root, file), 'utf8')));
  }, 120_000);
});

it('finds blocks, and sees when something is not as it says', () => {
  const blocks = blocksOf(
    '```js a.mjs\nconsole.log(1)\n```\n\n```sh\nnode a.mjs\n```\n\n```output\n1\n```\n',
  );
  expect(blocks.map(({ language, about }) => [language, about])).toEqual([
    ['js', 'a.mjs'],
    ['sh', ''],
    ['output', ''],
  ]);
  follow('right', blocks);
  expect(() => follow('wrong', [...blocks.slice(0, 2), { ...blocks[2], text: '2\n' }])).toThrow();
});

it('every guide is named in the list, and links lead somewhere', () => {
  const list = readFileSync(path.join(docs, 'README.md'), 'utf8');
  for (const guide of guides) if (guide !== 'README.md') expect(list).toContain(`(${guide})`);
  for (const file of [...guides.map((guide) => `docs/${guide}`), 'README.md', 'SECURITY.md']) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)) {
      expect(existsSync(path.resolve(root, path.dirname(file), target)), `${file}: ${target}`).toBe(true);
    }
  }
});
