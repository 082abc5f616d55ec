/** One damaged binary through decoder and validator: a module or a CompileError, soon, and the same verdict as the host's engine. */
import { Module, UnsupportedError } from '../../src/decoder/index';
import { CompileError } from '../../src/errors';
import { Native } from '../engines/native-api';

/** Far more than decoding a few kilobytes may take on a busy machine. */
const MOST_MS = 1000;

/** What V8 (Node 20 to 26) rejects although it is valid: proposals that it lacks or has in an older form, and its limits. */
const NATIVE_IS_BEHIND = [
  /invalid memory limits flags/, // custom page sizes
  /invalid table elements limits flags/, // 64-bit tables
  /memory count of \d+ exceeds internal limit of 1/, // multi-memory
  /maximum alignment is \d, actual alignment is (6[4-9]|7\d)\b/, // a memory index in the memarg: multi-memory
  /Invalid indexed heap type, enable with/, // function references
  /non-imported globals cannot be used in constant expressions/, // extended by WebAssembly 3.0
  /(expected|length overflow while decoding) (initial|maximum) size/, // limits are 64-bit numbers now, also of 32-bit memories and tables
  /memory size \(\d+ pages\) is larger than implementation limit/, // memory64
];
/** What it takes although it is malformed: the code of an abstract heap type in more bytes than one. */
const NATIVE_IS_LENIENT = [/integer representation too long/];

export type Verdict =
  | { readonly kind: 'module'; readonly module: Module }
  | { readonly kind: 'rejected' | 'unsupported'; readonly message: string }
  /** What must not happen. */
  | { readonly kind: 'defect'; readonly message: string };

function decode(bytes: Uint8Array): Verdict {
  const began = performance.now();
  let verdict: Verdict;
  try {
    verdict = { kind: 'module', module: Module.decode(bytes) };
  } catch (error) {
    if (error instanceof UnsupportedError) verdict = { kind: 'unsupported', message: error.message };
    else if (error instanceof CompileError) verdict = { kind: 'rejected', message: error.message };
    else
      verdict = {
        kind: 'defect',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
  }
  const ms = performance.now() - began;
  return ms > MOST_MS ? { kind: 'defect', message: `took ${ms.toFixed(0)} ms` } : verdict;
}

function nativeRejection(bytes: Uint8Array): string | undefined {
  try {
    new Native.Module(bytes);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function checkDecode(bytes: Uint8Array): Verdict {
  const verdict = decode(bytes);
  if (verdict.kind === 'defect' || verdict.kind === 'unsupported') return verdict;
  const rejection = nativeRejection(bytes);
  if (verdict.kind === 'module' && rejection !== undefined) {
    if (NATIVE_IS_BEHIND.some((pattern) => pattern.test(rejection))) return verdict;
    return { kind: 'defect', message: `accepted, but native says ${rejection}` };
  }
  if (verdict.kind === 'rejected' && rejection === undefined) {
    if (NATIVE_IS_LENIENT.some((pattern) => pattern.test(verdict.message))) return verdict;
    return { kind: 'defect', message: `native takes it, but tswasm says ${verdict.message}` };
  }
  return verdict;
}
