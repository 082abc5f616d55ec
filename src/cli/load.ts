/** Reading modules: files, standard input, the text format through wabt. */
import { readFileSync } from 'node:fs';
import { CompileError } from '../errors';

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
export async function loadModule(file: string): Promise<Uint8Array> {
  const bytes = readInput(file);
  const isBinary = bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0x61;
  if (isBinary || !(file.endsWith('.wat') || looksLikeText(bytes))) return bytes;
  return assemble(file, bytes);
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

async function assemble(file: string, text: Uint8Array): Promise<Uint8Array> {
  const wabt = await loadWabt(file);
  const features = {
    extended_const: true,
    tail_call: true,
    multi_memory: true,
    memory64: true,
    custom_page_sizes: true,
  };
  try {
    const module = wabt.parseWat(file, Buffer.from(text).toString('utf8'), features);
    const { buffer } = module.toBinary({ write_debug_names: true });
    module.destroy();
    return buffer;
  } catch (error) {
    throw new CompileError(
      (error as Error).message.replace(/^parseWat failed:\s*/, '').trim(),
      undefined,
      'malformed',
    );
  }
}

async function loadWabt(file: string): Promise<Wabt> {
  let imported: { default: () => Promise<Wabt> };
  try {
    imported = (await import('wabt')) as unknown as typeof imported;
  } catch {
    throw new InputError(
      `${file}: modules in the text format need the package "wabt", which is not installed (npm install wabt)`,
    );
  }
  return imported.default();
}
