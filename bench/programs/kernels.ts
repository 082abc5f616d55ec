// Numeric kernels in the manner of PolyBench, written anew. `kernel()` is one of them: bench/programs.ts adds it, and what it does not call is left
// out of the binary. Each works on the same arrays, which `fill` makes again for every repetition.
const N: i32 = 36;
const T: i32 = 8;

const a = new StaticArray<f64>(N * N);
const b = new StaticArray<f64>(N * N);
const c = new StaticArray<f64>(N * N);
const x = new StaticArray<f64>(N);
const y = new StaticArray<f64>(N);
const z = new StaticArray<f64>(N);
const paths = new StaticArray<i32>(N * N);
const line0 = new StaticArray<f64>(N * N);
const line1 = new StaticArray<f64>(N * N);
const M: i32 = 12;
const cube0 = new StaticArray<f64>(M * M * M);
const cube1 = new StaticArray<f64>(M * M * M);

@inline function get(m: StaticArray<f64>, i: i32, j: i32): f64 {
  return unchecked(m[i * N + j]);
}
@inline function set(m: StaticArray<f64>, i: i32, j: i32, value: f64): void {
  unchecked((m[i * N + j] = value));
}

function fill(seed: i32): void {
  for (let i = 0; i < N; i++) {
    unchecked((x[i] = <f64>((i * 3 + seed) % 7) * 0.5 + 1));
    unchecked((y[i] = <f64>((i * 5 + seed) % 11) * 0.25 + 1));
    unchecked((z[i] = <f64>(i % 5) * 0.125));
    for (let j = 0; j < N; j++) {
      // The diagonal dominates: the matrix can be decomposed.
      set(a, i, j, i == j ? <f64>(4 * N) : <f64>((i * j + seed) % 13) * 0.25);
      set(b, i, j, <f64>((i * 7 + j + seed) % 17) * 0.125);
      set(c, i, j, <f64>((i + j * 3) % 5));
      unchecked((paths[i * N + j] = ((i * 7 + j * 3 + seed) % 97) + 1));
      unchecked((line0[i * N + j] = <f64>((i + 3 * j + seed) % 23)));
      unchecked((line1[i * N + j] = 0));
    }
  }
  for (let i = 0; i < M * M * M; i++) {
    unchecked((cube0[i] = <f64>((i + seed) % 19) * 0.5));
    unchecked((cube1[i] = 0));
  }
}

function gemm(): void {
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) set(c, i, j, get(c, i, j) * 1.25);
    for (let k = 0; k < N; k++) {
      for (let j = 0; j < N; j++) set(c, i, j, get(c, i, j) + 1.5 * get(a, i, k) * get(b, k, j));
    }
  }
}

function syrk(): void {
  for (let i = 0; i < N; i++) {
    for (let j = 0; j <= i; j++) set(c, i, j, get(c, i, j) * 1.25);
    for (let k = 0; k < N; k++) {
      for (let j = 0; j <= i; j++) set(c, i, j, get(c, i, j) + 1.5 * get(a, i, k) * get(a, j, k));
    }
  }
}

function doitgen(): void {
  for (let r = 0; r < M; r++) {
    for (let q = 0; q < M; q++) {
      const row = (r * M + q) * M;
      for (let p = 0; p < M; p++) {
        let sum: f64 = 0;
        for (let s = 0; s < M; s++) sum += unchecked(cube0[row + s]) * get(c, s, p);
        unchecked((x[p] = sum));
      }
      for (let p = 0; p < M; p++) unchecked((cube0[row + p] = x[p]));
    }
  }
  for (let i = 0; i < M * M * M; i++) unchecked((c[i % (N * N)] += cube0[i]));
}

function atax(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < N; i++) unchecked((z[i] = 0));
    for (let i = 0; i < N; i++) {
      let sum: f64 = 0;
      for (let j = 0; j < N; j++) sum += get(a, i, j) * unchecked(x[j]);
      for (let j = 0; j < N; j++) unchecked((z[j] += get(a, i, j) * sum));
    }
    for (let i = 0; i < N; i++) unchecked((x[i] = z[i] * 1e-5));
  }
  for (let i = 0; i < N; i++) set(c, 0, i, unchecked(z[i]));
}

