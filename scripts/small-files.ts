/**
 * Writes `tswasm.min.js`, and the same as a script in ECMAScript 5 for hosts that parse no more, with their types.
 *   node scripts/run-ts.mjs scripts/small-files.ts FOLDER
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleScript, toEs5 } from './es5.ts';
import { buildMin, MIN_ENTRIES, minOptions } from './min.ts';

/** Names that both entries have are the core's: the namespace has its objects as members. `extension`: of the entries. */
const types = (extension: string) => `export * from './index${extension}';
export {
  CallStoppedError,
  coreOf,
  createWebAssembly,
  type CallLimits,
  type CallStopReason,
  type MeteringOptions,
  type NamespaceOptions,
  WebAssembly,
  type WebAssemblyNamespace,
} from './webassembly${extension}';
`;

/** A script whose global is `tswasm`; for `require`, a module that has these exports. */
export async function buildEs5(names: readonly string[]): Promise<string> {
  const script = await toEs5(await bundleScript(MIN_ENTRIES, 'tswasm', minOptions()));
  // Never run: Node, and what looks at packages, find names of exports so.
  const hint = `0&&(${names.map((name) => `exports.${name}=`).join('')}0);`;
  return `${script}${hint}if(typeof module==="object")module.exports=tswasm;\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'dist';
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const { text, exports } = await buildMin();
  write('tswasm.min.js', text);
  write('tswasm.min.d.ts', types('.js'));
  write('tswasm.es5.cjs', await buildEs5(exports));
  write('tswasm.es5.d.cts', types('.cjs'));
}
