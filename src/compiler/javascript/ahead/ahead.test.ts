import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { I64, Module } from '../../../decoder';
import { wat } from '../../../decoder/testing';
import { TRAP_MESSAGES, type TrapCode } from '../../../errors';
import { WebAssembly } from '../../../webassembly';
import { compileFile, TARGETS } from '.';
import { DIALECTS, type Target } from './dialects';
import { loadFile } from './testing';

type Exports = Readonly<Record<string, (...args: unknown[]) => unknown>>;
type Call = readonly [name: string, ...args: (number | bigint)[]];

interface Program {
  readonly wat: string;
  readonly calls: readonly Call[];
}

/** Instructions `i64.*` of two operands, each exported by its name. */
const OPS_64 = 'add sub mul div_s div_u rem_s rem_u shl shr_s shr_u rotl rotr xor'.split(' ');

const PROGRAMS: Readonly<Record<string, Program>> = {
  'calls, recursion and its end': {
    wat: `(func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func $endless (export "endless") (param i64) (call $endless (i64.add (local.get 0) (i64.const 1))))`,
    calls: [
      ['fib', 10],
      ['endless', 3n],
      ['fib', 9],
    ],
  },
  'jumps out of blocks, loops and tables of branches': {
    wat: `(func (export "run") (param i32) (result i32) (local i32 i32)
      (block $end (loop $again
        (br_if $end (i32.eqz (local.get 0)))
        (block $x (block $y (block $z
          (block $in (loop $inner
            (br_if $end (i32.gt_u (local.get 1) (i32.const 100000)))
            (local.set 2 (i32.add (local.get 2) (i32.const 1)))
            (br_if $in (i32.and (local.get 2) (i32.const 1)))
            (if (i32.and (local.get 2) (i32.const 2)) (then
              (br_table $y $in $inner $x $z $y $y $y $again (i32.and (local.get 2) (i32.const 31)))))
            (br_if $inner (i32.and (local.get 2) (i32.const 12)))))
          (br_table $x $y $z (i32.rem_u (local.get 0) (i32.const 4))))
          (local.set 1 (i32.add (local.get 1) (i32.const 100))))
          (local.set 1 (i32.mul (local.get 1) (i32.const 3)))
          (br_if $x (i32.and (local.get 1) (i32.const 8)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $again))
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $again)))
      (i32.add (i32.mul (local.get 1) (i32.const 1000)) (local.get 2)))`,
    calls: [0, 1, 2, 3, 7, 20, 33].map((n) => ['run', n] as const),
  },
  'memory at its end, unaligned, and growing': {
    wat: `(memory (export "memory") 1 3) (data (i32.const 65530) "\\01\\02\\03\\04\\85\\06") (data $p "abc\\00\\ff\\22\\5c")
      (func (export "load") (param i32) (result i32) (i32.load offset=2 (local.get 0)))
      (func (export "load8") (param i32) (result i32) (i32.load8_s (local.get 0)))
      (func (export "load16") (param i32) (result i32) (i32.load16_u offset=1 (local.get 0)))
      (func (export "load64") (param i32) (result i64) (i64.load offset=4 (local.get 0)))
      (func (export "far") (param i32) (result i32) (i32.load8_u offset=0xfffffff0 (local.get 0)))
      (func (export "store64") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export "floats") (param i32 f32 f64) (result f64)
        (f32.store offset=1 (local.get 0) (local.get 1)) (f64.store offset=6 (local.get 0) (local.get 2))
        (f64.add (f64.promote_f32 (f32.load offset=1 (local.get 0))) (f64.load offset=6 (local.get 0))))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size))
      (func (export "init") (param i32 i32 i32) (memory.init $p (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $p))
      (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))`,
    calls: [
      ['load', 65528],
      ['load', 65530],
      ['load', 65531],
      ['load', -2],
      ['load8', 65534],
      ['load8', 65536],
      ['load16', 65533],
      ['load16', 65534],
      ['load64', 65524],
      ['load64', 65525],
      ['far', 0],
      ['far', 15],
      ['floats', 3, 1.25, -7.5],
      ['floats', 2, Number.POSITIVE_INFINITY, 1],
      ['store64', 1, -5n],
      ['load64', -3],
      ['load64', 65529],
      ['init', 10, 0, 7],
      ['load', 10],
      ['load', 11],
      ['init', 10, 3, 5],
      ['copy', 11, 10, 7],
      ['load', 12],
      ['load', 13],
      ['copy', 9, 10, 7],
      ['load', 8],
      ['fill', 65535, 7, 1],
      ['fill', 65535, 7, 2],
      ['grow', 1],
      ['size'],
      ['load', 65531],
      ['load64', 65529],
      ['fill', 65535, 9, 9],
      ['load64', 65532],
      ['grow', 2],
      ['grow', 0],
      ['drop'],
      ['init', 0, 0, 1],
      ['init', 0, 0, 0],
    ],
  },
  'pages of one byte': {
    wat: `(memory 13 (pagesize 1))
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`,
    calls: [
      ['store', 5, 0x123456789an],
      ['store', 6, 1n],
      ['load', 9],
      ['load', 10],
      ['grow', 1],
      ['load', 10],
      ['load', 11],
      ['load', 8],
    ],
  },
  'tables and references': {
    wat: `(type $b (func (param i32 i32) (result i32))) (table $t (export "t") 4 8 funcref) (table $e 2 externref)
      (elem (table $t) (i32.const 0) func $add $sub) (elem $p func $sub $other $add) (elem declare func $add)
      (func $add (type $b) (i32.add (local.get 0) (local.get 1)))
      (func $sub (type $b) (i32.sub (local.get 0) (local.get 1)))
      (func $other (param i64) (result i32) (i32.const 9))
      (func (export "call") (param i32 i32 i32) (result i32) (call_indirect $t (type $b) (local.get 1) (local.get 2) (local.get 0)))
      (func (export "init") (param i32 i32 i32) (table.init $t $p (local.get 0) (local.get 1) (local.get 2)))
      (func (export "copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i32 i32) (table.fill $t (local.get 0) (ref.func $add) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
      (func (export "size") (result i32) (table.size $t))
      (func (export "null") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
      (func (export "extern") (param i32) (result i32) (table.set $e (local.get 0) (table.get $e (i32.const 1))) (i32.const 1))
      (func (export "drop") (elem.drop $p))`,
    calls: [
      ['call', 0, 7, 5],
      ['call', 1, 7, 5],
      ['call', 2, 7, 5],
      ['call', 4, 7, 5],
      ['call', -1, 7, 5],
      ['init', 2, 0, 2],
      ['call', 2, 7, 5],
      ['call', 3, 7, 5],
      ['init', 3, 0, 2],
      ['init', 0, 2, 2],
      ['copy', 1, 0, 3],
      ['call', 2, 9, 5],
      ['call', 3, 9, 5],
      ['copy', 2, 0, 3],
      ['grow', 3],
      ['size'],
      ['grow', 2],
      ['null', 6],
      ['null', 7],
      ['fill', 5, 2],
      ['call', 6, 1, 2],
      ['fill', 5, 3],
      ['extern', 1],
      ['extern', 2],
      ['drop'],
      ['init', 0, 0, 1],
    ],
  },
  'numbers of 64 bits': {
    wat: OPS_64.map(
      (op) => `(func (export "${op}") (param i64 i64) (result i64) (i64.${op} (local.get 0) (local.get 1)))`,
    ).join(''),
    calls: OPS_64.flatMap((op) =>
      [
        [7n, -3n],
        [-(2n ** 63n), -1n],
        [0x123456789abcdefn, 0xfedcba98n],
        [5n, 0n],
        [-1n, 63n],
        [2n ** 40n + 5n, 2n ** 33n + 1n],
      ].map(([a, b]) => [op, a, b] as const),
    ),
  },
  'floats to the last bit': {
    wat: `(func (export "tenth") (result f64) (f64.const 0.1)) (func (export "tiny") (result f64) (f64.const 5e-324))
      (func (export "huge") (result f64) (f64.const 1.7976931348623157e308)) (func (export "pi") (result f32) (f32.const 3.14159265))
      (func (export "mul") (param f32 f32) (result f32) (f32.mul (local.get 0) (local.get 1)))
      (func (export "min") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
      (func (export "max") (param f64 f64) (result f64) (f64.max (local.get 0) (local.get 1)))
      (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
      (func (export "trunc") (param f64) (result f64) (f64.trunc (local.get 0)))
      (func (export "sqrt") (param f32) (result f32) (f32.sqrt (local.get 0)))
      (func (export "copysign") (param f64 f64) (result f64) (f64.copysign (local.get 0) (local.get 1)))
      (func (export "int") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
      (func (export "sat") (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0)))
      (func (export "from") (param i64) (result f32) (f32.convert_i64_u (local.get 0)))
      (func (export "bits") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
      (func (export "clz") (param i32) (result i32) (i32.add (i32.clz (local.get 0)) (i32.mul (i32.const 100) (i32.popcnt (i32.mul (local.get 0) (i32.const 0x9e3779b1))))))`,
    calls: [
      ['tenth'],
      ['tiny'],
      ['huge'],
      ['pi'],
      ['mul', 1.1, 3.3],
      ['mul', 1e30, 1e30],
      ['min', 0, -0],
      ['min', 1, Number.NaN],
      ['max', -0, 0],
      ['max', 3, 2],
      ['nearest', 2.5],
      ['nearest', -0.3],
      ['nearest', 3.5],
      ['trunc', -1.7],
      ['sqrt', 2],
      ['copysign', 3, -0],
      ['int', -1.9],
      ['int', 2 ** 31],
      ['int', Number.NaN],
      ['sat', 1e30],
      ['sat', -1],
      ['sat', 1e12],
      ['from', -1n],
      ['from', 0x7fffff4000000001n],
      ['bits', -0],
      ['bits', 1.5],
      ['clz', 0],
      ['clz', 1],
      ['clz', -1],
      ['clz', 77777],
    ],
  },
  'NaNs that move through memory, locals and calls': {
    wat: `(memory 1) (global $d (mut f64) (f64.const 0))
      (func $same (param f64 i32) (result f64) (if (local.get 1) (then (return (call $same (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))) (local.get 0))
      (func (export "run") (param i64) (result i64)
        (i64.store (i32.const 3) (local.get 0)) (global.set $d (f64.load (i32.const 3)))
        (f64.store (i32.const 16) (f64.neg (f64.neg (global.get $d)))) (i64.load (i32.const 16)))`,
    calls: [
      ['run', 0x7ff4000000000001n],
      ['run', -1n],
      ['run', 0x3ff8000000000000n],
    ],
  },
  'several results and tail calls': {
    wat: `(func $two (param i32) (result i32 i64 f64) (local.get 0) (i64.const -9) (f64.const 2.5))
      (func $count (export "count") (param i32 i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1)))) (return_call $other (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 3))))
      (func $other (param i32 i32) (result i32) (return_call_indirect (param i32 i32) (result i32) (local.get 0) (local.get 1) (i32.const 0)))
      (table funcref (elem $count))
      (func (export "swap") (param i32 f32) (result f32 i32) (local.get 1) (local.get 0))
      (func (export "sum") (param i32) (result f64) (local i64 f64)
        (call $two (local.get 0)) (local.set 2) (local.set 1) (f64.convert_i32_s) (f64.add (local.get 2)) (f64.add (f64.convert_i64_s (local.get 1))))`,
    calls: [
      ['count', 10, 0],
      ['count', 20000, 1],
      ['swap', 7, 1.5],
      ['sum', 4],
    ],
  },
  'globals, start and imports': {
    wat: `(import "env" "log" (func $log (param i32 i64 f32) (result f64))) (import "env" "base" (global $base i32))
      (global $n (mut i32) (i32.add (global.get $base) (i32.const 5))) (global $w (mut i64) (i64.const 0x100000002))
      (func $start (global.set $n (i32.add (global.get $n) (i32.const 1)))) (start $start)
      (func (export "n") (result i32) (global.get $n)) (func (export "w") (result i64) (global.set $w (i64.mul (global.get $w) (i64.const 3))) (global.get $w))
      (func (export "log") (param i32) (result f64) (call $log (local.get 0) (i64.const -7) (f32.const 0.1)))
      (func (export "unreachable") unreachable)
      (func (export "divide") (param i32 i32) (result i32) (i32.add (i32.div_s (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1))))`,
    calls: [
      ['n'],
      ['w'],
      ['w'],
      ['log', 4],
      ['unreachable'],
      ['divide', 7, 2],
      ['divide', 7, 0],
      ['divide', -(2 ** 31), -1],
    ],
  },
};

