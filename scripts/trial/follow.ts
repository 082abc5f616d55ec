/**
 * Follows a guide literally: files and commands are taken out of its text. A block's first line says what it is: `js host.mjs` is a file of
 * that name, `sh` are commands, and `output` what the commands before it print. Commands that need what not every machine has say so
 * (`sh needs=wasi-libc`), and are skipped aloud.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Block {
  readonly language: string;
  /** The file's name, or `needs=...`. */
  readonly about: string;
  readonly text: string;
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)(?: ([^\n]*))?\n(.*?)^```$/gms)].map(
    ([, language, about = '', body]) => ({ language, about, text: body }),
  );
}

/** What commands may need, and whether this machine has it. */
export type There = Readonly<Record<string, boolean>>;

const NEEDS = 'needs=';
/** Milliseconds that a command may take. */
const PATIENCE = 300_000;

function isSkipped({ about }: Block, there: There): boolean {
  return about.startsWith(NEEDS) && there[about.slice(NEEDS.length)] !== true;
}

/** In `folder`. Throws an Error that says which command or output was not as the guide says. Gives how many commands ran. */
export function follow(name: string, text: string, folder: string, there: There): number {
  const blocks = blocksOf(text);
  for (const { about, text: contents } of blocks) {
    if (about !== '' && !about.startsWith(NEEDS)) writeFileSync(path.join(folder, about), contents);
  }
  let printed = '';
  let count = 0;
  for (const [k, block] of blocks.entries()) {
    if (block.language === 'output' && !isSkipped(blocks[k - 1], there)) {
      if (printed.trimEnd() !== block.text.trimEnd()) {
        throw new Error(`${name} says\n${block.text}\nbut its commands print\n${printed}`);
      }
    }
    if (block.language !== 'sh') continue;
    printed = '';
    if (isSkipped(block, there)) {
      console.warn(
        `${name}: SKIPPED, this machine has no ${block.about.slice(NEEDS.length)}:\n${block.text}`,
      );
      continue;
    }
    for (const command of block.text.trim().split('\n')) {
      printed += run(name, command, folder);
      count++;
    }
  }
  return count;
}

function run(name: string, command: string, folder: string): string {
  const bin = path.join(folder, 'node_modules', '.bin');
  const env = { ...process.env, NODE_OPTIONS: '', PATH: `${bin}:${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: PATIENCE,
  });
  if (status !== 0) throw new Error(`${name}: ${command} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}
