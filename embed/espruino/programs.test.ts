/** The programs of boards, on every small engine that is here, and in this one without what those lack. */
import { afterAll, describe, expect, it } from 'vitest';
import { compileAssemblyScript } from '../../scripts/asc.mjs';
import {
  BOARDS,
  type CompiledFile,
  compileFile,
  fits,
  needsOf,
  speedOf,
  type Target,
  tableOf,
} from '../../src/compiler/javascript/ahead';
import { loadFile } from '../../src/compiler/javascript/ahead/testing';
import { Module } from '../../src/decoder';
import { wat } from '../../src/testing';
import { WebAssembly } from '../../src/webassembly';
import { programOf, runScript, SMALL_ENGINES, type SmallEngine, whyNone } from '../es5/tests/engines';
import { type BoardProgram, PROGRAMS } from './tests/programs';

const FLAGS = ['-Oz', '--runtime', 'stub', '--memoryBase', '64', '--use', 'abort='];
/** Characters of what comes with the functions of a module: 1.5 KB are promised (issue 13). */
const MOST_GLUE = 1536;

const modules = new Map<string, Uint8Array>();

async function bytesOf({ name, source }: BoardProgram): Promise<Uint8Array> {
  const known = modules.get(name);
  if (known !== undefined) return known;
  const bytes =
    'wat' in source
      ? wat(`(module ${source.wat})`, { names: false })
      : await compileAssemblyScript(source.assemblyScript, FLAGS);
  modules.set(name, bytes);
  return bytes;
}

async function compiled(program: BoardProgram, target: Target): Promise<CompiledFile & { kind: 'file' }> {
  const made = compileFile(Module.decode(await bytesOf(program)), { target, memory: program.memory });
  if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
  return made;
}
const fileOf = async (program: BoardProgram, target: Target): Promise<string> =>
  (await compiled(program, target)).text;

type Run = (wasm: { instantiate(imports: unknown): unknown }) => string;
const hostOf = ({ host }: BoardProgram): Run => new Function(`${host}return run`)() as Run;
const targetOf = (engine: SmallEngine): Target => (engine === 'espruino' ? 'espruino' : 'es5');

/** Rows of the table that is printed at the end. */
const table: string[] = [];
afterAll(() => {
  if (table.length > 0) console.log(table.join('\n'));
});

for (const engine of SMALL_ENGINES) if (programOf(engine) === undefined) console.warn(whyNone(engine));

describe.each(PROGRAMS.map((program) => [program.name, program] as const))('%s', (_name, program) => {
  it('gives what is expected in the interpreter', async () => {
    const module = new WebAssembly.Module(await bytesOf(program));
    const wasm = { instantiate: (imports: unknown) => new WebAssembly.Instance(module, imports as never) };
    expect(hostOf(program)(wasm)).toBe(program.expected);
  });

  it.each(['espruino', 'es5'] as const)('gives the same as a file for %s', async (target) => {
    expect(hostOf(program)(loadFile(await fileOf(program, target), target))).toBe(program.expected);
  });

  it('has room on its board', async () => {
    const { text, memory, density } = await compiled(program, 'espruino');
    const needs = needsOf(text, memory, BOARDS[program.board]);
    const told = tableOf(needs, BOARDS[program.board], density);
    expect(fits(needs), told).toBe(true);
    expect(told).toMatch(/about \d+ instructions a second/);
    expect(fits(needsOf(text, 65536, BOARDS[program.board]))).toBe(false);
  });

  describe.each(SMALL_ENGINES)('on %s', (engine) => {
    it.skipIf(programOf(engine) === undefined)('gives the same', async () => {
      const file = await fileOf(program, targetOf(engine));
      const usage = engine === 'espruino' ? 'print("usage "+process.memory().usage);' : '';
      const printed = runScript(engine, `${file}\n${program.host}\nprint("result "+run(wasm));${usage}\n`);
      expect(/^>?result (.*)$/m.exec(printed)?.[1], printed).toBe(program.expected);
      const variables = /usage (\d+)/.exec(printed)?.[1];
      if (variables === undefined) return;
      const { text, memory, density } = await compiled(program, 'espruino');
      const speed = speedOf(density, BOARDS[program.board].megahertz);
      const estimate = needsOf(text, memory, BOARDS[program.board]).find(({ what }) => what === 'variables')!;
      expect(Number(variables)).toBeLessThan(estimate.needs);
      table.push(
        `${program.name}: ${file.length} bytes of source, ${variables} of ${estimate.needs} variables, ` +
          `about ${speed} instructions a second on ${program.board}`,
      );
    });
  });
});

it('needs little beside the functions', async () => {
  const [fib] = PROGRAMS;
  expect((await fileOf(fib, 'espruino')).length).toBeLessThan(MOST_GLUE);
});
