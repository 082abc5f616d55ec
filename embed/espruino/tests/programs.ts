/**
 * Programs as boards run them, with what they print. Each is small enough for a board that is named, and together they use what modules are
 * made of: recursion, memory, imports, floats, branch tables, indirect calls, allocation, rotations.
 */
import { readFileSync } from 'node:fs';
import type { BoardName } from '../../../src/compiler/javascript/ahead';

export interface BoardProgram {
  readonly name: string;
  readonly source: { readonly wat: string } | { readonly assemblyScript: string };
  /** The smallest board that it is for. */
  readonly board: BoardName;
  /** Bytes of memory that it needs. */
  readonly memory: number;
  /** JavaScript of any engine: `run(wasm)` gives a string. */
  readonly host: string;
  readonly expected: string;
}

const CRC = `
  (memory 1)
  (func (export "put") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "crc") (param $n i32) (result i32) (local $c i32) (local $k i32) (local $p i32)
    (local.set $c (i32.const -1))
    (block $done (loop $bytes
      (br_if $done (i32.ge_u (local.get $p) (local.get $n)))
      (local.set $c (i32.xor (local.get $c) (i32.load8_u (local.get $p))))
      (local.set $k (i32.const 8))
      (loop $bits
        (local.set $c (i32.xor (i32.shr_u (local.get $c) (i32.const 1))
          (i32.and (i32.const 0xedb88320) (i32.sub (i32.const 0) (i32.and (local.get $c) (i32.const 1))))))
        (br_if $bits (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $bytes)))
    (i32.xor (local.get $c) (i32.const -1)))`;

const FILTER = `
  (global $level (mut f64) (f64.const 0)) (global $slow (mut f32) (f32.const 0))
  (func (export "sample") (param $raw i32) (result i32) (local $x f64)
    ;; Volts of a divider, through two low passes; millivolts come out.
    (local.set $x (f64.mul (f64.convert_i32_s (local.get $raw)) (f64.const 0.0008056640625)))
    (global.set $level (f64.add (global.get $level) (f64.mul (f64.const 0.3) (f64.sub (local.get $x) (global.get $level)))))
    (global.set $slow (f32.add (global.get $slow)
      (f32.mul (f32.const 0.125) (f32.sub (f32.demote_f64 (global.get $level)) (global.get $slow)))))
    (i32.trunc_f32_s (f32.nearest (f32.mul (global.get $slow) (f32.const 1000)))))`;

const MACHINE = `
  (type $step (func (param i32) (result i32))) (table funcref (elem $idle $run $stop))
  (global $state (mut i32) (i32.const 0)) (global $count (mut i32) (i32.const 0))
  (func $idle (type $step) (if (result i32) (i32.eq (local.get 0) (i32.const 1)) (then (i32.const 1)) (else (i32.const 0))))
  (func $run (type $step)
    (block $halt (block $tick (block $other (br_table $other $tick $halt $other (local.get 0))) (return (i32.const 1)))
      (global.set $count (i32.add (global.get $count) (i32.const 1))) (return (i32.const 1)))
    (i32.const 2))
  (func $stop (type $step) (global.set $count (i32.mul (global.get $count) (i32.const 10))) (i32.const 0))
  (func (export "event") (param i32) (result i32)
    (global.set $state (call_indirect (type $step) (local.get 0) (global.get $state)))
    (i32.add (i32.mul (global.get $count) (i32.const 100)) (global.get $state)))`;

const WORDS = `
class Node { constructor(public value: i32, public next: Node | null) {} }
let list: Node | null = null;
export function push(value: i32): void { list = new Node(value, list); }
export function sum(): i32 {
  let total = 0;
  let node: Node | null = list;
  while (node) {
    total = total * 31 + node.value;
    node = node.next;
  }
  return total;
}
export function digits(n: i32): i32 {
  const cells = new StaticArray<i32>(n);
  for (let i = 0; i < n; i++) cells[i] = i == 0 ? 1 : cells[i - 1] * 7 % 11;
  let all = 0;
  for (let i = 0; i < n; i++) all = all * 11 + cells[i];
  return all;
}`;

const SHA = `${readFileSync(new URL('../../../bench/programs/sha256-block.ts', import.meta.url), 'utf8')}
const M: usize = memory.data(128);
export function put(at: i32, byte: i32): void { store<u8>(M + at, byte); }
export function word(k: i32): i32 { return load<u32>(H + (k << 2)); }
export function hash(n: i32): void {
  begin();
  store<u8>(M + n, 0x80);
  store<u32>(M, bswap<u32>(n << 3), 60);
  block(M);
}`;

