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
  readonly Instance: new (module: never, imports?: never) => { readonly exports: unknown };
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

/** What makes an integer otherwise: out of memory, vectors, globals, and what JavaScript gives. */
const LOADS = INSTRUCTIONS.filter(
  ({ imm, sig }) => (imm === 'memarg' || imm === 'atomic') && /^a[iI]?:[iI]$/.test(sig ?? ''),
);
const LANES = INSTRUCTIONS.filter(
  ({ imm, sig }) => (imm === 'lane' || imm === 'none') && /^v:[iI]$/.test(sig ?? ''),
);
interface Source {
  readonly name: string;
  readonly type: 'i32' | 'i64';
  readonly text: string;
}
const typeOf = (sig: string) => (sig.endsWith('i') ? 'i32' : 'i64');
const SOURCES: readonly Source[] = [
  ...LOADS.flatMap(({ name, imm, sig, width }) =>
    Array.from({ length: 24 }, (_, at): Source[] => {
      const operand = sig![1] === ':' ? '' : `(${typeOf(`${sig![1]}`)}.const 0)`;
      const isAllowed = (imm === 'memarg' || (8 * at) % width === 0) && !/notify|and|xchg/.test(name);
      return isAllowed
        ? [{ name: `${name} ${at}`, type: typeOf(sig!), text: `(${name} (i32.const ${at}) ${operand})` }]
        : [];
    }).flat(),
  ),
  ...LANES.flatMap(({ name, imm, sig }) =>
    [0, 3, 8].flatMap((at) =>
      (imm === 'lane' ? [0, 1] : ['']).map((lane) => ({
        name: `${name} ${lane} ${at}`,
        type: typeOf(sig!) as Source['type'],
        text: `(${name} ${lane} (v128.load (i32.const ${at})))`,
      })),
    ),
  ),
  { name: 'a global of 32 bits', type: 'i32', text: '(global.get $narrow)' },
  { name: 'a global of 64 bits', type: 'i64', text: '(global.get $wide)' },
  { name: 'what a host function of 32 bits returns', type: 'i32', text: '(call $narrow)' },
  { name: 'what a host function of 64 bits returns', type: 'i64', text: '(call $wide)' },
  { name: 'an argument of 32 bits', type: 'i32', text: '(local.get 0)' },
  { name: 'an argument of 64 bits', type: 'i64', text: '(local.get 1)' },
  { name: 'what memory.grow returns', type: 'i32', text: '(memory.grow (i32.const -1))' },
  { name: 'what table.grow returns', type: 'i32', text: '(table.grow (ref.null func) (i32.const -1))' },
];
const GIVEN = [4294967295, -1, 2 ** 31, -0, 2 ** 32, -(2 ** 53), 1e300, NaN];
const GIVEN_WIDE = [
  2n ** 64n - 1n,
  -1n,
  2n ** 63n,
  2n ** 32n - 1n,
  2n ** 64n,
  -(2n ** 63n) - 1n,
  0xffffffff00000000n,
  1n,
];

describe.each(['interpret', 'javascript', 'native'] as const)('%s: the rest', (tier) => {
  it('is equal to what the host has', () => {
    const text = SOURCES.map(({ type, text: made }, k) => {
      const low = (of: string): string => (type === 'i32' ? of : `(i32.wrap_i64 ${of})`);
      return `(func (export "make ${k}") (param i32 i64) (result ${type}) ${made})
        (func (export "equal ${k}") (param i32 i64) (param $wanted ${type}) (result i32)
          (i32.add (i32.shl (${type}.eq ${made} (local.get $wanted)) (i32.const 1)) (i32.eq ${low(made)} ${low('(local.get $wanted)')})))
        (func (export "sign ${k}") (param i32 i64) (result f64) (f64.div (f64.const 1) (f64.convert_${type}_s ${made})))`;
    });
    const bytes = wat(`(module
      (import "m" "narrow" (func $narrow (result i32))) (import "m" "wide" (func $wide (result i64)))
      (import "m" "narrow global" (global $narrow (mut i32))) (import "m" "wide global" (global $wide (mut i64)))
      (memory 1 1) (table 0 0 funcref)
      (data (i32.const 0) "\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\00\\00\\00\\80\\00\\00\\00\\80\\01\\80\\ff\\7f\\ff\\80\\80\\80\\ff\\ff\\ff\\ff\\00\\00\\00\\00\\ff\\ff")
      ${text.join('\n')})`);
    let given = 0;
    const begin = (
      namespace: Namespace & { readonly Global: new (type: object, value: unknown) => { value: unknown } },
    ) => {
      const narrow = new namespace.Global({ value: 'i32', mutable: true }, 0);
      const wide = new namespace.Global({ value: 'i64', mutable: true }, 0n);
      const imports = {
        m: {
          narrow: () => GIVEN[given],
          wide: () => GIVEN_WIDE[given],
          'narrow global': narrow,
          'wide global': wide,
        },
      };
      const { exports } = new namespace.Instance(new namespace.Module(bytes) as never, imports as never);
      return { exports: exports as Exports, narrow, wide };
    };
    const [host, ours] = [begin(HOST as never), begin(createWebAssembly({ tier }) as never)];
    const found: unknown[] = [];
    for (given = 0; given < GIVEN.length; given++) {
      for (const { narrow, wide } of [host, ours])
        [narrow.value, wide.value] = [GIVEN[given], GIVEN_WIDE[given]];
      SOURCES.forEach(({ name }, k) => {
        const args = [GIVEN[given], GIVEN_WIDE[given]];
        const made = host.exports[`make ${k}`](...args);
        const equal = ours.exports[`equal ${k}`](...args, made);
        const [sign, wanted] = [ours, host].map(({ exports }) => exports[`sign ${k}`](...args));
        if (equal !== 3 || !Object.is(sign, wanted))
          found.push([name, ...args, made, equal, sign, wanted].map(String));
      });
    }
    expect(found.slice(0, 10)).toEqual([]);
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
