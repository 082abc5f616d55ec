/** A module compiled by `asc`, loaded with `@assemblyscript/loader`: strings, arrays, memory growth, i64, an abort. */
import { instantiate } from '@assemblyscript/loader';

interface Exports extends Record<string, unknown> {
  greet(name: number): number;
  primes(limit: number): number;
  sum(values: number): number;
  mix(a: bigint, b: bigint): bigint;
  failing(): void;
  allocate(count: number): number;
  Int32ArrayId: { valueOf(): number };
}

export async function run(input: unknown): Promise<unknown> {
  const logged: string[] = [];
  const { exports } = await instantiate<Exports>(input as Uint8Array, {
    host: { log: (text: number) => logged.push(exports.__getString(text)) },
  });
  const { __newString, __newArray, __getString, __getArray, __pin, __unpin, memory } = exports;
  const name = __pin(__newString('wörld 🌍'));
  const greeting = __getString(exports.greet(name));
  __unpin(name);
  const values = __pin(__newArray(exports.Int32ArrayId.valueOf(), [1, 2, 3, 40_000_000, -7]));
  let failure = '';
  try {
    exports.failing();
  } catch (error) {
    failure = String(error);
  }
  const before = memory!.buffer.byteLength;
  const allocated = exports.allocate(400_000);
  return {
    greeting,
    primes: __getArray(exports.primes(50_000)).slice(-3),
    sum: exports.sum(values),
    mixed: exports.mix(-1n, 0x7fff_ffff_ffff_ffffn),
    failure,
    grown: [before, allocated, memory!.buffer.byteLength],
    logged,
  };
}
