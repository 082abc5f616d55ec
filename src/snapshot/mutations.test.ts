/**
 * Hostile bytes: whatever they are, `decode` gives a document or a `SnapshotError`, soon, and in memory that their length bounds.
 * TSWASM_SNAPSHOT_MUTATIONS sets how many are tried.
 */
import { describe, expect, it } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { SnapshotError } from '../errors';
import { decode, decodeMeta } from './decode';
import { encode } from './encode';
import { Random, randomDocument } from './testing';

const COUNT = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);

/** Mutants whose work is counted together. */
const TOGETHER = 100;
/** Blocks of code for each byte that is decoded: measured below 2. */
const WORK_OF_A_BYTE = 8;

function mutate(r: Random, bytes: Uint8Array): Uint8Array {
  const out = Array.from(bytes);
  for (let n = 1 + r.below(3); n > 0; n--) {
    const at = r.below(out.length + 1);
    const interesting = r.pick([0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x68, 0x70, 0x7f, 0x80, 0xff]);
    switch (r.below(8)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << r.below(8));
        break;
      case 1:
        out[at] = interesting;
        break;
      case 2:
        out.splice(at, 1 + r.below(8));
        break;
      case 3:
        out.splice(at, 0, interesting);
        break;
      case 4:
        out.splice(at, 0, ...out.slice(at, at + r.below(20)));
        break;
      case 5:
        out.splice(at, 1, 0xff, 0xff, 0xff, 0xff, 0x0f);
        break;
      case 6:
        out.length = at;
        break;
      default: {
        const from = r.below(out.length + 1);
        out.splice(at, 0, ...out.splice(from, r.below(12)));
      }
    }
  }
  return Uint8Array.from(out, (byte) => byte ?? 0);
}

/** 'ok' or the kind of refusal. Any other error escapes. */
function outcome(read: () => unknown): string {
  try {
    read();
    return 'ok';
  } catch (error) {
    if (error instanceof SnapshotError) return error.kind;
    throw error;
  }
}

describe('hostile bytes', () => {
  it(`survives ${COUNT} mutations`, async () => {
    const outcomes: Record<string, number> = {};
    for (let first = 0; first < COUNT; first += TOGETHER) {
      const seeds = Array.from({ length: Math.min(TOGETHER, COUNT - first) }, (_, k) => first + k);
      const mutants = seeds.map((seed) =>
        mutate(new Random(seed * 7919), encode(randomDocument(seed % 499))),
      );
      let kinds: string[] = [];
      const work = await workOf(() => {
        kinds = mutants.map((bytes) => outcome(() => decode(bytes)));
      });
      const size = mutants.reduce((sum, bytes) => sum + bytes.length, 0);
      expect(work, `seeds from ${first}`).toBeLessThan(size * WORK_OF_A_BYTE);
      mutants.forEach((bytes, k) => {
        outcome(() => decodeMeta(bytes));
        outcomes[kinds[k]] = (outcomes[kinds[k]] ?? 0) + 1;
        if (kinds[k] !== 'ok') return;
        const again = encode(decode(bytes));
        if (Buffer.compare(encode(decode(again)), again) !== 0)
          throw new Error(`seed ${seeds[k]} does not survive a round trip`);
      });
    }
    // Many more of them also meet limits.
    const refusals = Object.keys(outcomes).filter((kind) => kind !== 'limit');
    expect(refusals.sort()).toEqual(['malformed', 'ok', 'unsupported']);
  }, 3_600_000);

  it('survives noise behind a good header', () => {
    for (let seed = 0; seed < COUNT; seed++) {
      const r = new Random(~seed);
      const bytes = Uint8Array.of(0, 0x64, 0x6d, 0x70, 1, 0, 0, 0, ...r.bytes(r.below(60)));
      if (r.oneIn(2))
        bytes.set([0, 8, r.below(2), 0, 0, r.below(2), 0, 0, 0, 0].slice(0, bytes.length - 8), 8);
      outcome(() => decode(bytes));
    }
  }, 3_600_000);

  it('does and allocates no more than the bytes warrant, whatever they claim', async () => {
    const meta = [0, 8, 0, 0, 0, 1, 0, 0, 0, 0];
    const many = [0xff, 0xff, 0xff, 0xff, 0x0f];
    const claims = [
      [1, 6, ...many, 0],
      [2, 9, 1, 0, 0, 0x70, ...many],
      [3, 6, ...many, 0],
      [4, 6, ...many, 0],
      [6, 6, ...many, 0],
      [1, 9, 1, 0, 0, 0, ...many],
      [6, 19, 1, 0, 1, 1, ...many, 0, 0, 0, ...many, 0, 0],
      [6, 19, 1, 0, 0, 1, ...many, 0, 0, ...many, 0, 0, 0],
    ];
    for (const claim of claims) {
      const bytes = Uint8Array.of(...meta, ...claim);
      const before = process.memoryUsage();
      let kind: string | undefined;
      const work = await workOf(() => {
        kind = outcome(() => decode(bytes));
      });
      expect(kind).toBe('malformed');
      expect(work).toBeLessThan(10_000);
      const after = process.memoryUsage();
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(
        1 << 24,
      );
    }
  });
});
