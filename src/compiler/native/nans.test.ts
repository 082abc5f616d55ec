/** That natively every NaN has the bits that the interpreter's has, where a store asks for that, and what the code for it is. */
import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { available, check, enableNativeFeatures } from '../../../spec-tests/differential/check';
import { targetNamed } from '../../../spec-tests/differential/tswasm-target';
import { nativeTierEngine } from '../../../spec-tests/engines/native-tier';
import { runScript } from '../../../spec-tests/runner';
import { Module } from '../../decoder';
import { INSTRUCTIONS } from '../../decoder/instructions';
import { Layout } from './layout';
import { emitModule } from './module';
import { lanesOf } from './nans';

/** How many seeds; more of them is `npm run differential -- --engine exact`. */
const SEEDS = Number(process.env['TSWASM_EXACT_SEEDS'] ?? 10);

it('tier by tier, snapshots, fuel and NaNs are the interpreter’s', { timeout: 300_000 }, async () => {
  await enableNativeFeatures();
  const features = available();
  const target = targetNamed('exact')!;
  for (let seed = 0; seed < SEEDS; seed++) {
    const failure = await check(seed, features, target);
    if (failure) expect.fail(`${failure.difference}\n${failure.shrunk}`);
  }
});

it('whole modules make the NaNs that our scripts ask for', async () => {
  for (const name of ['nan-signs', 'nan-bits']) {
    const source = readFileSync(new URL(`../../../spec-tests/own/${name}.wast`, import.meta.url), 'utf8');
    const { problems, passed } = await runScript(nativeTierEngine, `own/${name}.wast`, source);
    expect(problems).toEqual([]);
    expect(passed).toBeGreaterThan(30);
  }
});

/** Bytes that the code of a function with this body is longer in an exact module than in another. */
async function price(body: string, type = 'f64'): Promise<number> {
  const text = `(module (memory 1) (func (export "f") (param $x ${type}) (result ${type}) ${body}))`;
  const module = Module.decode(await parse(text));
  const [plain, exact] = [false, true].map((isExact) => {
    const { codeStart } = emitModule(new Layout(module, { isShared: false, isExact }, true));
    return codeStart[1] - codeStart[0];
  });
  return exact - plain;
}

it('only what may be seen is made canonical', async () => {
  const once = await price('(f64.add (local.get $x) (local.get $x))');
  expect(once).toBeGreaterThan(0);
  const chain =
    '(f64.mul (f64.add (local.get $x) (f64.const 1)) (f64.sub (local.get $x) (f64.sqrt (local.get $x))))';
  expect(await price(chain)).toBe(once);
  expect(await price('(f64.neg (f64.add (local.get $x) (local.get $x)))')).toBe(once);
  expect(await price('(f64.neg (local.get $x))')).toBe(0);
  expect(await price('(f64.copysign (local.get $x) (f64.const 1))')).toBe(0);
  expect(await price('(f64.convert_i32_s (i32.trunc_f64_s (f64.ceil (local.get $x))))')).toBe(0);
  expect(
    await price('(f64.store (i32.const 0) (f64.div (local.get $x) (f64.const 3))) (local.get $x)'),
  ).toBeGreaterThan(0);
});

it('every instruction that computes floats from floats makes a NaN canonical, or only moves bits', () => {
  const moved: string[] = [];
  for (const { op, name, sig } of INSTRUCTIONS) {
    const [operands, results = ''] = sig.split(':');
    if (!/[fF]/.test(operands) || !/^[fF]$/.test(results)) continue;
    if (lanesOf[op] === undefined) moved.push(name);
  }
  expect(moved).toEqual(['f32.copysign', 'f64.copysign']);
});
