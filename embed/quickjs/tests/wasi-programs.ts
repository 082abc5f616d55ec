/** The programs of WebAssembly/wasi-testsuite as requests to a carrier: their directory as files, and what they should answer. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { TestProgram } from '../../node/wasi-testsuite';
import { toHex, type WasiReply, type WasiRequest, type WireFile } from './wire';

function filesBelow(folder: string, prefix = ''): WireFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): WireFile[] => {
    const file = path.join(folder, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isSymbolicLink()) return [{ path: name, target: readlinkSync(file) }];
    if (entry.isDirectory()) return [{ path: name }, ...filesBelow(file, `${name}/`)];
    return [{ path: name, bytes: toHex(readFileSync(file)) }];
  });
}

export function requestFor({ wasm, spec }: TestProgram): WasiRequest {
  return {
    kind: 'wasi',
    module: toHex(readFileSync(wasm)),
    args: [path.basename(wasm), ...spec.args],
    env: spec.env,
    ...(spec.root !== null && { files: filesBelow(path.join(path.dirname(wasm), spec.root)) }),
  };
}

/** What is wrong with an answer; undefined when nothing is. */
export function judge({ spec }: TestProgram, reply: WasiReply): string | undefined {
  const text = (hex: string) => Buffer.from(hex, 'hex').toString();
  if (reply.code !== spec.exit_code) {
    return `exit code ${reply.code}, expected ${spec.exit_code}: ${text(reply.stderr).trim()}`;
  }
  for (const name of ['stdout', 'stderr'] as const) {
    const expected = spec[name];
    if (expected !== null && text(reply[name]) !== expected) return `${name} is ${text(reply[name])}`;
  }
  return undefined;
}
