import { parse } from 'acorn';
import { minify } from 'terser';
import { shorterForms } from './shorter-forms.mjs';

/**
 * What esbuild has minified, in less text. Functions stay where they are: `inline` above 1 and `reduce_funcs` would put them into their callers,
 * which QuickJS runs slower (a loop of 64-bit numbers took 1.11 times as long). An object for each call: terser writes into it.
 */
const compress = () => ({ inline: 1, reduce_funcs: false, passes: 2 });

/** The text of a module, or of a script in ECMAScript 5, made smaller. */
export async function smaller(text, kind = 'module') {
  const isModule = kind === 'module';
  const { code } = await minify(text, { module: isModule, ecma: isModule ? 2020 : 5, compress: compress() });
  return code;
}

/**
 * The text of a module for devices that hold it, where text counts and not what is downloaded. `variables`: there is so little room that it may
 * be more to download.
 */
export async function shortest(text, { variables = false } = {}) {
  const module = parse(text, { ecmaVersion: 2022, sourceType: 'module' });
  const { code } = await minify(shorterForms(module, variables), {
    parse: { spidermonkey: true },
    module: true,
    ecma: 2020,
    // What reads a property and has no use for it is left out: no getter of ours does anything. Functions in objects are methods: none is a class.
    compress: { ...compress(), pure_getters: true, unsafe_methods: true },
  });
  return code;
}
