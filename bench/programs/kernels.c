// The kernels of kernels.ts in C, as a compiler that vectorises nothing but unrolls and strength-reduces writes them. -DKERNEL says which one.
#define N 36
#define M 12
#define T 8
#define EACH(i, from, to) for (int i = (from); i < (to); i++)

static double a[N][N], b[N][N], c[N][N], u[N][N], v[N][N], x[N], y[N], z[N];
static double p[M][M][M], q[M][M][M], line0[N * N], line1[N * N];
static int paths[N][N];

static void fill(int seed) {
  EACH(i, 0, N) {
    x[i] = (i * 3 + seed) % 7 * 0.5 + 1;
    y[i] = (i * 5 + seed) % 11 * 0.25 + 1;
    z[i] = i % 5 * 0.125;
    EACH(j, 0, N) {
      a[i][j] = i == j ? 4 * N : (i * j + seed) % 13 * 0.25;
      b[i][j] = (i * 7 + j + seed) % 17 * 0.125;
      c[i][j] = (i + j * 3) % 5;
      u[i][j] = line0[i * N + j] = (i + 3 * j + seed) % 23;
      v[i][j] = line1[i * N + j] = 0;
      paths[i][j] = (i * 7 + j * 3 + seed) % 97 + 1;
    }
  }
  EACH(i, 0, M) EACH(j, 0, M) EACH(k, 0, M) {
    p[i][j][k] = ((i * M + j) * M + k + seed) % 19 * 0.5;
    q[i][j][k] = 0;
  }
}

static void gemm(void) {
  EACH(i, 0, N) {
    EACH(j, 0, N) c[i][j] *= 1.25;
    EACH(k, 0, N) EACH(j, 0, N) c[i][j] += 1.5 * a[i][k] * b[k][j];
  }
}

static void syrk(void) {
  EACH(i, 0, N) {
    EACH(j, 0, i + 1) c[i][j] *= 1.25;
    EACH(k, 0, N) EACH(j, 0, i + 1) c[i][j] += 1.5 * a[i][k] * a[j][k];
  }
}

static void doitgen(void) {
  EACH(r, 0, M) EACH(s, 0, M) {
    EACH(t, 0, M) {
      x[t] = 0;
      EACH(k, 0, M) x[t] += p[r][s][k] * c[k][t];
    }
    EACH(t, 0, M) p[r][s][t] = x[t];
  }
  EACH(i, 0, M) EACH(j, 0, M) EACH(k, 0, M) c[i][j] += p[i][j][k];
}

static void atax(void) {
  EACH(t, 0, T) {
    EACH(i, 0, N) z[i] = 0;
    EACH(i, 0, N) {
      double sum = 0;
      EACH(j, 0, N) sum += a[i][j] * x[j];
      EACH(j, 0, N) z[j] += a[i][j] * sum;
    }
    EACH(i, 0, N) x[i] = z[i] * 1e-5;
  }
  EACH(i, 0, N) c[0][i] = z[i];
}

static void mvt(void) {
  EACH(t, 0, T) {
    EACH(i, 0, N) EACH(j, 0, N) x[i] += b[i][j] * y[j];
    EACH(i, 0, N) EACH(j, 0, N) z[i] += b[j][i] * y[j];
  }
  EACH(i, 0, N) c[0][i] = x[i] + z[i];
}

static void gesummv(void) {
  EACH(t, 0, T) EACH(i, 0, N) {
    double left = 0, right = 0;
    EACH(j, 0, N) {
      left += a[i][j] * x[j];
      right += b[i][j] * x[j];
    }
    y[i] = 1.5 * left + 1.25 * right;
  }
  EACH(i, 0, N) c[0][i] = y[i];
}

static void trisolv(void) {
  EACH(t, 0, T) EACH(i, 0, N) {
    x[i] = y[i];
    EACH(j, 0, i) x[i] -= a[i][j] * x[j];
    x[i] /= a[i][i];
  }
  EACH(i, 0, N) c[0][i] = x[i];
}

static void durbin(void) {
  EACH(t, 0, T) {
    double beta = 1, alpha = -0.01 * x[0];
    y[0] = alpha;
    EACH(k, 1, N) {
      double sum = 0;
      beta *= 1 - alpha * alpha;
      EACH(i, 0, k) sum += 0.01 * x[k - i - 1] * y[i];
      alpha = -(0.01 * x[k] + sum) / beta;
      EACH(i, 0, k) z[i] = y[i] + alpha * y[k - i - 1];
      EACH(i, 0, k) y[i] = z[i];
      y[k] = alpha;
    }
  }
  EACH(i, 0, N) c[0][i] = y[i];
}