function mvt(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) unchecked((x[i] += get(b, i, j) * y[j]));
    }
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) unchecked((z[i] += get(b, j, i) * y[j]));
    }
  }
  for (let i = 0; i < N; i++) set(c, 0, i, unchecked(x[i] + z[i]));
}

function gesummv(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < N; i++) {
      let left: f64 = 0;
      let right: f64 = 0;
      for (let j = 0; j < N; j++) {
        left += get(a, i, j) * unchecked(x[j]);
        right += get(b, i, j) * unchecked(x[j]);
      }
      unchecked((y[i] = 1.5 * left + 1.25 * right));
    }
  }
  for (let i = 0; i < N; i++) set(c, 0, i, unchecked(y[i]));
}

function trisolv(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < N; i++) {
      let sum = unchecked(y[i]);
      for (let j = 0; j < i; j++) sum -= get(a, i, j) * unchecked(x[j]);
      unchecked((x[i] = sum / get(a, i, i)));
    }
  }
  for (let i = 0; i < N; i++) set(c, 0, i, unchecked(x[i]));
}

function durbin(): void {
  for (let t = 0; t < T; t++) {
    unchecked((y[0] = -0.01 * x[0]));
    let beta: f64 = 1;
    let alpha: f64 = -0.01 * unchecked(x[0]);
    for (let k = 1; k < N; k++) {
      beta = (1 - alpha * alpha) * beta;
      let sum: f64 = 0;
      for (let i = 0; i < k; i++) sum += 0.01 * unchecked(x[k - i - 1] * y[i]);
      alpha = -(0.01 * unchecked(x[k]) + sum) / beta;
      for (let i = 0; i < k; i++) unchecked((z[i] = y[i] + alpha * y[k - i - 1]));
      for (let i = 0; i < k; i++) unchecked((y[i] = z[i]));
      unchecked((y[k] = alpha));
    }
  }
  for (let i = 0; i < N; i++) set(c, 0, i, unchecked(y[i]));
}

function lu(): void {
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      for (let k = 0; k < j; k++) set(a, i, j, get(a, i, j) - get(a, i, k) * get(a, k, j));
      set(a, i, j, get(a, i, j) / get(a, j, j));
    }
    for (let j = i; j < N; j++) {
      for (let k = 0; k < i; k++) set(a, i, j, get(a, i, j) - get(a, i, k) * get(a, k, j));
    }
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = a[i]));
}

function cholesky(): void {
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      for (let k = 0; k < j; k++) set(a, i, j, get(a, i, j) - get(a, i, k) * get(a, j, k));
      set(a, i, j, get(a, i, j) / get(a, j, j));
    }
    for (let k = 0; k < i; k++) set(a, i, i, get(a, i, i) - get(a, i, k) * get(a, i, k));
    set(a, i, i, sqrt(get(a, i, i)));
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = a[i]));
}

function covariance(): void {
  for (let j = 0; j < N; j++) {
    let sum: f64 = 0;
    for (let i = 0; i < N; i++) sum += get(b, i, j);
    unchecked((x[j] = sum / <f64>N));
  }
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) set(b, i, j, get(b, i, j) - unchecked(x[j]));
  }
  for (let i = 0; i < N; i++) {
    for (let j = i; j < N; j++) {
      let sum: f64 = 0;
      for (let k = 0; k < N; k++) sum += get(b, k, i) * get(b, k, j);
      set(c, i, j, sum / <f64>(N - 1));
      set(c, j, i, sum / <f64>(N - 1));
    }
  }
}

function floydWarshall(): void {
  for (let k = 0; k < N; k++) {
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        const around = unchecked(paths[i * N + k] + paths[k * N + j]);
        if (around < unchecked(paths[i * N + j])) unchecked((paths[i * N + j] = around));
      }
    }
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = <f64>paths[i]));
}

// The best number of pairs of a sequence, where letters that add up to three may pair (Nussinov).
function nussinov(): void {
  for (let i = N - 1; i >= 0; i--) {
    for (let j = i + 1; j < N; j++) {
      let best = max(unchecked(paths[i * N + j - 1]), i + 1 < N ? unchecked(paths[(i + 1) * N + j]) : 0);
      const pairs = ((i * 7) & 3) + ((j * 7) & 3) == 3 ? 1 : 0;
      if (i + 1 < N) best = max(best, unchecked(paths[(i + 1) * N + j - 1]) + (i < j - 1 ? pairs : 0));
      for (let k = i + 1; k < j; k++) {
        best = max(best, unchecked(paths[i * N + k] + paths[(k + 1) * N + j]) & 0xffff);
      }
      unchecked((paths[i * N + j] = best));
    }
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = <f64>paths[i]));
}

