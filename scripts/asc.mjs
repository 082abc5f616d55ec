// AssemblyScript in memory: one source text in, one module out. Each takes seconds, and many tests want the same: the modules are kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = path.join(path.dirname(fileURLToPath(import.meta.url)), '../node_modules/.cache/tswasm-asc');
const { version } = createRequire(import.meta.url)('assemblyscript/package.json');

export async function compileAssemblyScript(source, flags) {
  const key = createHash('sha256')
    .update(JSON.stringify([version, source, flags]))
    .digest('hex');
  const file = path.join(cache, `${key.slice(0, 32)}.wasm`);
  if (existsSync(file)) return new Uint8Array(readFileSync(file));
  const binary = await compile(source, flags);
  // Whole, or not at all: another process may be compiling the same.
  mkdirSync(cache, { recursive: true });
  const unfinished = `${file}.${process.pid}.${performance.now()}`;
  writeFileSync(unfinished, binary);
  renameSync(unfinished, file);
  return binary;
}

async function compile(source, flags) {
  const { main } = await import('assemblyscript/asc');
  let binary;
  const { error, stderr } = await main(['program.ts', ...flags, '--outFile', 'program.wasm'], {
    readFile: (name) => (name === 'program.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'program.wasm') binary = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString().slice(0, 2000)}`);
  return binary;
}
