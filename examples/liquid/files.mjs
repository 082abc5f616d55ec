// Node's side: where the module is, and the file that travels.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const FUEL = 20_000;
const wasm = readFileSync(new URL('../../dist/examples/collatz.wasm', import.meta.url));

/** Goes one leg with a `step` of whichever engine, from and to the file that the command line names. */
export function leg(engine, step) {
  const file = process.argv[2] ?? 'liquid.dmp';
  const saved = existsSync(file) ? readFileSync(file) : undefined;
  const next = step(wasm, saved, FUEL, (text) => console.log(`${engine}: ${text}`));
  if (next === undefined) {
    rmSync(file, { force: true });
    return;
  }
  writeFileSync(file, next);
  console.log(`${engine}: stopped; ${file} has ${next.length} bytes`);
}
