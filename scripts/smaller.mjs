import { minify } from 'terser';

/**
 * What esbuild has minified, in less text. Functions stay where they are: `inline` above 1 and `reduce_funcs` would put them into their callers,
 * which QuickJS runs slower (a loop of 64-bit numbers took 1.11 times as long). An object for each call: terser writes into it.
 */
const compress = () => ({ inline: 1, reduce_funcs: false });

/** The text of a module, or of a script in ECMAScript 5, made smaller. */
export async function smaller(text, kind = 'module') {
  const isModule = kind === 'module';
  const { code } = await minify(text, { module: isModule, ecma: isModule ? 2020 : 5, compress: compress() });
  return code;
}