/** A memory of pages, in the binary format, and the same of pages of one byte. */
const PAGES = [5, 3, 1, 0, 13];
const BYTES = [5, 4, 1, 8, 13, 0];

/** The text parser knows no page sizes. */
function bytesOf(text: string): Uint8Array {
  const bytes = wat(`(module ${text.replace(' (pagesize 1)', '')})`);
  if (!text.includes('pagesize')) return bytes;
  const at = bytes.findIndex((_, k) => PAGES.every((byte, n) => bytes[k + n] === byte));
  return Uint8Array.from([...bytes.subarray(0, at), ...BYTES, ...bytes.subarray(at + PAGES.length)]);
}

/** What a call comes to, in words. */
function outcome(call: () => unknown): string {
  try {
    return shown(call());
  } catch (error) {
    if (error instanceof RangeError) return `trap: ${TRAP_MESSAGES.callStackExhausted}`;
    if (error instanceof WebAssembly.RuntimeError) return `trap: ${error.message}`;
    const { code } = error as { code?: string };
    if (code === undefined || !(code in TRAP_MESSAGES)) throw error;
    return `trap: ${TRAP_MESSAGES[code as TrapCode]}`;
  }
}
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join();
  return Object.is(value, -0) ? '-0' : String(value);
}

const log = (a: number, b: unknown, c: number): number => a * 2 + Number(b) + c;
const pairOf = (value: bigint): number[] => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
];
const fromPair = ([low, high]: number[]): bigint => BigInt(high) * 2n ** 32n + BigInt(low >>> 0);

