// Dense f64 matrix product, three nested loops.
const N: i32 = 48;
const a = new StaticArray<f64>(N * N);
const b = new StaticArray<f64>(N * N);
const c = new StaticArray<f64>(N * N);

function fill(seed: i32): void {
  for (let i = 0; i < N * N; i++) {
    unchecked((a[i] = <f64>((i * 7 + seed) % 31) * 0.25 - 3.0));
    unchecked((b[i] = <f64>((i * 13 + seed) % 29) * 0.5 - 5.0));
  }
}

function multiply(): void {
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      let sum: f64 = 0;
      for (let k = 0; k < N; k++) sum += unchecked(a[i * N + k]) * unchecked(b[k * N + j]);
      unchecked((c[i * N + j] = sum));
    }
  }
}

export function run(n: i32): i32 {
  let check = 0;
  for (let r = 0; r < n; r++) {
    fill(r);
    multiply();
    for (let i = 0; i < N; i++) check = check * 33 + <i32>unchecked(c[i * N + ((i * 5) % N)]);
  }
  return check;
}
