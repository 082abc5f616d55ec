/**
 * Files of the core for which a bundle takes another one, so that the bundle gets smaller. README.md says what each saves and costs.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Bundles that go without SIMD refuse modules that use it, with an error that names it. */
export const WITHOUT_SIMD = {
  'src/decoder/simd.ts': 'src/decoder/simd.min.ts',
  'src/decoder/lanes.ts': 'src/decoder/lanes.min.ts',
  'src/runtime/vector-values.ts': 'src/runtime/vector-values.min.ts',
  'src/lowering/constants.ts': 'src/lowering/constants.min.ts',
  'src/lowering/vectors.ts': 'src/lowering/vectors.min.ts',
  'src/interpreter/vectors.ts': 'src/interpreter/vectors.min.ts',
  'src/interpreter/vector-parts.ts': 'src/interpreter/vector-parts.min.ts',
  'src/interpreter/factories-simd.generated.js': 'src/interpreter/factories-simd.min.ts',
};

/** And those that go without exceptions. */
export const WITHOUT_EXCEPTIONS = {
  'src/decoder/exceptions.ts': 'src/decoder/exceptions.min.ts',
  'src/decoder/exception-rules.ts': 'src/decoder/exception-rules.min.ts',
  'src/decoder/walk-exceptions.ts': 'src/decoder/walk-exceptions.min.ts',
  'src/lowering/exceptions.ts': 'src/lowering/exceptions.min.ts',
  'src/interpreter/catching.ts': 'src/interpreter/catching.min.ts',
  'src/interpreter/exceptions.ts': 'src/interpreter/exceptions.min.ts',
  'src/interpreter/tries.ts': 'src/interpreter/tries.min.ts',
};

/** And those that know no atomic instructions, and no shared memories. */
export const WITHOUT_ATOMICS = {
  'src/decoder/shared-memories.ts': 'src/decoder/shared-memories.min.ts',
  'src/decoder/atomics.ts': 'src/decoder/atomics.min.ts',
  'src/decoder/atomic-immediates.ts': 'src/decoder/atomic-immediates.min.ts',
  'src/interpreter/atomics.ts': 'src/interpreter/atomics.min.ts',
};

/** And those without the native tier, which alone makes calls by itself. */
const WITHOUT_NATIVE_CALLS = {
  'src/interpreter/brief.ts': 'src/interpreter/brief.min.ts',
  'src/interpreter/unsettled.ts': 'src/interpreter/unsettled.min.ts',
  'src/runtime/prompts.ts': 'src/runtime/prompts.min.ts',
};

/** For `dist/tswasm.min.js`: the first two are slower than the files that they stand for; the third is for tiers, of which it has none. */
export const SMALL_PARTS = {
  'src/decoder/codewalk.ts': 'src/decoder/codewalk.min.ts',
  'src/interpreter/forms.ts': 'src/interpreter/assemble.ts',
  'src/interpreter/tier-machine.ts': 'src/interpreter/tier-machine.min.ts',
  ...WITHOUT_NATIVE_CALLS,
  ...WITHOUT_SIMD,
  ...WITHOUT_EXCEPTIONS,
  ...WITHOUT_ATOMICS,
};

/** For QuickJS where flash is short: what its module exports brings no tiers and no factories. */
export const SMALL_QUICKJS_PARTS = {
  'src/summary.ts': 'src/summary.min.ts',
  'src/decoder/hints.ts': 'src/decoder/hints.min.ts',
  'src/interpreter/factories.generated.js': 'src/interpreter/factories-arrows.generated.js',
  'src/interpreter/functions.ts': 'src/interpreter/functions.min.ts',
  'src/interpreter/offers.ts': 'src/interpreter/offers.min.ts',
  'src/interpreter/room.ts': 'src/interpreter/room.min.ts',
  'src/interpreter/tiering.ts': 'src/interpreter/tiering.min.ts',
  'src/interpreter/trace.ts': 'src/interpreter/trace.min.ts',
  'src/runtime/placing.ts': 'src/runtime/placing.min.ts',
  'src/snapshot/continuation-rules.ts': 'src/snapshot/continuation-rules.min.ts',
  'src/snapshot/exceptions.ts': 'src/snapshot/exceptions.min.ts',
  'src/wasi/calls/socket.ts': 'src/wasi/calls/socket.min.ts',
  'src/wasi/files/overlay.ts': 'src/wasi/files/overlay.min.ts',
  'src/wasi/state/overlays.ts': 'src/wasi/state/overlays.min.ts',
  'src/wasi/traced.ts': 'src/wasi/traced.min.ts',
  ...SMALL_PARTS,
};

/** For QuickJS: the full set of factories, so that the compact one need not be carried beside it, in shorter text. */
export const QUICKJS_PARTS = {
  'src/interpreter/factories.generated.js': 'src/interpreter/factories-full-arrows.generated.js',
  'src/interpreter/factories-simd.generated.js': 'src/interpreter/factories-simd-arrows.generated.js',
  ...WITHOUT_NATIVE_CALLS,
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