function expected(bytes: Uint8Array, calls: readonly Call[]): string[] {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { log, base: 37 } })
    .exports as Exports;
  return calls.map(([name, ...args]) => outcome(() => exports[name](...args)));
}

function compiled(bytes: Uint8Array, target: Target): string {
  const made = compileFile(Module.decode(bytes), { target });
  if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
  return made.text;
}

/** As `expected`, of a file; an i64 that is an array of two words is one number again. */
function found(bytes: Uint8Array, calls: readonly Call[], target: Target): string[] {
  const { bigInts } = DIALECTS[target];
  const given = bigInts
    ? log
    : (a: number, b: unknown, c: number): number => log(a, fromPair(b as number[]), c);
  const { exports } = loadFile(compiled(bytes, target), target).instantiate({
    env: { log: given, base: 37 },
  });
  const wide = Module.decode(bytes);
  return calls.map(([name, ...args]) => {
    const values = args.map((arg) => (bigInts || typeof arg !== 'bigint' ? arg : pairOf(arg)));
    const { index } = wide.exports.find((entry) => entry.name === name)!;
    const { results } = wide.types[wide.funcTypes[index]].composite.func;
    const isPair = !bigInts && results.length === 1 && results[0] === I64;
    return outcome(() => {
      const result = (exports as Exports)[name](...values);
      return isPair ? fromPair(result as number[]) : result;
    });
  });
}

