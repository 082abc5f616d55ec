/** The entries of tswasm that the fleet imports, and the sources that they are built from. */
export const SOURCES = {
  tswasm: 'embed/node/index.ts',
  'tswasm/snapshot': 'src/snapshot/index.ts',
  'tswasm/wasi': 'src/wasi/index.ts',
  'tswasm/wasi-nn': 'src/wasi-nn/index.ts',
  'tswasm/node': 'src/node.ts',
  'tswasm/browser': 'src/browser.ts',
  'tswasm/quickjs': 'embed/quickjs/index.ts',
};

/** The same in a browser. */
export const BROWSER_SOURCES = { ...SOURCES, tswasm: 'src/index.ts' };

/** The same in QuickJS: its module has all, and gives the core what it needs there. */
export const QUICKJS_SOURCES = { ...SOURCES, tswasm: 'embed/quickjs/index.ts' };
