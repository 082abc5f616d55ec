/**
 * The files bench in one engine: `node files-child.mjs <tswasm | node:wasi> <program> <directory>`. What the program prints goes out as it
 * is. tswasm is measured as it ships (`dist/`, or the build that TSWASM_DIST names) and as its users call it, with `runWasi`.
 */
import { readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as tswasm from '../src/node.ts';
import { root } from './paths.ts';
import type { Namespace } from './protocol.ts';

const [engine, file, directory] = process.argv.slice(2) as [string, string, string];

async function onTswasm(): Promise<number> {
  const dist = process.env['TSWASM_DIST'] ?? path.join(root, 'dist');
  const { runWasi } = (await import(pathToFileURL(path.join(dist, 'node.js')).href)) as typeof tswasm;
  const { exitCode, stdout } = await runWasi(readFileSync(file), { preopens: { '/': directory } });
  writeSync(1, stdout);
  return exitCode;
}

async function onNode(): Promise<number> {
  const { WASI } = await import('node:wasi');
  const api = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;
  const wasi = new WASI({ version: 'preview1', preopens: { '/': directory }, returnOnExit: true });
  const instance = new api.Instance(new api.Module(readFileSync(file)), wasi.getImportObject() as object);
  // The promised type is `void`; with `returnOnExit` it is the exit code.
  return Number(wasi.start(instance) ?? 0);
}

process.exitCode = await (engine === 'tswasm' ? onTswasm() : onNode());
