import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { MemoryFileSystem } from './memory';
import { loadTar, TarError } from './tar';
import { saveTar } from './tar-writer';

/** One header and its contents, as POSIX ustar has them. */
function entry(name: string, contents: string, type = '0', link = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${contents.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157);
  header.write('ustar\x0000', 257);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(contents.length / 512) * 512);
  body.write(contents);
  return Buffer.concat([header, body]);
}
const END = Buffer.alloc(1024);

function load(...parts: Buffer[]): MemoryFileSystem {
  const files = MemoryFileSystem.create();
  loadTar(Buffer.concat(parts), files);
  return files;
}
const textOf = (files: MemoryFileSystem, name: string) => Buffer.from(files.readFile(name)!).toString();

it('reads files, directories and links', () => {
  const files = load(
    entry('./a.txt', 'hello'),
    entry('d/', '', '5'),
    entry('d/l', '', '2', '../a.txt'),
    entry('h', '', '1', 'a.txt'),
    entry('empty', ''),
    entry('dev', '', '3'),
    END,
  );
  expect([...files.entries()].map((one) => one.path)).toEqual(['a.txt', 'd', 'd/l', 'empty', 'h']);
  expect(textOf(files, 'h')).toBe('hello');
});

it('reads long names of both kinds', () => {
  const long = `${'very/long/'.repeat(20)}name`;
  const record = (text: string) => `${text.length + 5} ${text}\n`;
  const pax = record(`path=${long}2`);
  const files = load(
    entry('././@LongLink', `${long}\0`, 'L'),
    entry('short', '1'),
    entry('x', pax, 'x'),
    entry('y', '2'),
    END,
  );
  expect(textOf(files, long)).toBe('1');
  expect(textOf(files, `${long}2`)).toBe('2');
});

it('refuses what is wrong, with the offset', () => {
  expect(() => load(entry('../x', 'out'), END)).toThrow(TarError);
  expect(() => load(entry('h', '', '1', 'missing'), END)).toThrow('hard link');
  const broken = entry('a', 'x');
  broken[0] ^= 1;
  expect(() => load(entry('ok', ''), broken, END)).toThrow(
    'wrong checksum (in the tar header at offset 512)',
  );
  expect(() => load(entry('a', 'x'.repeat(600)).subarray(0, 1024))).toThrow('cut off');
  expect(() => load(Buffer.from('no tar'))).toThrow('not a tar file');
});

it('never throws anything but TarError on damaged bytes', () => {
  const good = Buffer.concat([entry('a/b', 'x'.repeat(700)), entry('l', '', '2', 'a/b'), END]);
  let seed = 1;
  for (let round = 0; round < 3000; round++) {
    const bad = Buffer.from(good);
    for (let k = 0; k < 3; k++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      bad[(seed >>> 8) % bad.length] = seed >>> 24;
    }
    try {
      loadTar(bad, MemoryFileSystem.create());
    } catch (error) {
      expect(error).toBeInstanceOf(TarError);
    }
  }
});

const scratch = mkdtempSync(path.join(tmpdir(), 'tswasm-tar-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it.each(['ustar', 'gnu', 'pax'])('reads what the tar command writes (%s)', (format) => {
  const directory = path.join(scratch, format);
  mkdirSync(path.join(directory, 'sub'), { recursive: true });
  writeFileSync(path.join(directory, 'sub/file'), 'contents');
  writeFileSync(path.join(directory, `${'n'.repeat(format === 'ustar' ? 90 : 150)}`), 'long');
  symlinkSync('sub/file', path.join(directory, 'link'));
  const tar = execFileSync('tar', [`--format=${format}`, '-C', directory, '-cf', '-', '.']);
  const files = load(tar);
  expect(textOf(files, 'sub/file')).toBe('contents');
  expect([...files.entries()].length).toBe(4);
});

it('writes what it and the tar command read', () => {
  const files = MemoryFileSystem.create();
  files.writeFile('a/file', 'contents');
  files.writeFile(`${'long/'.repeat(40)}name`, 'x'.repeat(1000));
  files.writeFile('größe', '');
  files.makeDirectory('empty');
  files.symlink('a/file', 'link');
  files.symlink('t'.repeat(150), 'far');
  const tar = saveTar(files);
  expect(tar.length % 512).toBe(0);
  const copy = load(Buffer.from(tar));
  expect([...copy.entries()]).toEqual([...files.entries()]);
  expect(saveTar(copy)).toEqual(tar);
  const listed = execFileSync('tar', ['-tf', '-'], {
    input: tar,
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8' },
  });
  expect(listed.split('\n')).toContain(`${'long/'.repeat(40)}name`);
  expect(listed.split('\n')).toContain('empty/');
  expect(execFileSync('tar', ['-xOf', '-', 'a/file'], { input: tar, encoding: 'utf8' })).toBe('contents');
});
