/** The built package, in processes that come one after the other. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Module } from '../../src/decoder';
import { keepCode } from './keep-code';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'tswasm-keep-code-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const cache = path.join(place, 'cache');
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

/** Uses sql.js, whose module is emitted in parts; prints the bytes that the host's engine has compiled, whether code is kept, and a result. */
const program = (keep: string) => `
  const { WebAssembly: host } = globalThis;
  let bytes = 0, modules = 0;
  const Module = new Proxy(host.Module, {
    construct: (target, args) => { bytes += args[0].byteLength; modules++; return new target(...args); },
  });
  Object.defineProperty(host, 'Module', { value: Module });
  const { WebAssembly } = require(${JSON.stringify(path.join(dist, 'webassembly.node.cjs'))});
  const { keepCode } = require(${JSON.stringify(path.join(dist, 'node.cjs'))});
  const keeps = ${keep};
  globalThis.WebAssembly = WebAssembly;
  require('sql.js')().then((SQL) => {
    const db = new SQL.Database();
    db.run('create table t(a); insert into t values (1), (20), (300)');
    console.log(JSON.stringify({ keeps, bytes, modules, sum: db.exec('select sum(a) from t')[0].values[0][0] }));
  });`;

interface Told {
  readonly keeps: boolean;
  readonly bytes: number;
  readonly modules: number;
  readonly sum: number;
}
function told(keep: string, variables: Record<string, string> = {}): Told {
  const { NODE_DISABLE_COMPILE_CACHE: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program(keep)], {
    cwd: path.dirname(dist),
    env: { ...env, ...variables },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Told;
}
const inCache = `keepCode(${JSON.stringify(cache)})`;
const files = () =>
  existsSync(cache)
    ? readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
        statSync(path.join(cache, name)).isFile(),
      )
    : [];

describe.skipIf(!existsSync(path.join(dist, 'node.cjs')))('code that is kept', () => {
  it('is what later processes begin with', () => {
    const all = Array.from({ length: 4 }, () => told(inCache));
    expect(all.map(({ keeps, sum }) => [keeps, sum])).toEqual(all.map(() => [true, 321]));
    const [first, second, third, fourth] = all;
    // The second makes groups of what the first has made in haste.
    expect(second.modules).toBeLessThan(first.modules);
    // Those stand in one module when the process has ended.
    expect(third.modules).toBeLessThan(second.modules);
    expect(fourth.modules).toBe(third.modules);
    const [file] = files();
    expect(file).toMatch(/^[\da-f]{16}-v[\d.]+-\w+.[\da-f]{8}$/);
    expect(files().length).toBe(1);
  });

  it('tells that a module is valid: its bodies are not looked at again', () => {
    told(inCache);
    const file = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
    const bytes = readFileSync(file);
    const { length } = bytes;
    const { codeEnd } = Module.decode(bytes);
    // The end of a body.
    bytes[codeEnd[codeEnd.length - 1] - 1] = 0xff;
    expect(() => Module.decode(bytes)).toThrow('illegal opcode');
    const spoilt = path.join(place, 'spoilt.wasm');
    writeFileSync(spoilt, bytes);
    // The bytes of the module are behind what is known of it.
    const kept = path.join(cache, files()[0]);
    const known = readFileSync(kept).subarray(0, -length);
    const decoded = () => {
      const text = `
        const bytes = require('node:fs').readFileSync(${JSON.stringify(spoilt)});
        const { WebAssembly, createWebAssembly } = require(${JSON.stringify(path.join(dist, 'webassembly.node.cjs'))});
        const { keepCode } = require(${JSON.stringify(path.join(dist, 'node.cjs'))});
        ${inCache};
        const others = createWebAssembly({ features: { threads: false } });
        const isValid = (W) => W.compile(bytes).then((module) => W.Module.exports(module).length > 0, () => false);
        Promise.all([WebAssembly, others].map(isValid)).then((all) =>
          console.log(JSON.stringify([...all, WebAssembly.validate(bytes)])));`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', text], { encoding: 'utf8' });
      expect(stderr).toBe('');
      return JSON.parse(stdout) as boolean[];
    };
    expect(decoded()).toEqual([false, false, false]);
    writeFileSync(kept, Buffer.concat([known, bytes]));
    // With other features other modules are valid.
    expect(decoded()).toEqual([true, false, true]);
  });

  it('is where the variable says, if no folder is given, or nowhere', () => {
    expect(told('keepCode()', { TSWASM_CACHE: cache }).keeps).toBe(true);
    expect(files().length).toBe(1);
    expect(told('keepCode()', { TSWASM_CACHE: 'off' }).keeps).toBe(false);
    expect(told('false').sum).toBe(321);
  });

  it('is not in a folder that others may write to', () => {
    told(inCache);
    const [folder] = readdirSync(cache);
    chmodSync(path.join(cache, folder), 0o777);
    expect(told(inCache).keeps).toBe(process.platform === 'win32');
  });
});

it('needs a folder that is a string, and a build', () => {
  expect(() => keepCode(5 as unknown as string)).toThrow(
    new TypeError('the folder: expected a string, not 5'),
  );
  expect(keepCode(cache)).toBe(false);
  expect(files()).toEqual([]);
});
