/**
 * The carrier in Hermes, which reads no input: a process of Hermes for each request. node main-hermes.mjs HERMES SCRIPT. A line in, a line
 * out, until the input ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Request } from '../../quickjs/tests/wire';

/** Bytes of the longest reply: snapshots in hexadecimal. */
const LONGEST = 1 << 28;

const [, , hermes, script] = process.argv;
const carrier = readFileSync(script, 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-hermes-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'run.js');

/** What later requests need: each meets a Hermes that knows nothing. */
let remembered: string[] = [];

for await (const line of createInterface({ input: process.stdin })) {
  const { kind } = JSON.parse(line) as Request;
  if (kind === 'forget') remembered = [];
  else if (kind === 'define') remembered.push(line);
  const requests = JSON.stringify([...remembered, line]);
  writeFileSync(file, `${carrier}\n;carrier.answer(${requests});`);
  const { stdout, stderr, status } = spawnSync(hermes, ['-lazy', file], {
    encoding: 'utf8',
    maxBuffer: LONGEST,
  });
  if (status !== 0 || stdout === '') throw new Error(`hermes ended with ${status}: ${stderr}`);
  process.stdout.write(stdout);
}
