/** Questions whether an object is there become shorter, and no others do. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { root } from './laws/files';
import { programOf } from './own-names.mjs';
import { presences, withPresences } from './presence.mjs';

const SOURCE = `
interface Thing { readonly name: string }
export function shorter(a: Thing | undefined, b: (() => void) | undefined, c: { d: Thing | undefined }): boolean {
  if (a === undefined) return b !== undefined;
  return c.d !== undefined && a.name === '' ? b === undefined : c.d === undefined;
}
export function strings(a: string | undefined, b: Thing | number | undefined): boolean {
  return a === undefined || b !== undefined;
}
export function others<T>(a: T, b: Thing | null | undefined, c: unknown, d: { length: number } | undefined, e: {} | undefined): boolean {
  if (a === undefined || b === undefined || c === undefined) return true;
  return d !== undefined || e !== undefined;
}
`;

it('asks for objects alone by their truth, and for what is never null as if it might be', async () => {
  const folder = path.join(root, 'node_modules/.cache/tswasm-presences');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${process.pid}.ts`);
  writeFileSync(file, SOURCE);
  const found = presences(programOf([path.relative(root, file)]));
  const { outputFiles } = await build({
    ...{ entryPoints: [file], bundle: true, write: false, format: 'esm', preserveSymlinks: true },
    plugins: [withPresences(found)],
  });
  expect(outputFiles[0].text.slice(outputFiles[0].text.indexOf('function'))).toMatchInlineSnapshot(`
    "function shorter(a, b, c) {
      if (!a) return !!b;
      return c.d && a.name === "" ? !b : !c.d;
    }
    function strings(a, b) {
      return a == null || b != null;
    }
    function others(a, b, c, d, e) {
      if (a === void 0 || b === void 0 || c === void 0) return true;
      return d != null || e != null;
    }
    export {
      others,
      shorter,
      strings
    };
    "
  `);
});
