/**
 * Integers that instructions make, where the next instruction looks at them: they are equal to what the host's engine makes of the same operands,
 * and zero has no sign. In memory and at borders any number becomes such a word, so that nothing would tell there.
 */
import { describe, expect, it } from 'vitest';
import { compileFile, TARGETS, type Target } from '../../src/compiler/javascript/ahead';
import { DIALECTS } from '../../src/compiler/javascript/ahead/dialects';
import { loadFile } from '../../src/compiler/javascript/ahead/testing';
import { INSTRUCTIONS, Module } from '../../src/decoder';
import { wat } from '../../src/testing';
import { createWebAssembly } from './webassembly';

const TYPES: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64' };
const WORDS = [0, 1, 7, 31, 32, 33, 64, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff];
const FLOATS = [
  0,
  -0,
  0.5,
  -0.5,
  1,
  -1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 256,
  2 ** 63,
  -(2 ** 63),
  1.5e19,
  NaN,
];
const OPERANDS: Readonly<Record<string, readonly (number | bigint)[]>> = {
  i: WORDS.map((word) => word | 0),
  I: WORDS.flatMap((low) =>
    [0, 1, 0x80000000, 0xffffffff].map((high) => BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))),
  ),
  f: FLOATS.map(Math.fround),
  F: FLOATS,
};

/** Those that make an integer of one or two numbers. */
const OPS = INSTRUCTIONS.filter(({ sig, imm }) => imm === 'none' && /^[iIfF]{1,2}:[iI]$/.test(sig ?? '')).map(
  ({ name, sig }) => ({ name, params: [...sig!.split(':')[0]], result: sig!.split(':')[1] }),
);
type Op = (typeof OPS)[number];

const shown = (letter: string, value: number | bigint): string =>
  `(${TYPES[letter]}.const ${Object.is(value, -0) ? '-0' : Number.isNaN(value) ? 'nan' : value})`;

/** `equal` and `sign` of an operation on its operands, the last one given (`second`) as a constant or not. */
function funcs({ name, params, result }: Op, second: string | undefined, suffix: string): string {
  const type = TYPES[result];
  const declared = params.map((letter, k) => `(param $${k} ${TYPES[letter]})`).join(' ');
  const operands = params
    .map((_, k) => (k === 1 && second !== undefined ? second : `(local.get $${k})`))
    .join(' ');
  const made = `(${name} ${operands})`;
  const low = result === 'i' ? made : `(i32.wrap_i64 ${made})`;
  const wanted = result === 'i' ? '(local.get $wanted)' : '(i32.wrap_i64 (local.get $wanted))';
  return `(func (export "make ${name}${suffix}") ${declared} (result ${type}) ${made})
    (func (export "equal ${name}${suffix}") ${declared} (param $wanted ${type}) (result i32) (local $kept ${type})
      (local.set $kept ${made})
      (i32.or
        (i32.or (${type}.eq ${made} (local.get $wanted)) (i32.shl (${type}.eq (local.get $wanted) (local.get $kept)) (i32.const 1)))
        (i32.or (i32.shl (i32.eq ${low} ${wanted}) (i32.const 2))
          (i32.shl (i32.eqz (${type}.ne (local.get $kept) (local.get $wanted))) (i32.const 3)))))
    (func (export "sign ${name}${suffix}") ${declared} (result f64) (f64.div (f64.const 1) (f64.convert_${type}_s ${made})))`;
}

interface Namespace {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: never) => { readonly exports: unknown };
}
type Exports = Record<string, (...args: unknown[]) => unknown>;
const exportsOf = ({ Module, Instance }: Namespace, bytes: Uint8Array<ArrayBuffer>): Exports =>
  new Instance(new Module(bytes) as never).exports as Exports;
const HOST = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;

/** Where modules run, by name. */
const ENGINES: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => Exports>> = Object.fromEntries([
  ...(['interpret', 'javascript', 'native'] as const).map((tier) => {
    const namespace = createWebAssembly({ tier });
    return [tier, (bytes: Uint8Array<ArrayBuffer>) => exportsOf(namespace, bytes)];
  }),
  ...TARGETS.map((target) => [
    `a file for ${target}`,
    (bytes: Uint8Array<ArrayBuffer>) => fileOf(bytes, target),
  ]),
]);

function fileOf(bytes: Uint8Array<ArrayBuffer>, target: Target): Exports {
  const made = compileFile(Module.decode(bytes), { target });
  if (made.kind === 'refused') throw new Error(made.reasons.join());
  const { exports } = loadFile(made.text, target).instantiate({});
  const given = (arg: unknown): unknown =>
    typeof arg !== 'bigint' || DIALECTS[target].bigInts
      ? arg
      : [Number(BigInt.asIntN(32, arg)), Number(BigInt.asIntN(32, arg >> 32n))];
  return Object.fromEntries(
    Object.entries(exports).map(([name, func]) => [
      name,
      (...args: unknown[]) => (func as (...args: unknown[]) => unknown)(...args.map(given)),
    ]),
  );
}

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return 'a trap';
  }
}

/** What differs for one operation: with the second operand in a local, and as each constant. */
function differences(engine: (typeof ENGINES)[string], op: Op): unknown[] {
  const found: unknown[] = [];
  const [first, second] = op.params.map((letter) => OPERANDS[letter]);
  const constants = second ?? [];
  const text = [
    funcs(op, undefined, ''),
    ...constants.map((value, k) => funcs(op, shown(op.params[1], value), ` ${k}`)),
  ];
  const bytes = wat(`(module ${text.join('\n')})`);
  const [host, own] = [exportsOf(HOST, bytes), engine(bytes)];
  for (const a of first) {
    for (const [k, b] of (second ?? [undefined]).entries()) {
      for (const suffix of b === undefined ? [''] : ['', ` ${k}`]) {
        const args = b === undefined ? [a] : [a, b];
        const made = outcome(() => host[`make ${op.name}${suffix}`](...args));
        if (made === 'a trap') continue;
        const equal = outcome(() => own[`equal ${op.name}${suffix}`](...args, made));
        const sign = outcome(() => own[`sign ${op.name}${suffix}`](...args));
        const wanted = host[`sign ${op.name}${suffix}`](...args);
        if (equal !== 15 || !Object.is(sign, wanted))
          found.push([op.name, suffix, ...args, made, equal, sign, wanted].map(String));
      }
    }
  }
  return found;
}

describe.each(Object.keys(ENGINES))('%s', (name) => {
  it.each(OPS.map((op) => [op.name, op] as const))('%s', (_, op) => {
    expect(differences(ENGINES[name], op).slice(0, 5)).toEqual([]);
  });
});

it('are of all instructions that make one of numbers', () => {
  expect(OPS.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'i64.shr_u',
      'i32.rem_s',
      'i32.trunc_f64_s',
      'i64.extend_i32_u',
      'i64.trunc_sat_f32_u',
    ]),
  );
});
