/**
 * No module below 1 MB ends the process (issue 8, item 2): every hostile shape at just under that, each in a process of its own with Node's
 * default heap. Prints how it ended, the processor time, the longest
 * part of it in one go, and the peak of memory; exit code 1 when a process did not live to tell.
 *   node scripts/run-ts.mjs scripts/check-full/hostile.ts [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { HOSTILE, justBelow } from '../../src/interpreter/testing.ts';
import { HOSTILE_MODULES } from '../../src/interpreter/testing-modules.ts';
import { root } from '../laws/files.ts';
import { bundleTs } from '../run-ts.mjs';

/** What a process tells of its module. */
export interface HostileRun {
  /** How the execution ended; the message of a trap. */
  readonly outcome: string;
  readonly decodeMs: number;
  /** Of decoding: processor time between two looks at the clock, at most. */
  readonly decodeLongest: number;
  /** Lowering and running. */
  readonly runMs: number;
  readonly runLongest: number;
  readonly peakMiB: number;
}

const MEGABYTE = 1_000_000;
/** A process that takes longer hangs, as good as dead. */
const TIMEOUT = 300_000;

async function main(parts: readonly string[]): Promise<number> {
  const child = await bundleTs(path.join(root, 'scripts/check-full/hostile-child.ts'));
  const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-hostile-'));
  const file = path.join(folder, 'module.wasm');
  const chosen = [...HOSTILE_MODULES, ...HOSTILE].filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  console.log('| shape | bytes | outcome | decode ms (longest) | run ms (longest) | peak MiB |');
  console.log('| --- | --: | --- | --: | --: | --: |');
  let failed = 0;
  let peak = 0;
  for (const hostile of chosen) {
    const bytes = justBelow(hostile, MEGABYTE);
    writeFileSync(file, bytes);
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, [child, file], {
      encoding: 'utf8',
      timeout: TIMEOUT,
    });
    if (status !== 0) {
      failed++;
      const last = stderr.trim().split('\n').slice(-1)[0];
      console.log(`| ${hostile.name} | ${bytes.length} | FAILED (${signal ?? status}) ${last} | | | |`);
      continue;
    }
    const run = JSON.parse(stdout) as HostileRun;
    peak = Math.max(peak, run.peakMiB);
    const times = [
      `${run.decodeMs.toFixed(0)} (${run.decodeLongest.toFixed(1)})`,
      `${run.runMs.toFixed(0)} (${run.runLongest.toFixed(1)})`,
    ];
    console.log(
      `| ${hostile.name} | ${bytes.length} | ${run.outcome} | ${times.join(' | ')} | ${run.peakMiB.toFixed(0)} |`,
    );
  }
  rmSync(folder, { recursive: true });
  console.log(
    `\n${chosen.length} modules, ${failed} ended their process; highest peak ${peak.toFixed(0)} MiB`,
  );
  return failed === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = await main(process.argv.slice(2));
