/** Checks one seed: generates, runs both sides, and when they differ shrinks the program to something to look at. */
import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { Native } from '../engines/native-api';
import { generate, type Program, variantOf } from './generate';
import { BASE, countNodes, encodeModule } from './ir';
import { nativeTarget } from './native-target';
import { difference, observe, showCall } from './observe';
import type { Available } from './profile';
import { shrink } from './shrink';
import type { Target } from './target';

export interface Failure {
  readonly seed: number;
  readonly difference: string;
  /** The difference of the shrunk program, its calls, and its text. */
  readonly shrunk: string;
  readonly bytes: Uint8Array;
  readonly shrunkBytes: Uint8Array;
}

const validates = (...bytes: number[]): boolean =>
  Native.validate(Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...bytes]));

/** What the host's WebAssembly can run. Node needs flags for some of it: see `enableNativeFeatures`. */
export function available(): Available {
  return {
    // (func return_call 0)
    tailCalls: validates(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0x12, 0, 0x0b),
    // (memory i64 0)
    memory64: validates(5, 3, 1, 4, 0),
    // (global i32 (i32.add (i32.const 0) (i32.const 0)))
    extendedConst: validates(6, 9, 1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x6a, 0x0b),
    // (func (try (do)))
    exceptions: validates(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 7, 1, 5, 0, 0x06, 0x40, 0x0b, 0x0b),
    anyNans: false,
  };
}

/** Switches on what V8 keeps behind a flag. Does nothing elsewhere. Of a flag that it does not know V8 complains to whoever reads standard error. */
export async function enableNativeFeatures(): Promise<void> {
  if (process.versions['bun'] !== undefined) return;
  const { setFlagsFromString } = await import('node:v8');
  const { memory64, extendedConst } = available();
  if (!memory64) setFlagsFromString('--experimental-wasm-memory64');
  if (!extendedConst) setFlagsFromString('--experimental-wasm-extended-const');
}

function bytesFor(program: Program, target: Target): Uint8Array {
  return encodeModule(program.module, target.variants ? variantOf(program.seed) : BASE);
}

async function compare(program: Program, target: Target): Promise<string | undefined> {
  const { reference = nativeTarget } = target;
  const expected = await observe(program, encodeModule(program.module), reference);
  if (expected.defect !== undefined) return difference(expected, expected);
  return difference(expected, await observe(program, bytesFor(program, target), target));
}

/** The first words of a difference: shrinking must not slide from one failure to another. */
function kindOf(text: string): string {
  return text.split(/[ :]/).slice(0, 2).join(' ');
}

export async function check(seed: number, features: Available, target: Target): Promise<Failure | undefined> {
  const program = generate(seed, { ...features, anyNans: target.reference !== undefined });
  const bytes = bytesFor(program, target);
  const found = await compare(program, target);
  if (found === undefined) return undefined;
  await shrink(program, async (candidate) => {
    const now = await compare(candidate, target);
    return now !== undefined && kindOf(now) === kindOf(found);
  });
  const shrunkBytes = bytesFor(program, target);
  return { seed, difference: found, bytes, shrunk: await describe(program, target), shrunkBytes };
}

async function describe(program: Program, target: Target): Promise<string> {
  const bytes = bytesFor(program, target);
  const found = await compare(program, target);
  const text = await print(bytes).catch((error: unknown) => `(no text: ${String(error)})`);
  return [
    `seed ${program.seed}, shrunk to ${countNodes(program.module)} nodes: ${found}`,
    ...program.calls.map((c) => `  ${showCall(c)}`),
    text,
  ].join('\n');
}
