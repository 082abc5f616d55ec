/** Runs steps one after the other and says how it went. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';

export interface Step {
  readonly name: string;
  /** A program of this machine and its arguments, started at the root of the repository. */
  readonly command: readonly string[];
  /** Variables that the run gets besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Why the step cannot be run here; undefined when it can. */
  readonly missing?: () => string | undefined;
}

export interface Outcome {
  /** The exit code, or the signal that ended the process. */
  readonly ended: number | string;
  /** The last lines that it printed. */
  readonly tail: readonly string[];
  /** Where all of its output is. */
  readonly log: string;
}

export interface Surroundings {
  readonly run: (step: Step) => Promise<Outcome>;
  readonly print: (line: string) => void;
}

/** Lines shown of a run that passed, and of one that failed. */
const SHOWN = 4;
const SHOWN_OF_FAILED = 40;

/** The exit code of the whole: 0 when nothing failed and something ran. */
export async function runSteps(steps: readonly Step[], { run, print }: Surroundings): Promise<number> {
  const began = Date.now();
  const failed: string[] = [];
  const skipped: string[] = [];
  let passed = 0;
  for (const [index, step] of steps.entries()) {
    const heading = `[${index + 1} of ${steps.length}] ${step.name}`;
    const reason = step.missing?.();
    if (reason !== undefined) {
      skipped.push(`SKIPPED ${step.name}: ${reason}`);
      print(`${heading}\n  SKIPPED: ${reason}`);
      continue;
    }
    print(`${heading} ...`);
    const started = Date.now();
    const { ended, tail, log } = await run(step);
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    const passes = ended === 0;
    for (const line of tail.slice(passes ? -SHOWN : -SHOWN_OF_FAILED)) print(`  ${line}`);
    print(`  ${passes ? 'passed' : `FAILED (${ended})`} in ${seconds} s; ${path.relative('', log)}`);
    if (passes) passed++;
    else failed.push(`FAILED ${step.name} (${ended}): ${step.command.join(' ')}`);
  }
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  print(['', ...failed, ...skipped].join('\n'));
  print(`${passed} runs passed, ${failed.length} failed, ${skipped.length} skipped, ${minutes} minutes`);
  return failed.length > 0 || passed === 0 ? 1 : 0;
}

/** Runs a step as a process of its own, its output in a file of `logs`. */
export function runInShell(logs: string): (step: Step) => Promise<Outcome> {
  return async ({ name, command, env }) => {
    const log = path.join(logs, `${name.replaceAll(/\W+/g, '-')}.log`);
    const file = createWriteStream(log);
    const [program, ...args] = command;
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tail = '';
    const take = (chunk: Buffer): void => {
      file.write(chunk);
      tail = (tail + chunk.toString()).slice(-16_384);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const ended = await new Promise<number | string>((resolve) => {
      child.on('error', ({ message }) => resolve(message));
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
    });
    file.end();
    await finished(file);
    const lines = tail.split('\n').filter((line) => line.trim() !== '');
    return { ended, tail: lines, log };
  };
}
