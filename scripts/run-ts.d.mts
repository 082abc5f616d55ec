/**
 * Bundles a TypeScript file for Node (packages stay external) and returns the path of the bundle; `small`: with the parts that
 * tswasm.min.js has.
 */
export function bundleTs(file: string, options?: { readonly small?: boolean }): Promise<string>;
