/** A WASI program in this process, on tswasm and on the host's own WebAssembly. Both write what it prints to standard output, and give its exit code. */
import { readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as tswasm from '../src/node.ts';
import { dist } from './paths.ts';
import type { Namespace } from './protocol.ts';

/** Folders that the program may open, by the names it knows them by. */
export type Preopens = Readonly<Record<string, string>>;

/** As tswasm ships, and as its users call it. */
export async function onTswasm(file: string, preopens: Preopens = {}): Promise<number> {
  const { runWasi } = (await import(pathToFileURL(path.join(dist, 'node.js')).href)) as typeof tswasm;
  const { exitCode, stdout } = await runWasi(readFileSync(file), { preopens });
  writeSync(1, stdout);
  return exitCode;
}

/** With `node:wasi`. */
export async function onNode(file: string, preopens: Preopens = {}): Promise<number> {
  const { WASI } = await import('node:wasi');
  const api = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;
  const wasi = new WASI({ version: 'preview1', args: ['program'], preopens, returnOnExit: true });
  const instance = new api.Instance(new api.Module(readFileSync(file)), wasi.getImportObject() as object);
  // The promised type is `void`; with `returnOnExit` it is the exit code.
  return Number(wasi.start(instance) ?? 0);
}
