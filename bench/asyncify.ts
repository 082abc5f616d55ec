/**
 * Programs as Binaryen's Asyncify makes them, with what the native tier's have: fuel is counted at functions' entries and at loops, and where it
 * is used up they can be left, and gone on with. The checks are put into the text that Binaryen prints.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type Binaryen from 'binaryen';
import { PAUSE } from './protocol.ts';

const FUEL = 2 ** 20;
const CHECK = `
 (global $bench-fuel (mut i32) (i32.const ${FUEL}))
 (func $bench-check
  (if (i32.lt_s (global.get $bench-fuel) (i32.const 0))
   (then (global.set $bench-fuel (i32.const ${FUEL})) (call $bench-pause)))
  (global.set $bench-fuel (i32.sub (global.get $bench-fuel) (i32.const 1))))
)`;

/** A check in front of each function's and each loop's first instruction, one of which stands in a line. */
function withChecks(text: string): string {
  const lines: string[] = [];
  let inHead = false;
  for (const line of text.trimEnd().replace(/\)$/, '').split('\n')) {
    if (inHead && !/^ {2}\(local /.test(line)) {
      lines.push('(call $bench-check)');
      inHead = false;
    }
    lines.push(line);
    if (/^\(module/.test(line)) lines.push(`(import "${PAUSE.module}" "${PAUSE.name}" (func $bench-pause))`);
    if (/^\s*\(loop\b/.test(line)) lines.push('(call $bench-check)');
    inHead ||= /^ \(func /.test(line);
  }
  return lines.join('\n') + CHECK;
}

async function asyncify(bytes: Uint8Array): Promise<Uint8Array> {
  const { default: binaryen } = (await import('binaryen')) as { default: typeof Binaryen };
  const original = binaryen.readBinary(bytes);
  const module = binaryen.parseText(withChecks(original.emitText()));
  original.dispose();
  module.setFeatures(binaryen.Features.All);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setPassArgument('asyncify-imports', `${PAUSE.module}.${PAUSE.name}`);
  // As its documentation has it: inlined and optimised before, since it makes less of less, and after.
  module.optimize();
  module.runPasses(['asyncify']);
  module.optimize();
  const made = module.emitBinary();
  module.dispose();
  return made;
}

/** The file of the program made so. */
export async function asyncified(file: string): Promise<string> {
  const made = path.join(path.dirname(file), `${path.basename(file, '.wasm')}.asyncify.wasm`);
  if (!existsSync(made)) writeFileSync(made, await asyncify(readFileSync(file)));
  return made;
}
