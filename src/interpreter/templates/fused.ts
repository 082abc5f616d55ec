/**
 * Forms that do the work of two or three closures, for engines that do not inline (`--jitless`, QuickJS). They are in the full set only;
 * assemble.ts takes them where they are. What is in scope: control.ts.
 *
 * They are the commonest neighbours in compiled code, counted where SQLite (sql.js) and QuickJS (quickjs-emscripten) run, not in a
 * benchmark: a counter that is stepped and tested, a pointer that is followed and tested, a bit field, select of locals and constants.
 */
import { BACK, closure, type Row } from './closure';

const rows: Record<string, Row> = {
  // A function that calls nothing has only one frame on the host's stack.
  'loop/leaf': [
    ['cell'],
    '{var self=fp=>{const body=cell.body;let s;do s=body(fp);while(s===self);return s};return self}',
  ],
  // A condition whose taken branch goes back to a loop.
  'loop/r': [['a', 'site', 'header', 'n'], closure('', `I[fp+a]!==0?${BACK}:n(fp)`)],
  'loop/e': [['a', 'site', 'header', 'n'], closure('', `a(fp)!==0?${BACK}:n(fp)`)],
  // Set, then test what was set.
  'setif i32.add/rk': [['d', 'a', 'b', 'y', 'n'], closure('', '(I[fp+d]=I[fp+a]+b|0)!==0?y(fp):n(fp)')],
  'setloop i32.add/rk': [
    ['d', 'a', 'b', 'site', 'header', 'n'],
    closure('', `(I[fp+d]=I[fp+a]+b|0)!==0?${BACK}:n(fp)`),
  ],
  'setif i32.load/r': [
    ['d', 'a', 'o', 'm', 'at', 'y', 'n'],
    closure(
      'const x=I[fp+a];let v=x+o|0;if((x|v)<0||v>m.top4)v=m.far(x,o,4,at);',
      '(I[fp+d]=v&3?m.load32(v):m.i32[v>>>2])!==0?y(fp):n(fp)',
    ),
  ],
  'br_table i32.add/rk': [
    ['a', 'b', 'targets', 'last'],
    closure('const k=I[fp+a]+b>>>0;', 'targets[k<last?k:last](fp)'),
  ],
  'br_table/r': [['a', 'targets', 'last'], closure('const k=I[fp+a]>>>0;', 'targets[k<last?k:last](fp)')],
};

// Select of slots and constants: the value operands' forms; the condition is a closure.
const SELECTED: Readonly<Record<string, (name: string) => string>> = {
  r: (name) => `I[fp+${name}]`,
  k: (name) => name,
  e: (name) => `${name}(fp)`,
};
for (const [left, a] of Object.entries(SELECTED)) {
  for (const [right, b] of Object.entries(SELECTED)) {
    const chosen = `c(fp)!==0?${a('a')}:${b('b')}`;
    rows[`select/${left}${right}`] = [['a', 'b', 'c'], closure('', chosen)];
    rows[`set select/${left}${right}`] = [['d', 'a', 'b', 'c', 'n'], closure(`I[fp+d]=${chosen};`, 'n(fp)')];
  }
}

rows['global.set.i/r'] = [['g', 'k', 'a', 'n'], closure('g[k]=I[fp+a];', 'n(fp)')];

// (x >>> k) & mask
for (const [how, x] of [
  ['r', 'I[fp+a]'],
  ['e', 'a(fp)'],
]) {
  rows[`bits/${how}`] = [['a', 'b', 'c'], closure('', `${x}>>>b&c`)];
  rows[`set bits/${how}`] = [['d', 'a', 'b', 'c', 'n'], closure(`I[fp+d]=${x}>>>b&c;`, 'n(fp)')];
}

export const FUSED: Readonly<typeof rows> = rows;

/**
 * Neighbours that are composed: every pair of these statements, and each of them with each of these terminators, is one closure too,
 * by the name `first+second`. A memory that both access is the same one.
 */
export const COMPOSED_STATEMENTS = [
  'set.i/r',
  'set.i/k',
  'set.i/e',
  'set i32.add/rk',
  'set i32.add/rr',
  'set i32.load/r',
  'set i32.load8_u/r',
  'i32.store/rr',
];
export const COMPOSED_TERMINATORS = ['if/r', 'loop/r', 'back', 'return', 'call'];
/** More of them, one by one: 64-bit values, and the steps of the stack pointer. */
export const COMPOSED_PAIRS: readonly (readonly [first: string, second: string])[] = [
  ['set.I/k', 'set.I/k'],
  ['set.I/k', 'set i32.load8_u/r'],
  ['set.I/r', 'set.i/k'],
  ['set.i/r', 'set.I/r'],
  ['set.I/r', 'call'],
  ['set.I/r', 'return'],
  ['set i32.add/rk', 'set i64.load/r'],
  ['set i32.add/rk', 'set i32.load16_u/r'],
  ['set i64.load/r', 'set i32.add/rk'],
  ['i64.store/rr', 'set i32.add/rk'],
  ['i64.store/rr', 'set.i/r'],
  ['i32.store/rr', 'i32.store16/re'],
  ['set i32.add/ek', 'global.set.i/r'],
  ['global.set.i/r', 'set.i/r'],
  ['global.set.i/e', 'set.i/r'],
];
