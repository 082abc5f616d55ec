// AssemblyScript in memory: one source text in, one module out.
import { main } from 'assemblyscript/asc';

export async function compileAssemblyScript(source, flags) {
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
