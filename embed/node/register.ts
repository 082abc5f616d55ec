/**
 * The entry `tswasm/register`: on a Node without `WebAssembly` (`--jitless`) the drop-in takes its place, so that `fetch` and packages with wasm
 * work.
 *
 *     node --jitless --import tswasm/register app.mjs
 *     node --jitless --require tswasm/register app.cjs
 *
 * Where there is a `WebAssembly`, nothing is changed; `tswasm/register/always` takes its place too.
 */
import { install } from './install';

if (!('WebAssembly' in globalThis)) install();
