/** The reference side: the host's WebAssembly. */

import type { TypeName } from '../binary';
import type { EngineExtern } from '../engine';
import { fromJs, nativeEngine } from '../engines/native';
import { Native, type NativeException, type NativeMemory, type NativeTable } from '../engines/native-api';
import { IMPORTED_GLOBAL_VALUE, type Target, type TrapKind } from './target';

const NATIVE_TRAPS: readonly (readonly [RegExp, TrapKind])[] = [
  [/^unreachable/, 'unreachable'],
  [/(divide|remainder) by zero/, 'divide'],
  [/divide result unrepresentable|float unrepresentable/, 'numeric'],
  [/unaligned/, 'unaligned'],
  [/memory access out of bounds|data segment/, 'memory'],
  [/table index is out of bounds|table access out of bounds|element segment|table.*out of bounds/i, 'table'],
  [/signature mismatch|null function/, 'signature'],
];

type RefName = 'funcref' | 'externref' | 'exnref';
function isRef(type: TypeName): type is RefName {
  return type.endsWith('ref');
}

export const nativeTarget: Target = {
  engine: nativeEngine,
  variants: false,
  environment: (_session, { log, words, refs }) =>
    new Map<string, EngineExtern>([
      [
        'log',
        (a: number, b: bigint) => log(a, Number(BigInt.asIntN(32, b)), Number(BigInt.asIntN(32, b >> 32n))),
      ],
      ['global', new Native.Global({ value: 'i32' }, IMPORTED_GLOBAL_VALUE)],
      ['keep', (word: bigint) => words.push(word) - 1],
      ['kept', (at: number) => words[at]],
      ['keepRef', (ref: unknown) => refs.push(ref) - 1],
      ['keptRef', (at: number) => refs[at]],
    ]),
  thrown(error, tags) {
    if (Native.Exception === undefined || !(error instanceof Native.Exception)) return undefined;
    const exception: NativeException = error;
    const tag = tags.findIndex((t) => exception.is(t.tag));
    // V8 of Node 20 ends the process when it is asked for a value behind a vector.
    if (tag < 0 || tags[tag].params.includes('v128')) return { tag, payload: [] };
    const payload = tags[tag].params.map((type, k) =>
      fromJs(exception.getArg(tags[tag].tag, k), type === 'v128' || isRef(type) ? undefined : type),
    );
    return { tag, payload };
  },
  trapKind(error) {
    const { kind, message } = nativeEngine.classify(error);
    if (kind === 'exhaustion') return 'exhaustion';
    if (kind !== 'trap') return undefined;
    return NATIVE_TRAPS.find(([pattern]) => pattern.test(message))?.[1];
  },
  memory: (memory) => new Uint8Array((memory as NativeMemory).buffer),
  table(table) {
    const { length } = table as NativeTable;
    return Array.from({ length }, (_, i) => (table as NativeTable).get(i));
  },
};
