/** Versions (semver 2): their order, and the ranges that dependencies name. */
import { FleetError } from '../protocol/errors';

const VERSION =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]{1,40}))?(?:\+[0-9A-Za-z.-]{1,40})?$/;

interface Parts {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

export function isVersion(version: string): boolean {
  return VERSION.test(version);
}

function partsOf(version: string): Parts {
  const match = VERSION.exec(version);
  if (match === null) throw new FleetError('bad-request', `"${version}" is no version such as 1.2.3`);
  return {
    numbers: [Number(match[1]), Number(match[2]), Number(match[3])],
    pre: match[4] === undefined ? [] : match[4].split('.'),
  };
}

/** Below 0: `a` comes before `b`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  for (let k = 0; k < 3; k++) if (x.numbers[k] !== y.numbers[k]) return x.numbers[k] - y.numbers[k];
  if (x.pre.length === 0 || y.pre.length === 0) return y.pre.length - x.pre.length;
  for (let k = 0; k < Math.max(x.pre.length, y.pre.length); k++) {
    const order = comparePre(x.pre[k], y.pre[k]);
    if (order !== 0) return order;
  }
  return 0;
}

const NUMERIC = /^\d+$/;

function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const [x, y] = [NUMERIC.test(a), NUMERIC.test(b)];
  if (x && y) return Number(a) - Number(b);
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : 1;
}

/** `1.2.3`, `^1.2.3`, `~1.2.3`, `>=1.2.3`, `*`. A version before a release is taken only where the range names one of the same release. */
export function satisfies(version: string, range: string): boolean {
  if (range === '*' || range === '') return partsOf(version).pre.length === 0;
  const operator = /^(\^|~|>=|)/.exec(range)![0];
  const base = range.slice(operator.length).trim();
  const [v, r] = [partsOf(version), partsOf(base)];
  if (compareVersions(version, base) < 0) return false;
  const sameRelease = v.numbers.every((n, k) => n === r.numbers[k]);
  if (v.pre.length > 0 && !(r.pre.length > 0 && sameRelease)) return false;
  switch (operator) {
    case '':
      return compareVersions(version, base) === 0;
    case '~':
      return v.numbers[0] === r.numbers[0] && v.numbers[1] === r.numbers[1];
    case '^': {
      // What may not change is the first number that is not zero, and those before it.
      const first = r.numbers.findIndex((n) => n !== 0);
      const fixed = first < 0 ? 3 : first + 1;
      return v.numbers.slice(0, fixed).every((n, k) => n === r.numbers[k]);
    }
  }
  return true;
}