/** Numbers of 64 bits of all sizes, divided and converted: engines must read every constant that this takes exactly. */
const WIDE = `
  (func (export "mix") (param $n i32) (result i32) (local $x i64) (local $y i64) (local $c i64)
    (loop $more
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (local.set $y (i64.or (i64.const 1) (i64.shr_s (local.get $x) (i64.extend_i32_u (i32.mul (local.get $n) (i32.const 7))))))
      (local.set $c (i64.add (i64.mul (local.get $c) (i64.const 31)) (i64.div_u (local.get $x) (local.get $y))))
      (local.set $c (i64.xor (i64.rotl (local.get $c) (i64.const 7)) (i64.rem_u (local.get $x) (local.get $y))))
      (local.set $c (i64.add (local.get $c) (i64.div_s (i64.shr_s (local.get $x) (i64.const 9)) (local.get $y))))
      (local.set $c (i64.sub (local.get $c) (i64.rem_s (i64.shr_s (local.get $x) (i64.const 11)) (local.get $y))))
      (local.set $c (i64.xor (local.get $c) (i64.div_u (local.get $x) (i64.const 10))))
      (local.set $c (i64.add (local.get $c) (i64.trunc_sat_f64_u (f64.convert_i64_u (local.get $x)))))
      (local.set $c (i64.xor (local.get $c) (i64.trunc_f64_s (f64.convert_i64_s (local.get $x)))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (i32.wrap_i64 (local.get $c)) (i32.wrap_i64 (i64.shr_u (local.get $c) (i64.const 32)))))`;

export const PROGRAMS: readonly BoardProgram[] = [
  {
    name: 'fib',
    source: {
      wat: `(func $fib (export "fib") (param i32) (result i32)
        (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
        (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))`,
    },
    board: 'puck',
    memory: 0,
    host: `function run(w){var e=w.instantiate({}).exports;return ''+e.fib(7)+','+e.fib(14);}`,
    expected: '13,377',
  },
  {
    name: 'crc32',
    source: { wat: CRC },
    board: 'puck',
    memory: 64,
    host: `function run(w){var e=w.instantiate({}).exports,s='123456789',k;for(k=0;k<s.length;k++)e.put(k,s.charCodeAt(k));return ''+e.crc(s.length);}`,
    expected: `${0xcbf43926 | 0}`,
  },
  {
    name: 'blink',
    source: {
      wat: `(import "board" "write" (func $write (param i32))) (global $on (mut i32) (i32.const 0))
        (func (export "tick") (global.set $on (i32.xor (global.get $on) (i32.const 1))) (call $write (global.get $on)))`,
    },
    board: 'puck',
    memory: 0,
    host: `function run(w){var all='',e=w.instantiate({board:{write:function(on){all+=on}}}).exports;e.tick();e.tick();e.tick();return all;}`,
    expected: '101',
  },
  {
    name: 'filter',
    source: { wat: FILTER },
    board: 'puck',
    memory: 0,
    host: `function run(w){var e=w.instantiate({}).exports,k,last;for(k=0;k<20;k++)last=e.sample(k%2===0?2100:1900);return ''+last;}`,
    expected: '1444',
  },
  {
    name: 'machine',
    source: { wat: MACHINE },
    board: 'puck',
    memory: 0,
    host: `function run(w){var e=w.instantiate({}).exports,s='0110111211',k,last;for(k=0;k<s.length;k++)last=e.event(+s.charAt(k));return ''+last;}`,
    expected: '4001',
  },
  {
    name: 'wide',
    source: { wat: WIDE },
    board: 'puck',
    memory: 0,
    host: `function run(w){return ''+w.instantiate({}).exports.mix(40);}`,
    expected: '521154674',
  },
  {
    name: 'words',
    source: { assemblyScript: WORDS },
    board: 'puck',
    memory: 2048,
    host: `function run(w){var e=w.instantiate({env:{abort:function(){}}}).exports,k;for(k=0;k<10;k++)e.push(k*k);return ''+e.sum()+','+e.digits(6);}`,
    expected: '-631161613,270478',
  },
  {
    name: 'sha256',
    source: { assemblyScript: SHA },
    board: 'puck',
    memory: 2048,
    host: `function run(w){var e=w.instantiate({}).exports,k;e.put(0,97);e.put(1,98);e.put(2,99);e.hash(3);var all=[];for(k=0;k<8;k++)all.push(e.word(k));return all.join();}`,
    expected: [0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad]
      .map((word) => word | 0)
      .join(),
  },
];
