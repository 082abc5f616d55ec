// A library rather than a program: exports a function, imports one. examples/library.mjs uses it.
@external('host', 'record')
declare function record(start: i32, steps: i32): void;

// Finds the start below `limit` whose Collatz sequence takes most steps; tells the host of each new record.
export function longest(limit: i32): i32 {
  let best = 0;
  let bestSteps = 0;
  for (let start = 1; start < limit; start++) {
    let steps = 0;
    for (let n: i64 = start; n != 1; steps++) n = n & 1 ? 3 * n + 1 : n >> 1;
    if (steps > bestSteps) {
      best = start;
      bestSteps = steps;
      record(start, steps);
    }
  }
  return best;
}
