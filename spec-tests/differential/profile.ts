/** What is drawn before any code: the mixture that a program is made of, and the types of its functions. */
import type { TypeName } from '../binary';
import { NUMERIC, type Profile, type Signature } from './context';
import type { Random } from './random';

/** What the reference engine can be asked for. */
export interface Available {
  readonly tailCalls: boolean;
  readonly memory64: boolean;
  readonly extendedConst: boolean;
  /** Legacy ones. */
  readonly exceptions: boolean;
  /** Whether it makes the same bits of NaNs as what is compared with it. */
  readonly anyNans: boolean;
}

/** What a seed's program is made of, and how much of each. */
export function drawProfile(random: Random, available: Available): Profile {
  const weight = (): number => random.pick([0, 1, 1, 2, 4]);
  return {
    numeric: {
      i32: random.pick([1, 2, 6]),
      i64: random.pick([0, 2, 6]),
      f32: weight(),
      f64: weight(),
      v128: random.pick([0, 0, 2, 6, 12]),
    },
    memory: weight(),
    table: weight(),
    bulk: weight(),
    call: random.pick([0, 1, 2]),
    control: random.pick([0, 1, 2, 4]),
    long: random.pick([0, 0, 0, 1, 3]),
    tailCalls: available.tailCalls && random.chance(60),
    memory64: available.memory64 && random.chance(25),
    extendedConst: available.extendedConst && random.chance(50),
    exceptions: available.exceptions ? random.pick([0, 0, 1, 2, 4]) : 0,
    exceptionStyle: random.chance(50) ? 'legacy' : 'standard',
    anyNans: available.anyNans,
    trap: random.pick([0, 1, 3, 20]),
    hardFuel: random.pick([0, 0, 20]),
  };
}

/** Numbers that go through the host bit by bit do not mix with references there. */
export function drawSignature(random: Random, profile: Profile, outside: boolean): Signature {
  const references = profile.table > 0 && random.chance(15);
  const exnref = !outside && hasExnref(profile) && random.chance(40);
  const numbers = NUMERIC.filter(
    (t) => profile.numeric[t] > 0 && !(references && (t.startsWith('f') || t === 'v128')),
  );
  const type = (): TypeName => {
    if (exnref && random.chance(30)) return 'exnref';
    return references && random.chance(40)
      ? random.pick(['funcref', 'externref'] as const)
      : random.pick(numbers);
  };
  const params = Array.from({ length: random.below(5) }, type);
  const results = Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, type);
  return { params, results };
}

export function hasExnref({ exceptions, exceptionStyle }: Profile): boolean {
  return exceptions > 0 && exceptionStyle === 'standard';
}
export function mentionsExnref({ params, results }: Signature): boolean {
  return params.includes('exnref') || results.includes('exnref');
}