function jacobi1d(): void {
  const n = N * N;
  for (let t = 0; t < 2 * T; t++) {
    for (let i = 1; i < n - 1; i++) unchecked((line1[i] = 0.33333 * (line0[i - 1] + line0[i] + line0[i + 1])));
    for (let i = 1; i < n - 1; i++) unchecked((line0[i] = 0.33333 * (line1[i - 1] + line1[i] + line1[i + 1])));
  }
  for (let i = 0; i < n; i++) unchecked((c[i] = line0[i]));
}

@inline function cross(m: StaticArray<f64>, i: i32, j: i32): f64 {
  return 0.2 * (get(m, i, j) + get(m, i, j - 1) + get(m, i, j + 1) + get(m, i + 1, j) + get(m, i - 1, j));
}

function jacobi2d(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 1; i < N - 1; i++) for (let j = 1; j < N - 1; j++) set(line1, i, j, cross(line0, i, j));
    for (let i = 1; i < N - 1; i++) for (let j = 1; j < N - 1; j++) set(line0, i, j, cross(line1, i, j));
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = line0[i]));
}

function seidel2d(): void {
  for (let t = 0; t < T; t++) {
    for (let i = 1; i < N - 1; i++) {
      for (let j = 1; j < N - 1; j++) {
        const above = get(line0, i - 1, j - 1) + get(line0, i - 1, j) + get(line0, i - 1, j + 1);
        const beside = get(line0, i, j - 1) + get(line0, i, j) + get(line0, i, j + 1);
        const below = get(line0, i + 1, j - 1) + get(line0, i + 1, j) + get(line0, i + 1, j + 1);
        set(line0, i, j, (above + beside + below) / 9);
      }
    }
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = line0[i]));
}

function fdtd2d(): void {
  for (let t = 0; t < T; t++) {
    for (let j = 0; j < N; j++) set(line1, 0, j, <f64>t);
    for (let i = 1; i < N; i++) {
      for (let j = 0; j < N; j++) set(line1, i, j, get(line1, i, j) - 0.5 * (get(b, i, j) - get(b, i - 1, j)));
    }
    for (let i = 0; i < N; i++) {
      for (let j = 1; j < N; j++) set(line0, i, j, get(line0, i, j) - 0.5 * (get(b, i, j) - get(b, i, j - 1)));
    }
    for (let i = 0; i < N - 1; i++) {
      for (let j = 0; j < N - 1; j++) {
        const along = get(line0, i, j + 1) - get(line0, i, j);
        set(b, i, j, get(b, i, j) - 0.7 * (along + get(line1, i + 1, j) - get(line1, i, j)));
      }
    }
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = b[i]));
}

@inline function second(m: StaticArray<f64>, at: i32, step: i32): f64 {
  return 0.125 * unchecked(m[at + step] - 2 * m[at] + m[at - step]);
}
function diffuse(from: StaticArray<f64>, to: StaticArray<f64>): void {
  for (let i = 1; i < M - 1; i++) {
    for (let j = 1; j < M - 1; j++) {
      for (let k = 1; k < M - 1; k++) {
        const at = (i * M + j) * M + k;
        unchecked((to[at] = second(from, at, M * M) + second(from, at, M) + second(from, at, 1) + from[at]));
      }
    }
  }
}
function heat3d(): void {
  for (let t = 0; t < T; t++) {
    diffuse(cube0, cube1);
    diffuse(cube1, cube0);
  }
  for (let i = 0; i < N * N; i++) unchecked((c[i] = cube0[i]));
}

export function run(n: i32): i32 {
  let check: i64 = 0;
  for (let r = 0; r < n; r++) {
    fill(r);
    kernel();
    for (let i = 0; i < N * N; i++) check = check * 31 + reinterpret<i64>(unchecked(c[i]));
  }
  return <i32>(check ^ (check >> 32));
}
