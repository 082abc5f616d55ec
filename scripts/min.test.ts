import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type * as Core from '../src/index.ts';
import type * as DropIn from '../src/webassembly.ts';
import { compileAssemblyScript } from './asc.mjs';
import { root } from './laws/files.ts';
import { buildMin } from './min.ts';
import { squeeze } from './squeeze.ts';

const FLAGS = ['--optimizeLevel', '2', '--runtime', 'stub', '--use', 'abort='];
const PROGRAM = `
export function hash(text: i32): u64 {
  const map = new Map<string, f64>();
  for (let k = 0; k < text; k++) map.set(k.toString(), Math.sqrt(k) / 3);
  let sum: u64 = 0xcbf29ce484222325;
  const keys = map.keys();
  for (let k = 0; k < keys.length; k++) {
    for (let c = 0; c < keys[k].length; c++) sum = (sum ^ keys[k].charCodeAt(c)) * 0x100000001b3;
    sum = rotl(sum, 7) ^ reinterpret<u64>(map.get(keys[k])) ^ (sum >> 40);
    if (<i64>sum < 0) sum = ~sum / 3;
  }
  return sum;
}
export function trap(index: i32): i32 { return load<i32>(index); }
`;

type Min = typeof Core & typeof DropIn;
let min: Min;
let program: Uint8Array;
/** What V8's own WebAssembly says. */
let native: { hash(text: number): bigint };

beforeAll(async () => {
  const folder = path.join(root, 'node_modules/.cache/tswasm-min');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${process.pid}.mjs`);
  writeFileSync(file, (await buildMin()).text);
  min = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Min;
  program = await compileAssemblyScript(PROGRAM, FLAGS);
  const { WebAssembly } = globalThis as unknown as { WebAssembly: typeof DropIn.WebAssembly };
  native = new WebAssembly.Instance(new WebAssembly.Module(program)).exports as unknown as typeof native;
});

describe('dist/tswasm.min.js', () => {
  it('runs a program through the drop-in namespace', () => {
    const { WebAssembly } = min;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
    const { hash, trap } = exports as unknown as { hash(text: number): bigint; trap(index: number): number };
    expect(hash(200)).toBe(native.hash(200));
    expect(() => trap(-4)).toThrow(WebAssembly.RuntimeError);
  });

  it('stops and goes on through the core', () => {
    const instance = min.instantiate(new min.Store(), min.Module.decode(program), []);
    const execution = new min.Execution(instance.exports.get('hash') as Core.Func, [min.i32(200)]);
    let stops = 0;
    let outcome = execution.run({ fuel: 1000 });
    for (; outcome.kind === 'paused'; stops++) outcome = execution.run({ fuel: 1000 });
    expect(stops).toBeGreaterThan(5);
    const result = outcome.kind === 'done' ? (min.toJs(outcome.results[0]) as bigint) : undefined;
    expect(result).toBe(native.hash(200));
  });

  it('rejects what the core rejects, in the same words', () => {
    const bytes = Uint8Array.from([...program.subarray(0, 8), 1, 200]);
    expect(() => min.Module.decode(bytes)).toThrow('unexpected end of section or function');
    expect(() => min.Module.decode(bytes)).toThrow(min.CompileError);
  });
});

describe('squeeze', () => {
  const run = (text: string): unknown => new Function(`${squeeze(text)}return result`)();

  it('keeps what a module does', () => {
    const text = [
      'function f(e){return{a:e}}function g(e,t=2){return e,t}async function h(e){return e}',
      'function i(){return arguments.length}function*j(){yield 1}function k(){return k.x}k.x=7;',
      'class l{constructor(){this.a=f("some text").a,this.b=void 0}a;b;c;',
      'm(){let e=()=>this.a+this.b+this.a+typeof this.c;return e()}}class n extends l{d;constructor(){super(),this.d=Math.imul(3,3)+Math.imul(2,2)}}',
      'var result=[f(1),g(1),h,i(1,2),[...j()],k(),new l().m(),new n().d,"some text"in{"some text":1},',
      'typeof void 0=="undefined",Object.keys(new l),(e=>{switch(e){case"some text":return"some text"}})("some text")];',
    ].join('');
    const plain: unknown = new Function(`${text}return result`)();
    const strip = (value: unknown) => JSON.stringify(value);
    expect(strip(run(text))).toBe(strip(plain).replace('["a","b","c"]', '["c","a","b"]'));
  });

  it('makes it shorter', () => {
    const text = `${'x("a long text",void 0);'.repeat(9)}`;
    expect(squeeze(text).length).toBeLessThan(text.length / 1.5);
  });
});
