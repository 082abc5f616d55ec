// A WASI program, and a plug-in that hangs, on a page under script-src 'self'. Served from the root of this repository:
//   npx http-server . and then /examples/browser/index.html
import { runWasi } from '../../dist/browser.js';
import { CallStoppedError, createWebAssembly } from '../../dist/webassembly.js';

/** @param {string} id @param {string} text */
const show = (id, text) => document.getElementById(id)?.replaceChildren(text);

/** How long the page could not do anything else, in milliseconds, each time. @type {number[]} */
const blocks = [];
let last = performance.now();
const ticks = new MessageChannel();
ticks.port1.onmessage = () => {
  const now = performance.now();
  blocks.push(now - last);
  last = now;
  ticks.port2.postMessage(null);
};
ticks.port2.postMessage(null);

const response = await fetch('../../dist/examples/primes.wasm');
const { exitCode, stdout } = await runWasi(await response.arrayBuffer(), { args: ['30'] });
show('program', `${new TextDecoder().decode(stdout)}exit code ${exitCode}`);

// (module (func (export "spin") (loop (br 0))))
const endless = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 115, 112, 105, 110, 0, 0],
  ...[10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11],
);
const WebAssembly = createWebAssembly({ deadline: 10 });
const { instance } = await WebAssembly.instantiate(endless);
let stops = 0;
for (let call = 0; call < 50; call++) {
  try {
    /** @type {() => void} */ (instance.exports['spin'])();
  } catch (error) {
    if (!(error instanceof CallStoppedError)) throw error;
    stops++;
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}
show('plugin', `stopped ${stops} times out of 50`);

const sorted = blocks.toSorted((a, b) => a - b);
const p99 = sorted[Math.floor(sorted.length * 0.99)];
const longest = sorted[sorted.length - 1];
show(
  'page',
  `${blocks.length} turns; 99 of 100 came within ${p99.toFixed(1)} ms, the last within ${longest.toFixed(1)} ms`,
);
document.title = 'done';
