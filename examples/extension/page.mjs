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

const { port1, port2 } = new MessageChannel();
const turn = () =>
  new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
/** What `work` gives, and the milliseconds until the page has its next turn. @template T @param {() => T} work */
async function held(work) {
  const begun = performance.now();
  const result = await work();
  await turn();
  return { result, time: performance.now() - begun };
}
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
async function load() {
  const script = document.createElement('script');
  script.src = 'sql-wasm-browser.js';
  const loaded = new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
  });
  document.head.append(script);
  await loaded;
  script.remove();
}
async function makePlugin() {
  const sql = await /** @type {any} */ (globalThis)['initSqlJs']({
    instantiateWasm(/** @type {any} */ imports, /** @type {(instance: unknown) => void} */ done) {
      own.instantiate(module, imports).then(done);
      return {};
    },
  });
  return sql;
}

/** How long the steps of each beginning held the page up, and each query, which begins with code that is not prepared yet. @type {number[]} */
const starts = [];
/** @type {number[]} */
const queries = [];
async function start() {
  isStarting = true;
  await load();
  const plugin = await held(makePlugin);
  const opened = await held(() => new plugin.result.Database());
  starts.push(plugin.time, opened.time);
  isStarting = false;
  return opened.result;
}

let stops = 0;
function ask() {
  try {
    database.exec(ENDLESS);
  } catch (error) {
    if (!(error instanceof CallStoppedError)) throw error;
    stops++;
  }
}

let database = await start();
isStarting = true;
show('answer', String(database.exec('select 6 * 7 as answer')[0].values[0][0]));
isStarting = false;
for (let call = 0; call < TIMES; call++) {
  queries.push((await held(ask)).time);
  show('stopped', `stopped ${stops} of ${call + 1} times`);
  // What was stopped is half done: its heap may be in the middle of an allocation. So the plug-in is thrown away, and another one works,
  // which begins when the page has nothing else to do.
  await new Promise((resolve) => requestIdleCallback(resolve));
  database = await start();
}

show(
  'page',
  `${queries.length} queries held it up: ${spread(queries)}. Plug-ins that begin prepare their code: ${spread(starts)}.`,
);

isStarting = true;
const after = database.exec("select 'still ' || 'here'")[0].values[0][0];
show('answer', `${document.getElementById('answer')?.textContent}, and afterwards: ${after}`);

document.title = 'done';