static void lu(void) {
  EACH(i, 0, N) {
    EACH(j, 0, i) {
      EACH(k, 0, j) a[i][j] -= a[i][k] * a[k][j];
      a[i][j] /= a[j][j];
    }
    EACH(j, i, N) EACH(k, 0, i) a[i][j] -= a[i][k] * a[k][j];
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = a[i][j];
}

static void cholesky(void) {
  EACH(i, 0, N) {
    EACH(j, 0, i) {
      EACH(k, 0, j) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
    EACH(k, 0, i) a[i][i] -= a[i][k] * a[i][k];
    a[i][i] = __builtin_sqrt(a[i][i]);
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = a[i][j];
}

static void covariance(void) {
  EACH(j, 0, N) {
    x[j] = 0;
    EACH(i, 0, N) x[j] += b[i][j];
    x[j] /= N;
  }
  EACH(i, 0, N) EACH(j, 0, N) b[i][j] -= x[j];
  EACH(i, 0, N) EACH(j, i, N) {
    double sum = 0;
    EACH(k, 0, N) sum += b[k][i] * b[k][j];
    c[i][j] = c[j][i] = sum / (N - 1);
  }
}

static void floyd_warshall(void) {
  EACH(k, 0, N) EACH(i, 0, N) EACH(j, 0, N) {
    int around = paths[i][k] + paths[k][j];
    if (around < paths[i][j]) paths[i][j] = around;
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = paths[i][j];
}

static int larger(int left, int right) { return left > right ? left : right; }
static void nussinov(void) {
  for (int i = N - 1; i >= 0; i--) EACH(j, i + 1, N) {
    int best = larger(paths[i][j - 1], i + 1 < N ? paths[i + 1][j] : 0);
    int pairs = ((i * 7) & 3) + ((j * 7) & 3) == 3;
    if (i + 1 < N) best = larger(best, paths[i + 1][j - 1] + (i < j - 1 ? pairs : 0));
    EACH(k, i + 1, j) best = larger(best, (paths[i][k] + paths[k + 1][j]) & 0xffff);
    paths[i][j] = best;
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = paths[i][j];
}

static void jacobi_1d(void) {
  EACH(t, 0, 2 * T) {
    EACH(i, 1, N * N - 1) line1[i] = 0.33333 * (line0[i - 1] + line0[i] + line0[i + 1]);
    EACH(i, 1, N * N - 1) line0[i] = 0.33333 * (line1[i - 1] + line1[i] + line1[i + 1]);
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = line0[i * N + j];
}

#define CROSS(m) (0.2 * (m[i][j] + m[i][j - 1] + m[i][j + 1] + m[i + 1][j] + m[i - 1][j]))
static void jacobi_2d(void) {
  EACH(t, 0, T) {
    EACH(i, 1, N - 1) EACH(j, 1, N - 1) v[i][j] = CROSS(u);
    EACH(i, 1, N - 1) EACH(j, 1, N - 1) u[i][j] = CROSS(v);
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = u[i][j];
}

#define THREE(m, i) (m[i][j - 1] + m[i][j] + m[i][j + 1])
static void seidel_2d(void) {
  EACH(t, 0, T) EACH(i, 1, N - 1) EACH(j, 1, N - 1)
    u[i][j] = (THREE(u, i - 1) + THREE(u, i) + THREE(u, i + 1)) / 9;
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = u[i][j];
}

static void fdtd_2d(void) {
  EACH(t, 0, T) {
    EACH(j, 0, N) v[0][j] = t;
    EACH(i, 1, N) EACH(j, 0, N) v[i][j] -= 0.5 * (b[i][j] - b[i - 1][j]);
    EACH(i, 0, N) EACH(j, 1, N) u[i][j] -= 0.5 * (b[i][j] - b[i][j - 1]);
    EACH(i, 0, N - 1) EACH(j, 0, N - 1) b[i][j] -= 0.7 * (u[i][j + 1] - u[i][j] + v[i + 1][j] - v[i][j]);
  }
  EACH(i, 0, N) EACH(j, 0, N) c[i][j] = b[i][j];
}

#define SECOND(above, m, below) (0.125 * (above - 2 * m[i][j][k] + below))
static void diffuse(double from[M][M][M], double to[M][M][M]) {
  EACH(i, 1, M - 1) EACH(j, 1, M - 1) EACH(k, 1, M - 1)
    to[i][j][k] = SECOND(from[i + 1][j][k], from, from[i - 1][j][k]) +
                  SECOND(from[i][j + 1][k], from, from[i][j - 1][k]) +
                  SECOND(from[i][j][k + 1], from, from[i][j][k - 1]) + from[i][j][k];
}
static void heat_3d(void) {
  EACH(t, 0, T) {
    diffuse(p, q);
    diffuse(q, p);
  }
  EACH(i, 0, M) EACH(j, 0, M) EACH(k, 0, M) c[i][j] += p[i][j][k];
}

int run(int n) {
  unsigned long long check = 0;
  EACH(r, 0, n) {
    fill(r);
    KERNEL();
    EACH(i, 0, N) EACH(j, 0, N) {
      union { double number; unsigned long long bits; } element = {c[i][j]};
      check = check * 31 + element.bits;
    }
  }
  return (int)(check ^ (check >> 32));
}
