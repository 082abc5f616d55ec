/** The guides and the README's examples are followed literally (scripts/trial/follow.ts), with the package as it was built. */
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
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readmeChart } from '../bench/chart.ts';
import { blocksOf, follow } from '../scripts/trial/follow.ts';
import { THERE, WABT } from '../scripts/trial/there.ts';

const docs = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(docs);
const place = mkdtempSync(path.join(tmpdir(), 'tswasm-docs-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A folder as `npm install tswasm wabt` leaves it. */
function folderFor(name: string): string {
  const folder = path.join(place, name);
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  symlinkSync(root, path.join(modules, 'tswasm'));
  if (THERE.wabt) symlinkSync(WABT, path.join(modules, 'wabt'));
  symlinkSync(path.join(root, 'dist', 'cli.cjs'), path.join(modules, '.bin', 'tswasm'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

const guides = readdirSync(docs).filter((file) => file.endsWith('.md'));
const texts = [...guides.map((guide) => `docs/${guide}`), 'README.md'];

describe.skipIf(!existsSync(path.join(root, 'dist', 'cli.cjs')))('followed', () => {
  it.each(texts)('%s', (file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const count = follow(file, text, folderFor(file.replace('/', '-')), THERE);
    expect(count > 0 || !text.includes('```sh\n')).toBe(true);
  });
});

it('sees when something is not as it says', () => {
  const text = '```js a.mjs\nconsole.log(1)\n```\n\n```sh\nnode a.mjs\n```\n\n```output\n1\n```\n';
  expect(blocksOf(text).map(({ language, about }) => [language, about])).toEqual([
    ['js', 'a.mjs'],
    ['sh', ''],
    ['output', ''],
  ]);
  expect(follow('right', text, folderFor('right'), THERE)).toBe(1);
  const wrong = text.replace('output\n1', 'output\n2');
  expect(() => follow('wrong', wrong, folderFor('wrong'), THERE)).toThrow(
    /says\n2\n\nbut its commands print\n1/,
  );
  const failing = text.replace('console.log(1)', 'process.exit(3)');
  expect(() => follow('failing', failing, folderFor('failing'), THERE)).toThrow('ended with 3');
});

it("the README's chart is drawn from the results", () => {
  expect(readFileSync(path.join(root, 'README.md'), 'utf8')).toContain(`\n${readmeChart()}\n`);
});

it('every guide is named in the list, and links lead somewhere', () => {
  const list = readFileSync(path.join(docs, 'README.md'), 'utf8');
  for (const guide of guides) if (guide !== 'README.md') expect(list).toContain(`(${guide})`);
  for (const file of [...texts, 'SECURITY.md']) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)) {
      expect(existsSync(path.resolve(root, path.dirname(file), target)), `${file}: ${target}`).toBe(true);
    }
  }
});
