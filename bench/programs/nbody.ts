// Five bodies under gravity: f64 arithmetic, sqrt, loads and stores of record fields.
const BODIES: i32 = 5;
const FIELDS: i32 = 7; // x y z vx vy vz mass
const DAYS: f64 = 365.24;
const SOLAR: f64 = 39.47841760435743;
const s = new StaticArray<f64>(BODIES * FIELDS);

function body(i: i32, x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64, m: f64): void {
  const p = i * FIELDS;
  unchecked((s[p] = x));
  unchecked((s[p + 1] = y));
  unchecked((s[p + 2] = z));
  unchecked((s[p + 3] = vx * DAYS));
  unchecked((s[p + 4] = vy * DAYS));
  unchecked((s[p + 5] = vz * DAYS));
  unchecked((s[p + 6] = m * SOLAR));
}

function reset(): void {
  body(0, 0, 0, 0, 0, 0, 0, 1);
  body(1, 4.84143144, -1.16032004, -0.10362204, 0.00166007, 0.00769901, -0.0000690460, 0.000954791);
  body(2, 8.34336671, 4.1247985, -0.40352341, -0.00276742, 0.00499852, 0.0000230417, 0.000285885);
  body(3, 12.8943695, -15.1111514, -0.22330757, 0.00296460, 0.00237847, -0.0000296589, 0.0000436624);
  body(4, 15.3796971, -25.9193146, 0.17925877, 0.00268067, 0.00162824, -0.0000951592, 0.0000515138);
}

function advance(dt: f64): void {
  for (let i = 0; i < BODIES; i++) {
    const p = i * FIELDS;
    for (let j = i + 1; j < BODIES; j++) {
      const q = j * FIELDS;
      const dx = unchecked(s[p] - s[q]);
      const dy = unchecked(s[p + 1] - s[q + 1]);
      const dz = unchecked(s[p + 2] - s[q + 2]);
      const d2 = dx * dx + dy * dy + dz * dz;
      const mag = dt / (d2 * Math.sqrt(d2));
      const mi = unchecked(s[p + 6]) * mag;
      const mj = unchecked(s[q + 6]) * mag;
      unchecked((s[p + 3] -= dx * mj));
      unchecked((s[p + 4] -= dy * mj));
      unchecked((s[p + 5] -= dz * mj));
      unchecked((s[q + 3] += dx * mi));
      unchecked((s[q + 4] += dy * mi));
      unchecked((s[q + 5] += dz * mi));
    }
  }
  for (let i = 0; i < BODIES; i++) {
    const p = i * FIELDS;
    unchecked((s[p] += dt * s[p + 3]));
    unchecked((s[p + 1] += dt * s[p + 4]));
    unchecked((s[p + 2] += dt * s[p + 5]));
  }
}

export function run(n: i32): i32 {
  reset();
  for (let i = 0; i < n * 200; i++) advance(0.01);
  let check = 0;
  for (let i = 0; i < BODIES * FIELDS; i++) {
    const bits = reinterpret<i64>(unchecked(s[i]));
    check = (check * 31) ^ <i32>bits ^ <i32>(bits >> 32);
  }
  return check;
}
