/** What the README of a room says about its files: which it does not name, and which it names and has not. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf, root } from './files.ts';

/** Tests, generated files, the public face of a folder, and what stands for another file in small bundles explain themselves. */
const OBVIOUS = /\.test\.ts$|\.generated\.|\.d\.m?ts$|(^|\/)(index|testing[\w-]*)\.ts$|\.min\.ts$/;

function filesBelow(folder: string): string[] {
  return filesOf([folder]).map((file) => file.slice(folder.length + 1));
}

/** The folder nearest above a file that has a README, from the room down. */
function explainer(room: string, file: string): string {
  let folder = path.posix.dirname(file);
  while (folder !== '.' && !existsSync(path.join(root, room, folder, 'README.md')))
    folder = path.posix.dirname(folder);
  return folder === '.' ? room : `${room}/${folder}`;
}

const readme = (folder: string): string => readFileSync(path.join(root, folder, 'README.md'), 'utf8');

/** A file is named by its name or by that of a folder it is in (`calls/`), with or without its ending, in code or in a table. */
function names(text: string, file: string): boolean {
  const [base] = path.posix.basename(file).split(/\.m?[tj]s$/);
  if (new RegExp(`(?<![\\w.-])${base}(?![\\w-])`).test(text)) return true;
  return file
    .split('/')
    .slice(0, -1)
    .some((folder) => new RegExp(`(?<![\\w.-])${folder}/`).test(text));
}

/** Files of a room that no README of it names. */
export function unnamedFiles(room: string): string[] {
  return filesBelow(room)
    .filter((file) => /\.m?ts$|\.mjs$/.test(file) && !OBVIOUS.test(file))
    .filter((file) => {
      const folder = explainer(room, file);
      return !names(readme(folder), path.posix.relative(folder, `${room}/${file}`));
    })
    .map((file) => `${room}/${file}`)
    .sort();
}

/** Files that READMEs of a room name, and that are not there: `all` are the files of the repository. */
export function lostFiles(room: string, all: readonly string[]): string[] {
  const readmes = filesBelow(room).filter((file) => path.posix.basename(file) === 'README.md');
  return readmes.flatMap((file) => {
    const text = readFileSync(path.join(root, room, file), 'utf8');
    const named = new Set(
      [...text.matchAll(/(?<![\w./{}<>*-])[\w./-]*\w\.(?:ts|mjs)(?![\w/.-])/g)].map(([name]) => name),
    );
    return [...named]
      .filter(
        (name) => !all.some((one) => one === name || one.endsWith(`/${name.replace(/^(\.\.?\/)+/, '')}`)),
      )
      .map((name) => `${room}/${file}: ${name}`);
  });
}
