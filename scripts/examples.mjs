// Compiles the AssemblyScript examples into dist/examples (or the folder given), so that there is something to run right after `npm ci`.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compileAssemblyScript } from './asc.mjs';

const [out = 'dist/examples'] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
for (const file of readdirSync('examples/as').filter((name) => name.endsWith('.ts'))) {
  const source = readFileSync(`examples/as/${file}`, 'utf8');
  const flags = ['-O2', '--runtime', 'incremental', '--use', 'abort=', '--debug'];
  writeFileSync(`${out}/${file.replace(/\.ts$/, '.wasm')}`, await compileAssemblyScript(source, flags));
}
