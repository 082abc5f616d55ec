/**
 * The rows of the atomic instructions (threads proposal, "Atomic Memory Accesses"): a part of THE instruction table (instructions.ts says
 * what the columns are) that a bundle can go without (scripts/small-parts.mjs). `width` is the alignment that is asked for, not a hint.
 */

/** By width: what all kinds of access have, in the order of their opcodes. */
const FORMS = [
  ['i32', '', 32],
  ['i64', '', 64],
  ['i32', '8', 8],
  ['i32', '16', 16],
  ['i64', '8', 8],
  ['i64', '16', 16],
  ['i64', '32', 32],
] as const;
type Num = 'i32' | 'i64';
type Rmw = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'xchg' | 'cmpxchg';
/** Atomic instructions. */
export type AtomicOp =
  | `memory.atomic.${'notify' | 'wait32' | 'wait64'}`
  | 'atomic.fence'
  | `${Num}.atomic.${'load' | 'store' | `load${8 | 16}_u` | `store${8 | 16}`}`
  | `i64.atomic.${'load32_u' | 'store32'}`
  | `${Num}.atomic.${`rmw.${Rmw}` | `rmw${8 | 16}.${Rmw}_u`}`
  | `i64.atomic.rmw32.${Rmw}_u`;
type AtomicRow = readonly [
  op: number,
  name: AtomicOp,
  sig: string,
  imm: 'atomic' | 'fence',
  feature: 'threads',
  width: number,
  traps: boolean,
];

const accessRow = (op: number, name: AtomicOp, sig: string, width: number): AtomicRow => [
  op,
  name,
  sig,
  'atomic',
  'threads',
  width,
  true,
];
/** `#` in a name stands for the width, `n` in a signature for the type of the value. */
const KINDS = [
  ['load#_', 'a:n'],
  ['store#', 'an:'],
  ...['add', 'sub', 'and', 'or', 'xor', 'xchg'].map((name) => [`rmw#.${name}_`, 'an:n']),
  ['rmw#.cmpxchg_', 'ann:n'],
];

export const ATOMIC_ROWS: readonly AtomicRow[] = [
  accessRow(0x400, 'memory.atomic.notify', 'ai:i', 32),
  accessRow(0x401, 'memory.atomic.wait32', 'aiI:i', 32),
  accessRow(0x402, 'memory.atomic.wait64', 'aII:i', 64),
  [0x403, 'atomic.fence', ':', 'fence', 'threads', 0, false],
  ...KINDS.flatMap(([kind, sig], k) =>
    FORMS.map(([type, bits, width], form) => {
      const name = kind.replace('#', bits).replace('_', bits && '_u');
      const letter = type === 'i32' ? 'i' : 'I';
      const op = 0x410 + FORMS.length * k + form;
      return accessRow(op, `${type}.atomic.${name}` as AtomicOp, sig.replace(/n/g, letter), width);
    }),
  ),
];
