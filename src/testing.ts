/** For the tests of all rooms: modules from text. */
import wabt from 'wabt';
import { type DecodeOptions, Module } from './decoder';

const FEATURES = {
  tail_call: true,
  multi_memory: true,
  memory64: true,
  extended_const: true,
  exceptions: true,
  simd: true,
};

/**
 * Text format to binary, with names and without validation, by wabt: it is quick, but knows neither the types of GC and typed references
 * nor the newer spelling of some proposals. The scripts of the suite are read by wasm-tools (spec-tests/text-parser.ts), which knows all.
 */
export async function wat(text: string): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const parsed = parseWat('test.wat', text, FEATURES);
  const { buffer } = parsed.toBinary({ write_debug_names: true });
  parsed.destroy();
  return buffer;
}

/** The module that the text says. */
export async function compile(text: string, options?: DecodeOptions): Promise<Module> {
  return Module.decode(await wat(text), options);
}
