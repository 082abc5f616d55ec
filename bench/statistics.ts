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
  // What is measured is warm: half of a sample's length is run, and more, before the first one counts.
  let count = 1;
  while (sample(count) < SAMPLE) count *= 2;
  const samples = Array.from({ length: SAMPLES }, () => sample(count)).sort((a, b) => a - b);
  return (samples[SAMPLES >> 1]! * 1e6) / count;
}
