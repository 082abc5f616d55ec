/**
 * The carrier in Hermes, which reads no input: a process of Hermes for the requests that have come. node main-hermes.mjs HERMES SCRIPT.
 * A line in, a line out, until the input ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Request } from '../../quickjs/tests/wire';

/** Bytes of the replies of one process: snapshots in hexadecimal. */
const LONGEST = 1 << 28;

const [, , hermes, script] = process.argv;
const carrier = readFileSync(script, 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-hermes-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'run.js');

/** What later requests need: each Hermes knows nothing at first. */
let remembered: string[] = [];
/** Requests that have come. A Hermes takes most of its time to begin, so that one answers all of them. */
let waiting: string[] = [];

createInterface({ input: process.stdin }).on('line', (line) => {
  if (waiting.push(line) === 1) setImmediate(answerAll);
});

function answerAll(): void {
  const requests = JSON.stringify([...remembered, ...waiting]);
  writeFileSync(file, `${carrier}\n;carrier.answer(${requests}, ${remembered.length});`);
  const { stdout, stderr, status } = spawnSync(hermes, ['-lazy', file], {
    encoding: 'utf8',
    maxBuffer: LONGEST,
  });
  if (status !== 0 || stdout === '') throw new Error(`hermes ended with ${status}: ${stderr}`);
  process.stdout.write(stdout);
  for (const line of waiting) {
    const { kind } = JSON.parse(line) as Request;
    if (kind === 'forget') remembered = [];
    else if (kind === 'define') remembered.push(line);
  }
  waiting = [];
}
