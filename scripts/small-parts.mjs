/**
 * Files of the core for which `dist/tswasm.min.js` takes a smaller one: as right, and slower. README.md says what each saves and costs.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The file in the repository, and what stands for it. */
export const SMALL_PARTS = {
  'src/decoder/codewalk.ts': 'src/decoder/codewalk.min.ts',
  'src/interpreter/forms.ts': 'src/interpreter/assemble.ts',
};

/** A plugin for esbuild. The build fails when nothing imports one of the files. */
export function smallParts(parts = SMALL_PARTS) {
  return {
    name: 'small-parts',
    setup({ onResolve, onStart, onEnd }) {
      const used = new Set();
      onStart(() => used.clear());
      onResolve({ filter: /^\.\.?\// }, ({ path: imported, resolveDir }) => {
        const file = path.relative(root, path.resolve(resolveDir, imported)).replaceAll(path.sep, '/');
        const name = Object.hasOwn(parts, file) ? file : `${file}.ts`;
        if (!Object.hasOwn(parts, name)) return undefined;
        used.add(name);
        return { path: path.join(root, parts[name]) };
      });
      onEnd(() => {
        const unused = Object.keys(parts).filter((file) => !used.has(file));
        return {
          errors: unused.map((file) => ({
            text: `nothing imports ${file}, for which there is a smaller part`,
          })),
        };
      });
    },
  };
}