describe.each(TARGETS)('a file for %s', (target) => {
  it.each(Object.keys(PROGRAMS))('does what the interpreter does: %s', (name) => {
    const { wat: text, calls } = PROGRAMS[name];
    const skips = name.startsWith('NaNs') && !DIALECTS[target].keepsBits;
    const bytes = bytesOf(text);
    const right = expected(bytes, calls);
    if (skips) expect(found(bytes, calls.slice(-1), target)).toEqual(right.slice(-1));
    else expect(found(bytes, calls, target)).toEqual(right);
  });

  it('is the same each time, and says what it lacks', () => {
    const bytes = bytesOf(PROGRAMS['globals, start and imports'].wat);
    expect(compiled(bytes, target)).toBe(compiled(bytes, target));
    const { instantiate } = loadFile(compiled(bytes, target), target);
    expect(() => instantiate({})).toThrow('import env.log is missing');
    expect(() => instantiate({ env: { log: 3, base: 1 } })).toThrow('import env.log is no function');
    const vectors = bytesOf('(func (param v128))');
    expect(compileFile(Module.decode(vectors), { target })).toEqual({
      kind: 'refused',
      reasons: ['function 0: it uses vectors'],
    });
  });

  it('traps where a segment does not fit', () => {
    const bytes = bytesOf('(memory 1) (data (i32.const 65535) "ab")');
    expect(outcome(() => loadFile(compiled(bytes, target), target).instantiate({}))).toBe(
      'trap: out of bounds memory access',
    );
  });
});

