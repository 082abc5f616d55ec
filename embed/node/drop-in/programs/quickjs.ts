/** QuickJS (Emscripten): an interpreter in the interpreter, with recursion, exceptions and host functions. */
import { getQuickJS } from 'quickjs-emscripten';

const SCRIPTS = [
  '[3, 1, 2].sort().join()',
  'const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); fib(16)',
  'double(21)',
  '(() => { try { null.x } catch (error) { return error.message } })()',
  'JSON.stringify({ a: [1, 2n ** 100n + ""], b: new Date(0).toISOString() })',
  '/(a+)(?<b>b)/u.exec("xaaab").groups.b + "äöü".normalize("NFD").length',
  'const map = new Map(); for (let i = 0; i < 3000; i++) map.set("key" + i, i * 1.5); map.get("key2999")',
  '(function depth(n) { return n ? depth(n - 1) + 1 : 0 })(300)',
  'function* naturals() { let n = 0; while (true) yield n++ } let s = 0; for (const n of naturals()) { if (n > 100) break; s += n } s',
  'throw new RangeError("out")',
];

export async function run(): Promise<unknown> {
  const quickjs = await getQuickJS();
  const context = quickjs.newContext();
  context
    .newFunction('double', (value) => context.newNumber(context.getNumber(value) * 2))
    .consume((fn) => context.setProp(context.global, 'double', fn));
  const outcomes = SCRIPTS.map((script) => {
    const result = context.evalCode(script);
    const failed = result.error !== undefined;
    const handle = failed ? result.error : result.value;
    const value = handle.consume(context.dump);
    return failed ? `${value.name}: ${value.message}` : String(value);
  });
  context.dispose();
  return outcomes;
}
