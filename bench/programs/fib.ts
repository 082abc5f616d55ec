// Recursive calls: nothing but call, compare, add.
function fib(n: i32): i32 {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

export function run(n: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += fib(15 + (i & 3));
  return sum;
}
