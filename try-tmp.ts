import './embed/node/native-memory';
import { Module } from './src/decoder';
import { usePolicy } from './src/interpreter/machine';
import { Execution, Store } from './src/interpreter/index';
import { instantiate, i32, type Func } from './src/runtime/index';
import { NativeTier } from './src/compiler/native/tier';
import { wat } from './src/decoder/testing';
const W = (globalThis as any).WebAssembly;
const tier = new NativeTier(W);
const FIB = `(module (func $fib (export "run") (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
    (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;
const SUM = `(module (func (export "run") (param i32) (result i32) (local i32 i32)
 (loop $o
  (local.set 2 (i32.const 1000))
  (loop $l
    (local.set 1 (i32.xor (i32.mul (local.get 1) (i32.const 31)) (local.get 0)))
    (br_if $l (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
    (br_if $o (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))`;
for (const [name, text, n] of [['fib', FIB, 24], ['sum', SUM, 1000]] as const) {
  const module = Module.decode(await wat(text));
  const run = (native: boolean, fuel: number) => {
    const store = new Store();
    if (native) usePolicy(store, { tiers: [tier], every: Infinity, atFirstCall: () => [tier], atSafepoint: () => [tier] });
    const instance = instantiate(store, module, []);
    const f = instance.exports.get('run') as Func;
    const ex = new Execution(f, [i32(n)]);
    const t = performance.now();
    let o = ex.run({ fuel }); let pauses = 0;
    while (o.kind === 'paused') { pauses++; if (pauses % 3 === 0) ex.frames(); o = ex.run({ fuel }); }
    return [o.kind, o.kind === 'done' ? o.results[0].lo : (o as any).error, ex.fuelUsed, pauses, (performance.now() - t).toFixed(1)].join(' ');
  };
  for (const fuel of [1e9, 10007, 997]) console.log(name, fuel, '| interp', run(false, fuel), '| native', run(true, fuel));
}
