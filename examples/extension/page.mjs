// A plug-in that Emscripten made, in an extension page under script-src 'self': a query without end is stopped by a deadline, and the page goes on.
// Beside this file lie tswasm.min.js (dist) and sql-wasm-browser.js and .wasm of the package sql.js, whose script makes the global initSqlJs.
import { CallStoppedError, createWebAssembly } from './tswasm.min.js';

/** Milliseconds that one call of the plug-in may take. */
const DEADLINE = 15;
/** `page.html?times=200` asks more often. */
const TIMES = Number(new URLSearchParams(location.search).get('times') ?? 20);
const ENDLESS = 'with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n';

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
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
const longest = () => Math.max(...blocks.splice(0));
/** @param {number[]} times */
function spread(times) {
  const sorted = times.slice().sort((a, b) => a - b);
  const [half, most, all] = [0.5, 0.99, 1].map((share) =>
    sorted[Math.ceil(share * sorted.length) - 1].toFixed(1),
  );
  return `half of them ${half} ms at most, 99 of 100 ${most} ms, the longest ${all} ms`;
}

// The first calls prepare code, and may take longer.
let isStarting = true;
const own = createWebAssembly({
  deadline: DEADLINE,
  onStop: () => (isStarting ? { deadline: DEADLINE } : undefined),
});
Object.defineProperty(globalThis, 'WebAssembly', { value: own, configurable: true });

const bytes = await (await fetch('sql-wasm-browser.wasm')).arrayBuffer();
const module = await own.compile(bytes);
/** A plug-in of its own: Emscripten's script makes one each time it is loaded. The module is decoded once. */
async function plugin() {
  const script = document.createElement('script');
  script.src = 'sql-wasm-browser.js';
  const loaded = new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
  });
  document.head.append(script);
  await loaded;
  return /** @type {any} */ (globalThis)['initSqlJs']({
    instantiateWasm(/** @type {any} */ imports, /** @type {(instance: unknown) => void} */ done) {
      own.instantiate(module, imports).then(done);
      return {};
    },
  });
}

let database = new (await plugin()).Database();
show('answer', String(database.exec('select 6 * 7 as answer')[0].values[0][0]));
isStarting = false;
await turn();
const starts = [longest()];

/** How long each query held the page up; each begins with code that is not prepared yet. @type {number[]} */
const queries = [];

let stops = 0;
for (let call = 0; call < TIMES; call++) {
  try {
    database.exec(ENDLESS);
  } catch (error) {
    if (!(error instanceof CallStoppedError)) throw error;
    stops++;
  }
  show('stopped', `stopped ${stops} of ${call + 1} times`);
  await turn();
  queries.push(longest());
  // What was stopped is half done: its heap may be in the middle of an allocation. So the plug-in is thrown away, and another one works.
  isStarting = true;
  database = new (await plugin()).Database();
  isStarting = false;
  await turn();
  starts.push(longest());
}

show(
  'page',
  `${queries.length} queries held it up: ${spread(queries)}. Plug-ins that begin prepare their code: ${spread(starts)}.`,
);

isStarting = true;
const after = database.exec("select 'still ' || 'here'")[0].values[0][0];
show('answer', `${document.getElementById('answer')?.textContent}, and afterwards: ${after}`);

document.title = 'done';