/** What the parser of Espruino does not know, or takes for something else. */
const UNKNOWN_TO_ESPRUINO: readonly [what: string, is: (node: ts.Node) => boolean][] = [
  [
    'a label',
    (node) =>
      ts.isLabeledStatement(node) || (ts.isBreakOrContinueStatement(node) && node.label !== undefined),
  ],
  ['a switch', ts.isSwitchStatement],
  [
    'let or const',
    (node) => ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) !== 0,
  ],
  [
    'an arrow function, a class or a template',
    (node) => ts.isArrowFunction(node) || ts.isClassLike(node) || ts.isTemplateExpression(node),
  ],
  [
    'a spread, a default or destructuring',
    (node) =>
      ts.isSpreadElement(node) ||
      ts.isObjectBindingPattern(node) ||
      (ts.isParameter(node) && node.initializer !== undefined),
  ],
  [
    '?? or **',
    (node) =>
      ts.isBinaryExpression(node) &&
      [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.AsteriskAsteriskToken].includes(
        node.operatorToken.kind,
      ),
  ],
  [
    'a BigInt or a regular expression',
    (node) => ts.isBigIntLiteral(node) || ts.isRegularExpressionLiteral(node),
  ],
  ['a number that it would round', (node) => ts.isNumericLiteral(node) && Number(node.text) > 2 ** 32],
  ['continue in a do', (node) => ts.isContinueStatement(node) && ts.isDoStatement(loopAround(node))],
];

function loopAround(node: ts.Node): ts.Node {
  let around = node.parent;
  while (!ts.isIterationStatement(around, false) && !ts.isFunctionLike(around)) around = around.parent;
  return around;
}

function problemsOf(text: string): string[] {
  const file = ts.createSourceFile('file.js', text, ts.ScriptTarget.ES5, true);
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    for (const [what, is] of UNKNOWN_TO_ESPRUINO)
      if (is(node)) problems.push(`${what}: ${node.getText(file).slice(0, 60)}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return problems;
}

describe('the grammar of Espruino', () => {
  it.each(Object.keys(PROGRAMS))('%s', (name) => {
    expect(problemsOf(compiled(bytesOf(PROGRAMS[name].wat), 'espruino'))).toEqual([]);
  });

  it('finds what it looks for', () => {
    const bytes = bytesOf(PROGRAMS['jumps out of blocks, loops and tables of branches'].wat);
    expect(problemsOf(compiled(bytes, 'node')).length).toBeGreaterThan(5);
    expect(problemsOf('for(;;){do{continue}while(0)}')).toHaveLength(1);
  });
});
