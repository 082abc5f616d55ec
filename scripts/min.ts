/**
 * `dist/tswasm.min.js`: the core and the drop-in namespace in one ES module, as small as it gets, for pages and small engines.
 *   node scripts/run-ts.mjs scripts/min.ts dist     writes it there, with its types
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { INSTRUCTIONS } from '../src/decoder/instructions.ts';
import { internalNames } from './internal-names.ts';
import { root } from './laws/files.ts';
import { squeeze } from './squeeze.ts';

/**
 * The rows of the instruction table as one string: fields apart by `,`, rows by `;`, `^` for the field of the row before, and the opcode
 * last, where it is not the next one.
 */
function packedRows(): string {
  let last: readonly string[] = [];
  let expected = -1;
  const rows = INSTRUCTIONS.map(({ op, name, sig, imm, feature, width }) => {
    const fields = [
      name,
      sig,
      imm === 'none' ? '' : imm,
      feature === 'mvp' ? '' : feature,
      width === 0 ? '' : String(width),
      op === expected ? '' : String(op),
    ];
    const packed = fields.map((field, k) => (field !== '' && field === last[k] ? '^' : field));
    last = fields;
    expected = op + 1;
    return packed.join(',').replace(/,+$/, '');
  });
  return JSON.stringify(rows.join(';'));
}

const UNPACK = `let previous = [], code = -1;
const ROWS = PACKED.split(';').map((row) => {
  previous = row.split(',').map((field, k) => (field === '^' ? previous[k] : field));
  const [name, sig, imm, feature, width, op] = previous;
  code = +op || code + 1;
  return [code, name, sig ?? '', imm || undefined, feature || undefined, +width || undefined];
});`;

/** What stands for a file of the core: as right, and smaller. */
const SMALL = {
  codewalk: 'decoder/codewalk.min.ts',
  factories: 'interpreter/factories.min.ts',
  forms: 'interpreter/assemble.ts',
  pace: 'interpreter/pace.min.ts',
  tiering: 'interpreter/tiering.min.ts',
};

/** Takes the part that is as right and smaller for the one that is faster or easier to read. */
const smallParts: Plugin = {
  name: 'small-parts',
  setup({ onResolve, onLoad }) {
    for (const [name, file] of Object.entries(SMALL)) {
      onResolve({ filter: new RegExp(`^\\./${name}$`) }, () => ({ path: path.join(root, 'src', file) }));
    }
    onLoad({ filter: /decoder.instructions\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      const packed = text.replace(/const ROWS = \[[\s\S]*?\n\] as const[^;]*;/, () =>
        UNPACK.replace('PACKED', packedRows),
      );
      if (packed === text) throw new Error('instructions.ts has no ROWS to pack');
      return { contents: packed, loader: 'ts' };
    });
  },
};

export interface MinBundle {
  readonly text: string;
  /** Imports that the bundle leaves to its host: a core without run-time dependencies has none. */
  readonly external: readonly string[];
}

export async function buildMin(): Promise<MinBundle> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: "export * from './src/index.ts'; export * from './src/webassembly.ts';",
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    packages: 'external',
    mangleProps: new RegExp(`^(${internalNames().join('|')})$`),
    plugins: [smallParts],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const [{ text }] = outputFiles;
  const external = Object.values(metafile.outputs).flatMap((o) => o.imports.map((i) => i.path));
  return { text: squeeze(text), external };
}

const TYPES = `export * from './index.js';
export * from './webassembly.js';
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'dist';
  const { text } = await buildMin();
  writeFileSync(path.join(folder, 'tswasm.min.js'), text);
  writeFileSync(path.join(folder, 'tswasm.min.d.ts'), TYPES);
}
