/** Packages that are used where they are installed: beside tswasm, or where the command is given. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { late } from '../../embed/node/late';

/** Named by a variable: no bundle may take one in. */
const importAt = (name: string): Promise<unknown> => import(name);

export async function importPackage(name: string): Promise<unknown> {
  try {
    return await importAt(name);
  } catch (error) {
    let here: string;
    try {
      here = late('node:module').createRequire(resolve('package.json')).resolve(name);
    } catch {
      throw error;
    }
    return importAt(pathToFileURL(here).href);
  }
}
