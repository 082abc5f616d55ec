/** How much slower a state is than another: ratios of paired measurements, with bootstrap intervals. */

/** One round's pair, in the same unit. */
export interface Pair {
  readonly before: number;
  readonly after: number;
}
export interface Estimate {
  /** after / before: above 1 is slower. */
  readonly ratio: number;
  /** Ends of the 95% interval. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;

/** A reproducible source of numbers in 0 .. 1 (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const logsOf = (pairs: readonly Pair[]) => pairs.map(({ before, after }) => Math.log(after / before));

function resampledMean(values: readonly number[], random: () => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[Math.floor(random() * values.length)]!;
  return sum / values.length;
}

/**
 * The geometric mean over programs of each program's geometric mean over rounds; rounds are drawn again within each program. Of one
 * program: pass it alone. Every program needs at least one pair.
 */
export function estimate(programs: readonly (readonly Pair[])[], seed = 1): Estimate {
  if (programs.length === 0 || programs.some((pairs) => pairs.length === 0)) {
    throw new RangeError('every program needs at least one pair');
  }
  const random = randomSource(seed);
  const logs = programs.map(logsOf);
  const drawn = Array.from({ length: RESAMPLES }, () => mean(logs.map((one) => resampledMean(one, random))));
  drawn.sort((a, b) => a - b);
  const at = (share: number) => Math.exp(drawn[Math.floor(share * (RESAMPLES - 1))]!);
  return { ratio: Math.exp(mean(logs.map(mean))), low: at(0.025), high: at(0.975) };
}

/** Milliseconds that one sample takes at least, so that the clock's own steps do not count; and how many samples. */
const SAMPLE = 10;
const SAMPLES = 50;

/** Nanoseconds of one run: the median over samples of many runs each. `now` in milliseconds. */
export function nanosecondsOf(run: () => void, now: () => number): number {
  const sample = (count: number): number => {
    const begun = now();
    for (let k = 0; k < count; k++) run();
    return now() - begun;
  };
  // The first one may load and compile for longer than a sample takes.
  run();
  // What is measured is warm: half of a sample's length is run, and more, before the first one counts.
  let count = 1;
  while (sample(count) < SAMPLE) count *= 2;
  const samples = Array.from({ length: SAMPLES }, () => sample(count)).sort((a, b) => a - b);
  return (samples[SAMPLES >> 1]! * 1e6) / count;
}

/** Engines by their mean rank over programs, and how likely so much order is by chance. */
export interface Ranking {
  readonly order: readonly { readonly name: string; readonly meanRank: number }[];
  /** Friedman's statistic, which is distributed as chi squared, and its p value. */
  readonly chiSquared: number;
  readonly p: number;
}

/** Friedman's test: `times[k]` has one time for each name, of one program. Equal times share their ranks. */
export function friedman(names: readonly string[], times: readonly (readonly number[])[]): Ranking {
  const sums = names.map(() => 0);
  for (const row of times) {
    row.forEach((time, k) => {
      const less = row.filter((other) => other < time).length;
      const equal = row.filter((other) => other === time).length;
      sums[k]! += less + (equal + 1) / 2;
    });
  }
  const [n, k] = [times.length, names.length];
  const squares = sums.reduce((sum, ranks) => sum + ranks * ranks, 0);
  const chiSquared = (12 * squares) / (n * k * (k + 1)) - 3 * n * (k + 1);
  const order = names.map((name, at) => ({ name, meanRank: sums[at]! / n }));
  order.sort((a, b) => a.meanRank - b.meanRank);
  return { order, chiSquared, p: aboveChiSquared(chiSquared, k - 1) };
}

/** How likely a value of chi squared with so many degrees of freedom is above this one: the upper incomplete gamma function, as a series. */
export function aboveChiSquared(value: number, freedom: number): number {
  if (value <= 0) return 1;
  const [a, x] = [freedom / 2, value / 2];
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-15; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return Math.max(0, 1 - Math.exp(-x + a * Math.log(x) - logGamma(a)) * sum);
}

/** Of halves and whole numbers. */
function logGamma(a: number): number {
  let log = a % 1 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let k = a % 1 === 0 ? 1 : 0.5; k < a; k++) log += Math.log(k);
  return log;
}
