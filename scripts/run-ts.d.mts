/** Bundles a TypeScript file for Node (packages stay external) and returns the path of the bundle. */
export function bundleTs(file: string): Promise<string>;
