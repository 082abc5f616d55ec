/** The text of a module, or of a script in ECMAScript 5, made smaller than esbuild makes it. */
export function smaller(text: string, kind?: 'module' | 'es5'): Promise<string>;
/**
 * The text of a module for devices that hold it, where text counts and not what is downloaded. `variables`: there is so little room that it may
 * be more to download.
 */
export function shortest(text: string, options?: { readonly variables?: boolean }): Promise<string>;
