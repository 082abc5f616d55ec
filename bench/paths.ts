import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Built programs and extracted modules; never committed. */
export const cache = path.join(root, 'node_modules', '.cache', 'tswasm-bench');
