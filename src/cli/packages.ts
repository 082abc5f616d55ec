/** Packages that are used where they are installed. Named by a variable: no bundle may take one in. */
export const importPackage = (name: string): Promise<unknown> => import(name);
