import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** The package as it ships, or another build of it that TSWASM_DIST names. */
export const dist = process.env['TSWASM_DIST'] ?? path.join(root, 'dist');
/** Built programs and extracted modules; never committed. */
export const cache = path.join(root, 'node_modules', '.cache', 'tswasm-bench');

/** The command begins with nothing that earlier runs have kept, but where a benchmark says otherwise. */
process.env['TSWASM_CACHE'] = 'off';
