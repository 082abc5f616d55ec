/** The text of a module, or of a script in ECMAScript 5, made smaller than esbuild makes it. */
export function smaller(text: string, kind?: 'module' | 'es5'): Promise<string>;
