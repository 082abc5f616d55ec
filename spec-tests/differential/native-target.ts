/** The reference side: the host's WebAssembly. */
import type { EngineExtern } from '../engine';
import { nativeEngine } from '../engines/native';
import { Native, type NativeMemory, type NativeTable } from '../engines/native-api';
import { IMPORTED_GLOBAL_VALUE, type Target, type TrapKind } from './target';

const NATIVE_TRAPS: readonly (readonly [RegExp, TrapKind])[] = [
  [/^unreachable/, 'unreachable'],
  [/(divide|remainder) by zero/, 'divide'],
  [/divide result unrepresentable|float unrepresentable/, 'numeric'],
  [/memory access out of bounds|data segment/, 'memory'],
  [/table index is out of bounds|table access out of bounds|element segment|table.*out of bounds/i, 'table'],
  [/signature mismatch|null function/, 'signature'],
];

export const nativeTarget: Target = {
  engine: nativeEngine,
  variants: false,
  environment: (_session, log) =>
    new Map<string, EngineExtern>([
      [
        'log',
        (a: number, b: bigint) => log(a, Number(BigInt.asIntN(32, b)), Number(BigInt.asIntN(32, b >> 32n))),
      ],
      ['global', new Native.Global({ value: 'i32' }, IMPORTED_GLOBAL_VALUE)],
    ]),
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
