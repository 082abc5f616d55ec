/** The engines side by side. Each measurement is a process of its own, so that no engine inherits another's warm caches. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { bundleTs } from '../scripts/run-ts.mjs';
import { asyncified } from './asyncify.ts';
import { root } from './paths.ts';
import {
  type ColdAnswer,
  type ColdTask,
  type JsEngine,
  type Measurement,
  median,
  type Task,
} from './protocol.ts';

export interface Timing {
  readonly warmUpMs: number;
  readonly sampleMs: number;
  readonly samples: number;
}

/** What it is measured in: a glance too; the whole run alone; and of that the basic programs alone, since it takes long. */
export type Reach = 'glance' | 'whole' | 'basic';

export interface Engine {
  readonly name: string;
  readonly reach: Reach;
  /** undefined: the engine cannot run this program. */
  measure(file: string, timing: Timing): Promise<Measurement | undefined>;
  /** Milliseconds of processor time that a process takes from its start to the end of so many repetitions. */
  cold(file: string, repetitions: number): Promise<number | undefined>;
}

const childBundle = await bundleTs(path.join(root, 'bench', 'child.ts'));

interface JsOptions {
  readonly tier?: string;
  readonly flags?: readonly string[];
  readonly reach?: Reach;
  /** Makes the program whose functions are made hot first. */
  readonly warmFile?: () => Promise<string>;
  /** The file of the program as this engine has it. */
  readonly made?: (file: string) => Promise<string>;
}

function jsEngine(
  name: string,
  engine: JsEngine,
  { flags = [], reach = 'glance', tier, warmFile, made = async (file) => file }: JsOptions = {},
): Engine {
  const ask = (task: Task | ColdTask): unknown => {
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, childBundle, JSON.stringify(task)]);
    const line = stdout.toString().trim();
    if (line !== '') return JSON.parse(line);
    const reason = /^\w*Error.*$/m.exec(stderr.toString())?.[0] ?? stderr.toString().slice(0, 200);
    console.error(`${name}: ${path.basename(task.file)}: ${reason}`);
    return undefined;
  };
  return {
    name,
    reach,
    measure: async (file, timing) => {
      const task = { engine, file: await made(file), ...timing, tier, warmFile: await warmFile?.() };
      return ask(task) as Measurement | undefined;
    },
    cold: async (file, repetitions) => {
      const answer = ask({ engine, file: await made(file), repetitions, tier });
      return (answer as ColdAnswer | undefined)?.processMs;
    },
  };
}

/** wasm3 is a command: its start-up is measured with n = 1 and subtracted. */
function wasm3Engine(binary: string): Engine {
  const run = (file: string, n: number): { ms: number; result: number } | undefined => {
    const start = performance.now();
    const { stdout, stderr } = spawnSync(binary, ['--func', 'run', file, String(n)]);
    const ms = performance.now() - start;
    const result = /Result: (-?\d+)/.exec(`${stdout}${stderr}`)?.[1];
    // It knows no exceptions, for example.
    if (String(stderr).includes('repl_load')) return undefined;
    if (result === undefined) throw new Error(`wasm3 ${file}: ${stderr}`);
    // wasm3 prints an i32 as unsigned in some versions.
    return { ms, result: Number(result) | 0 };
  };
  const call = (file: string, n: number) => run(file, n)!;
  return {
    name: 'wasm3',
    reach: 'glance',
    async measure(file, timing) {
      if (run(file, 1) === undefined) return undefined;
      const startUp = Math.min(...Array.from({ length: 3 }, () => call(file, 1).ms));
      let n = 16;
      while (call(file, n).ms - startUp < timing.sampleMs) n *= 2;
      const samples = Array.from({ length: timing.samples }, () => (call(file, n).ms - startUp) / (n - 1));
      return { checksum: call(file, 2).result, repMs: median(samples) };
    },
    cold: async (file, repetitions) => call(file, repetitions).ms,
  };
}

/** Engines that would be measured if they were here, and why they are not. */
export function missingEngines(): string[] {
  const missing: string[] = [];
  if (!process.env['TSWASM_WASM3']) missing.push('wasm3 (TSWASM_WASM3 names no binary)');
  for (const name of ['webassemblyjs', 'wasm2js']) missing.push(`${name} (no adapter)`);
  return missing;
}

const JITLESS: JsOptions = { flags: ['--jitless'], reach: 'basic' };

/** `warmFile` makes the program that "tswasm warm" runs first. */
export function engines(warmFile: () => Promise<string>): Engine[] {
  const wasm3 = process.env['TSWASM_WASM3'];
  return [
    jsEngine('native', 'native'),
    jsEngine('tswasm', 'tswasm'),
    ...(wasm3 ? [wasm3Engine(wasm3)] : []),
    // By default functions run natively.
    jsEngine('tswasm native', 'tswasm', { tier: 'native', reach: 'whole' }),
    jsEngine('tswasm interpreter', 'tswasm', { tier: 'interpret' }),
    jsEngine('tswasm javascript', 'tswasm', { tier: 'javascript' }),
    jsEngine('tswasm warm', 'tswasm', { warmFile, reach: 'whole' }),
    jsEngine('Asyncify', 'native', { made: asyncified, reach: 'whole' }),
    jsEngine('polywasm', 'polywasm'),
    jsEngine('jitless', 'tswasm', JITLESS),
    jsEngine('jitless javascript', 'tswasm', { tier: 'javascript', ...JITLESS }),
    jsEngine('jitless interpreter', 'tswasm', { tier: 'interpret', ...JITLESS }),
    jsEngine('jitless polywasm', 'polywasm', JITLESS),
  ];
}
