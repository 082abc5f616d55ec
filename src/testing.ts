/** For the tests of all rooms: modules from text. */
import wabt from 'wabt';
import { type DecodeOptions, Module } from './decoder';

const parser = await wabt();
const FEATURES = {
  tail_call: true,
  multi_memory: true,
  memory64: true,
  extended_const: true,
  exceptions: true,
  simd: true,
  reference_types: true,
  bulk_memory: true,
  threads: true,
};

/** The parser writes the names of functions, locals and so on into a custom section, unless a test counts bytes. */
export interface TextOptions {
  readonly names?: boolean;
}

/**
 * Text format to binary, without validation, by wabt: it is quick and takes folded legacy `try`, but knows neither typed references nor
 * `try_table`. Those are read by wasm-tools (`parse` of @bytecodealliance/jco-transpile), as the scripts of the suite are, which knows all
 * but the legacy form.
 */
export function wat(text: string, { names = true }: TextOptions = {}): Uint8Array<ArrayBuffer> {
  const parsed = parser.parseWat('test.wat', text, FEATURES);
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: names }).buffer);
  } finally {
    parsed.destroy();
  }
}

/** The module that the text says. */
export function compile(text: string, options: TextOptions & DecodeOptions = {}): Module {
  return Module.decode(wat(text, options), options.features && { features: options.features });
}
