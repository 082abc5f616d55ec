/** Reading modules: files, standard input, the text format through wabt. */
import { readFileSync } from 'node:fs';
import { CompileError } from '../errors';
import { importPackage } from './packages';

/** Something on this machine is not as it must be (no such file, no permission). Exit code 1. */
export class InputError extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

/** What a file-system error means, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}

export function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new InputError(`${file === '-' ? 'standard input' : file}: ${reasonOf(error)}`);
  }
}

/** The binary of a module; `.wat` files, and input that begins like the text format, are assembled. */
export async function loadModule(file: string, bytes = readInput(file)): Promise<Uint8Array> {
  const isBinary = bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0x61;
  if (isBinary || !(file.endsWith('.wat') || looksLikeText(bytes))) return bytes;
  return assembleText(file, Buffer.from(bytes).toString('utf8'));
}

/** A module in the text format starts with a parenthesis, blanks and comments aside. */
function looksLikeText(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 4096)).toString('utf8');
  return /^(\s|;;[^\n]*\n)*\(/.test(start);
}

interface Wabt {
  parseWat(
    name: string,
    text: string,
    features: Record<string, boolean>,
  ): {
    toBinary(options: { write_debug_names: boolean }): { buffer: Uint8Array };
    destroy(): void;
  };
}

/**
 * A module in the text format as a binary. Throws a CompileError that says line and column. Of the two packages, "wabt" keeps names and says
 * best what is wrong; wasm-tools, if it happens to be installed, knows newer proposals.
 */
export async function assembleText(file: string, text: string): Promise<Uint8Array> {
  let wabt: Wabt;
  try {
    wabt = await loadWabt(file);
  } catch (error) {
    const tools = await wasmTools();
    if (tools === undefined) throw error;
    return refusing(() => tools.parse(text));
  }
  try {
    return await refusing(() => assembleByWabt(wabt, file, text));
  } catch (error) {
    try {
      const tools = await wasmTools();
      if (tools !== undefined) return await tools.parse(text);
    } catch {
      // Both want none of it.
    }
    throw error;
  }
}

function assembleByWabt(wabt: Wabt, file: string, text: string): Uint8Array {
  const features = {
    extended_const: true,
    tail_call: true,
    multi_memory: true,
    memory64: true,
    custom_page_sizes: true,
  };
  const module = wabt.parseWat(file, text, features);
  const { buffer } = module.toBinary({ write_debug_names: true });
  module.destroy();
  return buffer;
}

async function refusing(parse: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await parse();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CompileError(message.replace(/^parseWat failed:\s*/, '').trim(), undefined, 'malformed');
  }
}

interface WasmTools {
  parse(text: string): Promise<Uint8Array>;
}
const WASM_TOOLS = '@bytecodealliance/jco-transpile/wasm-tools';

async function wasmTools(): Promise<WasmTools | undefined> {
  try {
    return (await importPackage(WASM_TOOLS)) as WasmTools;
  } catch {
    return undefined;
  }
}

async function loadWabt(file: string): Promise<Wabt> {
  let imported: { default: () => Promise<Wabt> };
  try {
    imported = (await importPackage('wabt')) as typeof imported;
  } catch {
    throw new InputError(
      `${file}: modules in the text format need the package "wabt", which is not installed (npm install wabt)`,
    );
  }
  return imported.default();
}
