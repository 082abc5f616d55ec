/**
 * Compiles one AssemblyScript source, with asc's command line flags.
 *
 * The one way to asc here: its own types declare globals (`i32`, `console`) that leak into every file of a project that imports it.
 */
export function compileAssemblyScript(source: string, flags: readonly string[]): Promise<Uint8Array>;
