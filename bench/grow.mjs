// Growth: 4,000 turns of memory.grow(1), ours beside V8's, before and after JavaScript has asked for the buffer; then 100,000 allocations of
// 1 KB in C on the command line, beside wasm3's where TSWASM_WASM3 names its binary: whole processes, and the program's own time.
//   node bench/grow.mjs [turns]        (after npm run build; the second part needs clang and wasi-libc)
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabtInit from 'wabt';
import { WebAssembly as Ours } from '../dist/webassembly.node.js';

const turns = Number(process.argv[2] ?? 4000);
const wabt = await wabtInit();
const text = `(module (memory (export "m") 1) (func (export "f") (param i32)
  (loop (drop (memory.grow (i32.const 1))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`;
const bytes = wabt.parseWat('grow.wat', text, {}).toBinary({}).buffer;

for (let round = 0; round < 3; round++) {
  for (const [name, engine] of Object.entries({ V8: globalThis.WebAssembly, tswasm: Ours })) {
    for (const asked of [false, true]) {
      const { exports } = new engine.Instance(new engine.Module(bytes));
      const buffer = asked ? exports.m.buffer : undefined;
      const before = process.cpuUsage();
      exports.f(turns);
      const { user, system } = process.cpuUsage(before);
      const what = buffer === undefined ? '' : ' after .buffer';
      console.log(`${name}${what}: ${((user + system) / 1000).toFixed(0)} ms of processor time`);
    }
  }
}

const place = (name) => fileURLToPath(new URL(name, import.meta.url));
const cache = place('../node_modules/.cache/tswasm-bench/');
const program = `${cache}allocate.wasm`;
const ROUNDS = 5;

/** Undefined when this machine cannot make the program. */
function buildProgram() {
  mkdirSync(cache, { recursive: true });
  const args = ['--target=wasm32-wasi', '-O2', '-o', program, place('programs/allocate.c')];
  const { status, error, stderr } = spawnSync('clang', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0]);
}

/** Milliseconds of the whole process and of its own that the program tells. */
function run([command, ...args], count) {
  const begun = performance.now();
  const { stdout, status, stderr } = spawnSync(command, [...args, String(count)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return { whole: performance.now() - begun, own: Number(stdout.trim().split(' ')[1]) };
}

const why = buildProgram();
if (why !== undefined) console.log(`no allocations in C: ${why}`);
else {
  const engines = { tswasm: [process.execPath, place('../dist/cli.cjs'), 'run', program] };
  if (process.env.TSWASM_WASM3) engines.wasm3 = [process.env.TSWASM_WASM3, program];
  const best = (runs, key) => Math.min(...runs.map((one) => one[key])).toFixed(0);
  for (const count of [0, 100_000]) {
    const runs = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, command] of Object.entries(engines)) runs[name].push(run(command, count));
    }
    for (const [name, measured] of Object.entries(runs)) {
      const [whole, own] = [best(measured, 'whole'), best(measured, 'own')];
      console.log(
        `${count} allocations, ${name}: best of ${ROUNDS}: ${whole} ms, ${own} ms of that the program's own`,
      );
    }
  }
}
