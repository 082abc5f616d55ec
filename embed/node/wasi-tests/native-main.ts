/** node native-main.js program.wasm root [NAME=VALUE...] -- [arguments...]: one program of the WASI test suite on Node's engine. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Wasi } from '../../../src/wasi/index';
import { nodeDirectory } from '../files';
import { inheritedStreams, nodeHost } from '../host';
import { runNative } from './native';

const [file, root, ...words] = process.argv.slice(2);
const dashes = words.indexOf('--');
const wasi = new Wasi({
  host: nodeHost(inheritedStreams()),
  args: [path.basename(file), ...words.slice(dashes + 1)],
  env: words.slice(0, dashes).map((text) => [text.split('=')[0], text.slice(text.indexOf('=') + 1)] as const),
  preopens: root === '' ? [] : [{ path: '/', directory: nodeDirectory(root) }],
});
process.exit(runNative(readFileSync(file), wasi));
