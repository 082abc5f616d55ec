/**
 * A package on a `WebAssembly` namespace: prints the processor time in milliseconds until it has done its work once, and what a repetition
 * takes when it is warm, as JSON.
 *   node packages-child.mjs <engine> <package> <folder for code that is kept>
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist, root } from './paths.ts';

const require = createRequire(path.join(root, 'package.json'));
/** Of each, the middle one of the last half counts. */
const REPETITIONS = 120;
/** More than any of them uses: they are metered, and stopped by nothing. */
const AMPLE = { fuel: 1e15, deadline: 600_000 };

/** Loads the package: what does its work once, and tells what that gave. */
type Load = () => Promise<() => unknown>;

const PACKAGES: Readonly<Record<string, Load>> = {
  'sql.js': async () => {
    const SQL = await require('sql.js')();
    return () => {
      const db = new SQL.Database();
      db.run('create table t(a integer, b text)');
      const statement = db.prepare('insert into t values(?, ?)');
      for (let k = 0; k < 300; k++) statement.run([k, `x${k}`]);
      statement.free();
      const [{ values }] = db.exec('select count(*), sum(a), max(b) from t where a % 3 = 1');
      db.exec('select * from t order by b desc');
      db.close();
      return values;
    };
  },
  'quickjs-emscripten': async () => {
    const { getQuickJS } = require('quickjs-emscripten');
    const engine = await getQuickJS();
    const program = `function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
      const counts = {}; for (let k = 0; k < 20000; k++) counts['k' + k % 300] = (counts['k' + k % 300] || 0) + k;
      const list = []; for (let k = 0; k < 10000; k++) list.push((k * 7919) % 10007);
      list.sort((a, b) => a - b); JSON.stringify([list, counts]).length + fib(18)`;
    return () => {
      const context = engine.newContext();
      const result = context.unwrapResult(context.evalCode(program));
      const value = context.getNumber(result);
      result.dispose();
      context.dispose();
      return value;
    };
  },
};
export const NAMES = Object.keys(PACKAGES);

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const [engine, name, cache] = process.argv.slice(2) as [string, string, string];
if (engine === 'names') console.log(JSON.stringify(NAMES));
else {
  if (engine !== 'native') {
    const built = (name: string) => import(pathToFileURL(path.join(dist, name)).href);
    const namespace = await built('webassembly.node.js');
    if (engine === 'kept') (await built('node.js')).keepCode(cache);
    const ours = engine === 'metered' ? namespace.createWebAssembly(AMPLE) : namespace.WebAssembly;
    Object.assign(globalThis, { WebAssembly: ours });
  }
  const begun = processorTime();
  const work = await PACKAGES[name]();
  const result = JSON.stringify(work());
  const first = processorTime() - begun;
  const times = Array.from({ length: REPETITIONS }, () => {
    const before = processorTime();
    work();
    return processorTime() - before;
  });
  const last = times.slice(REPETITIONS / 2).sort((a, b) => a - b);
  console.log(JSON.stringify({ first, warm: last[last.length >> 1], result }));
}
