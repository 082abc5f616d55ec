/** Atomic instructions, on memories that are shared and on others: every tier does what the host's engine does. */
import { describe, expect, it } from 'vitest';
import { INSTRUCTIONS } from '../../src/decoder';
import { ATOMIC_ROWS } from '../../src/decoder/atomics';
import { wat } from '../../src/testing';
import { createWebAssembly } from './webassembly';

const LETTERS: Readonly<Record<string, string>> = { a: 'i32', i: 'i32', I: 'i64' };
const isAccess = (name: string): boolean => name !== 'atomic.fence';

/** Each as a function of its operands, with a static offset of 8. */
const FUNCS = ATOMIC_ROWS.filter(([, name]) => isAccess(name)).map(([, name, sig]) => {
  const [params, results] = sig.split(':').map((part) => Array.from(part, (letter) => LETTERS[letter]));
  const operands = params.map((_, k) => `(local.get ${k})`).join(' ');
  const result = results.map((type) => `(result ${type})`).join('');
  return `(func (export "${name}") (param ${params.join(' ')}) ${result} (${name} offset=8 ${operands}))`;
});
const bytesFor = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "memory") ${limits}) ${FUNCS.join('\n')}
  (func (export "fence") (result i32) (atomic.fence) (i32.const 1)))`);
const LIMITS = { unshared: '1', shared: '1 3 shared' } as const;

type Exports = Record<string, (...args: unknown[]) => unknown> & { memory: { buffer: ArrayBuffer } };
interface Namespace {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: never) => { readonly exports: unknown };
}
const exportsOf = ({ Module, Instance }: Namespace, bytes: Uint8Array<ArrayBuffer>): Exports =>
  new Instance(new Module(bytes) as never).exports as Exports;

const VALUES = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -1, 0x12345678,
];
const WIDE = VALUES.flatMap((low) =>
  [0, 1, -1, -0x80000000].map((high) => (BigInt(high) << 32n) | BigInt(low >>> 0)),
);
const ADDRESSES = [0, 8, 64, 1, 2, 4, 7, 65520, 65528, 65527, 65536, -8, -1];

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('unaligned')) return 'unaligned atomic';
    if (message.includes('out of bounds')) return 'out of bounds memory access';
    return /wait|shared/.test(message) ? 'expected shared memory' : message;
  }
}

/** Nobody would wake it. */
const TIMEOUTS = [0n, 1n, 30_000n];

describe.each(['interpret', 'javascript', 'native'] as const)('%s', (tier) => {
  it.each(['unshared', 'shared'] as const)('does what the host does: %s', (kind) => {
    const bytes = bytesFor(LIMITS[kind]);
    const host = exportsOf((globalThis as unknown as { WebAssembly: Namespace }).WebAssembly, bytes);
    const ours = exportsOf(createWebAssembly({ tier }), bytes);
    let seed = 1;
    const below = (count: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % count;
    };
    for (const [, name, sig] of ATOMIC_ROWS) {
      for (let k = 0; isAccess(name) && k < 60; k++) {
        const [address, ...types] = sig.split(':')[0];
        const args: unknown[] = [address && ADDRESSES[k < 30 ? below(3) : below(ADDRESSES.length)]];
        for (const letter of types)
          args.push(letter === 'i' ? VALUES[below(VALUES.length)] : WIDE[below(WIDE.length)]);
        if (name.includes('wait')) args[2] = TIMEOUTS[below(TIMEOUTS.length)];
        // What is expected is there, now and then.
        if (name.includes('cmpxchg') && k % 2 === 0) {
          const load = name.replace(/rmw(\d*)\.cmpxchg/, 'load$1');
          args[1] = outcome(() => host[load](args[0]));
          if (typeof args[1] === 'string') continue;
        }
        expect([name, args, outcome(() => ours[name](...args))]).toEqual([
          name,
          args,
          outcome(() => host[name](...args)),
        ]);
      }
    }
    expect(new Uint8Array(ours.memory.buffer)).toEqual(new Uint8Array(host.memory.buffer));
    expect(ours.fence()).toBe(1);
  });

  it('tells which way it has trapped', () => {
    const ours = exportsOf(createWebAssembly({ tier }), bytesFor(LIMITS.unshared));
    expect(() => ours['i32.atomic.load'](1)).toThrow('unaligned atomic');
    expect(() => ours['i64.atomic.rmw.add'](65536, 1n)).toThrow('out of bounds memory access');
    expect(() => ours['memory.atomic.wait32'](0, 0, -1n)).toThrow('expected shared memory');
    expect(() => ours['memory.atomic.wait64'](1, 0n, 0n)).toThrow('unaligned atomic');
    expect(ours['memory.atomic.notify'](0, 1)).toBe(0);
  });
});

it('has a row for each', () => {
  expect(INSTRUCTIONS.filter(({ feature }) => feature === 'threads')).toHaveLength(67);
});
