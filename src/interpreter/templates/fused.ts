/**
 * Forms that do the work of two or three closures, for engines that do not inline (`--jitless`, QuickJS). They are in the full set only;
 * assemble.ts takes them where they are. What is in scope: control.ts.
 *
 * They are the commonest neighbours in compiled code, counted in SQLite's module (sql.js), not in a benchmark: a counter that is
 * stepped and tested, a pointer that is followed and tested, moves and steps in a row, a bit field, select of locals and constants.
 */
const BACK = '(--M.fuel<0?(M.yielded=site,null):header)';

const rows: Record<string, readonly [params: readonly string[], closure: string]> = {
  // A condition whose taken branch goes back to a loop.
  'loop/r': [['a', 'site', 'header', 'n'], `fp=>I[fp+a]!==0?${BACK}:n(fp)`],
  'loop/e': [['a', 'site', 'header', 'n'], `fp=>a(fp)!==0?${BACK}:n(fp)`],
  // Set, then test what was set.
  'setif i32.add/rk': [['d', 'a', 'b', 'y', 'n'], 'fp=>(I[fp+d]=I[fp+a]+b|0)!==0?y(fp):n(fp)'],
  'setloop i32.add/rk': [
    ['d', 'a', 'b', 'site', 'header', 'n'],
    `fp=>(I[fp+d]=I[fp+a]+b|0)!==0?${BACK}:n(fp)`,
  ],
  'setif i32.load/r': [
    ['d', 'a', 'o', 'm', 'at', 'y', 'n'],
    'fp=>{const x=I[fp+a];let v=x+o|0;if((x|v)<0||v>m.top4)v=m.far(x,o,4,at);return(I[fp+d]=v&3?m.load32(v):m.i32[v>>>2])!==0?y(fp):n(fp)}',
  ],
  'br_table/r': [['a', 'targets', 'last'], 'fp=>{const k=I[fp+a]>>>0;return targets[k<last?k:last](fp)}'],
};

// Select of slots and constants: the value operands' forms; the condition is a closure.
const SELECTED: Readonly<Record<string, (name: string) => string>> = {
  r: (name) => `I[fp+${name}]`,
  k: (name) => name,
};
for (const [left, a] of Object.entries(SELECTED)) {
  for (const [right, b] of Object.entries(SELECTED)) {
    if (left + right === 'ee') continue;
    rows[`select/${left}${right}`] = [['a', 'b', 'c'], `fp=>c(fp)!==0?${a('a')}:${b('b')}`];
  }
}

// Two statements in a row: moves, constants, steps.
const STATEMENTS: Readonly<
  Record<string, readonly [params: readonly string[], code: (suffix: string) => string]>
> = {
  'set.i/r': [['d', 'a'], (s) => `I[fp+d${s}]=I[fp+a${s}];`],
  'set.i/k': [['d', 'k'], (s) => `I[fp+d${s}]=k${s};`],
  'set i32.add/rk': [['d', 'a', 'b'], (s) => `I[fp+d${s}]=I[fp+a${s}]+b${s}|0;`],
};
for (const [one, [params, code]] of Object.entries(STATEMENTS)) {
  for (const [two, [params2, code2]] of Object.entries(STATEMENTS)) {
    rows[`${one};${two}`] = [
      [...params, ...params2.map((name) => `${name}2`), 'n'],
      `fp=>{${code('')}${code2('2')}return n(fp)}`,
    ];
  }
}

// (x >>> k) & mask
for (const [how, x] of [
  ['r', 'I[fp+a]'],
  ['e', 'a(fp)'],
]) {
  rows[`bits/${how}`] = [['a', 'b', 'c'], `fp=>${x}>>>b&c`];
  rows[`set bits/${how}`] = [['d', 'a', 'b', 'c', 'n'], `fp=>{I[fp+d]=${x}>>>b&c;return n(fp)}`];
}

export const FUSED: Readonly<typeof rows> = rows;
