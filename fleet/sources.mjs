/** The entries of tswasm that the fleet imports, and the sources that they are built from. */
export const SOURCES = {
  tswasm: 'embed/node/index.ts',
  'tswasm/snapshot': 'src/snapshot/index.ts',
  'tswasm/wasi': 'src/wasi/index.ts',
  'tswasm/wasi-nn': 'src/wasi-nn/index.ts',
  'tswasm/node': 'src/node.ts',
  'tswasm/browser': 'src/browser.ts',
};

/** The same in a browser. */
export const BROWSER_SOURCES = { ...SOURCES, tswasm: 'src/index.ts' };
