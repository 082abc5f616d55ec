/**
 * Writes the program "many": hundreds of distinct functions, each hot, none dominant. It shows what an engine does when its
 * inline caches and its code cache have seen everything; `--warm` runs it before another program for the same reason.
 */
const FUNCTIONS = 400;

/** mulberry32: small, seeded, the same on every host. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Below = (below: number) => number;
const pick = <T>(below: Below, choices: readonly T[]): T => choices[below(choices.length)]!;

function statement(r: Below): string {
  const x = pick(r, ['x', 'y']);
  const k = r(1 << pick(r, [3, 8, 20, 30]));
  const at = r(1000) * 4;
  return pick(r, [
    () => `${x} ${pick(r, ['+=', '-=', '^=', '*=', '|='])} ${pick(r, ['x', 'y', 'i', `${k | 1}`])};`,
    () => `${x} = ${pick(r, ['rotl', 'rotr'])}<i32>(${x}, ${1 + r(31)}) ${pick(r, ['+', '^'])} ${k};`,
    () => `${x} = (${x} ${pick(r, ['<<', '>>', '>>>'])} ${1 + r(31)}) + ${pick(r, ['y', 'i'])};`,
    () => `store<${pick(r, ['i32', 'i16', 'u8'])}>(mem + ${at}, ${x});`,
    () => `${x} += load<${pick(r, ['i32', 'i16', 'u16', 'i8', 'u8'])}>(mem + ${at});`,
    () => `${x} += load<i32>(mem + (<usize>(${pick(r, ['x', 'y'])} & 1023) << 2), ${at & 1020});`,
    () => `u ${pick(r, ['+=', '^=', '-=', '*='])} <i64>${x} ${pick(r, ['+', '|', '^'])} ${k};`,
    () => `u = rotl<i64>(u, ${1 + r(63)}); ${x} ^= <i32>(u >> ${r(64)});`,
    () => `store<i64>(mem + ${at}, u); u += load<i64>(mem + ${r(1000) * 4});`,
    () => `d = d * ${(1 + r(90)) / 100} + <f64>(${x} & ${1 + r(4095)});`,
    () => `store<f64>(mem + ${4096 + r(400) * 8}, d); d += load<f64>(mem + ${4096 + r(400) * 8}) * 0.5;`,
    () => `${x} += <i32>(d * ${1 + r(9)}.5) & ${1 + r(255)};`,
    () =>
      `if (${x} ${pick(r, ['<', '>', '>=', '!=', '<='])} ${pick(r, ['y', 'i', `${k}`])}) { ${simple(r)} }`,
    () => `if (<u32>${x} < ${k}) { ${simple(r)} } else { ${simple(r)} }`,
    () => `${x} = ${pick(r, ['x', 'y'])} > ${k} ? ${pick(r, ['i', 'y'])} : ${x} + 1;`,
    () => `${x} = ${x} / ${2 + r(99)} + ${x} % ${3 + r(50)};`,
  ])();
}

function simple(r: Below): string {
  return pick(r, [
    `x += ${1 + r(100)};`,
    `y ^= ${1 + r(1000)};`,
    'x = y - i;',
    'y = x * 3;',
    'u += 7;',
    'd += 1.5;',
  ]);
}

function body(index: number, r: Below): string {
  const lines = Array.from({ length: 4 + r(9) }, () => `    ${statement(r)}`);
  const turns = 3 + r(6);
  return `export function calc${index}(x: i32, y: i32): i32 {
  let u: i64 = ${r(1 << 30)};
  let d: f64 = 0;
  for (let i = 0; i < ${turns}; i++) {
${lines.join('\n')}
  }
  return x ^ y ^ <i32>u ^ (<i32>d & 0xffff);
}`;
}

/** The AssemblyScript text. Every function is exported, so that the optimiser keeps it a function. */
export function manySource(): string {
  const r = random(2026);
  const functions = Array.from({ length: FUNCTIONS }, (_, i) => body(i, r));
  const calls = functions.map((_, i) => `    acc = calc${i}(acc, r + ${r(1000)});`);
  return `const mem: usize = memory.data(16384);
${functions.join('\n')}
export function run(n: i32): i32 {
  let acc = 0;
  memory.fill(mem, 0, 16384);
  for (let r = 0; r < n; r++) {
${calls.join('\n')}
  }
  return acc;
}
`;
}
