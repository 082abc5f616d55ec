/** Values and result patterns of scripts, bit exact. BigInt holds the bits of every number: this is test code, not the engine. */

/** The lowest bits, unsigned. The QuickJS of quickjs-emscripten leaves negative numbers in `BigInt.asUintN`. */
export function lowest(width: number, value: bigint): bigint {
  return value & ((1n << BigInt(width)) - 1n);
}

export type NumType = 'i32' | 'i64' | 'f32' | 'f64';
export type LaneType = 'i8' | 'i16' | NumType;

/** What is known of a reference outside the engine. `gc` is a heap object whose exact kind the engine does not tell. */
export type RefKind = 'null' | 'extern' | 'func' | 'exn' | 'i31' | 'struct' | 'array' | 'gc';

export interface NumValue {
  readonly type: NumType | 'v128';
  /** Unsigned, as wide as the type. */
  readonly bits: bigint;
}
export interface RefValue {
  readonly type: 'ref';
  readonly kind: RefKind;
  /** The n of `ref.extern n` or `ref.host n`; undefined for anything else. */
  readonly host?: number;
  /** Abstract heap type that a literal `ref.null ht` names. */
  readonly heap?: string;
}
export type Value = NumValue | RefValue;

export type LanePattern = bigint | 'nan:canonical' | 'nan:arithmetic';
export type Pattern =
  | { readonly kind: 'num'; readonly type: NumType; readonly lane: LanePattern }
  | { readonly kind: 'vec'; readonly lane: LaneType; readonly lanes: readonly LanePattern[] }
  /** `host` undefined: any reference below that heap type. */
  | { readonly kind: 'ref'; readonly heap: string; readonly host: number | undefined }
  | { readonly kind: 'null'; readonly heap: string | undefined }
  | { readonly kind: 'either'; readonly choices: readonly Pattern[] };

export const BITS: Record<LaneType, number> = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 };

/** The type a value that matches must have, or undefined for references. */
export function patternType(pattern: Pattern): NumType | 'v128' | undefined {
  if (pattern.kind === 'num') return pattern.type;
  if (pattern.kind === 'vec') return 'v128';
  return pattern.kind === 'either' ? patternType(pattern.choices[0]) : undefined;
}

function laneMatches(pattern: LanePattern, type: LaneType, bits: bigint): boolean {
  if (typeof pattern === 'bigint') return pattern === bits;
  const magnitude = bits & (type === 'f32' ? 0x7fff_ffffn : 0x7fff_ffff_ffff_ffffn);
  const quiet = type === 'f32' ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n;
  return pattern === 'nan:canonical' ? magnitude === quiet : (magnitude & quiet) === quiet;
}

const BELOW: Record<string, readonly RefKind[]> = {
  any: ['i31', 'struct', 'array', 'gc', 'extern'],
  eq: ['i31', 'struct', 'array', 'gc'],
  i31: ['i31'],
  struct: ['struct', 'gc'],
  array: ['array', 'gc'],
  func: ['func'],
  exn: ['exn'],
  // A reference from the any hierarchy may travel as an extern reference.
  extern: ['extern', 'i31', 'struct', 'array', 'gc'],
};

/** Whether a result is what the script expects. */
export function matches(pattern: Pattern, value: Value): boolean {
  switch (pattern.kind) {
    case 'either':
      return pattern.choices.some((choice) => matches(choice, value));
    case 'num':
      return value.type === pattern.type && laneMatches(pattern.lane, pattern.type, value.bits);
    case 'vec': {
      if (value.type !== 'v128') return false;
      const width = BigInt(BITS[pattern.lane]);
      const { bits } = value;
      return pattern.lanes.every((lane, i) =>
        laneMatches(lane, pattern.lane, lowest(Number(width), bits >> (BigInt(i) * width))),
      );
    }
    case 'null':
      return value.type === 'ref' && value.kind === 'null';
    case 'ref':
      if (value.type !== 'ref') return false;
      if (pattern.host !== undefined) return value.host === pattern.host;
      return (BELOW[pattern.heap] ?? []).includes(value.kind);
  }
}

function hex(bits: bigint, width: number): string {
  return `0x${bits.toString(16).padStart(width / 4, '0')}`;
}
export function showValue(value: Value): string {
  if (value.type === 'ref') return `(ref.${value.kind}${value.host === undefined ? '' : ` ${value.host}`})`;
  return `${value.type}:${hex(value.bits, value.type === 'v128' ? 128 : BITS[value.type])}`;
}
export function showPattern(pattern: Pattern): string {
  const lane = (l: LanePattern, type: LaneType): string => (typeof l === 'bigint' ? hex(l, BITS[type]) : l);
  switch (pattern.kind) {
    case 'either':
      return `(either ${pattern.choices.map(showPattern).join(' ')})`;
    case 'num':
      return `${pattern.type}:${lane(pattern.lane, pattern.type)}`;
    case 'vec':
      return `v128:${pattern.lane}[${pattern.lanes.map((l) => lane(l, pattern.lane)).join(' ')}]`;
    case 'null':
      return '(ref.null)';
    case 'ref':
      return `(ref.${pattern.heap}${pattern.host === undefined ? '' : ` ${pattern.host}`})`;
  }
}
